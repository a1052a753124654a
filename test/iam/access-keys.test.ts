import { join } from 'node:path'
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  ListAccessKeysCommand,
  PutUserPolicyCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { describe, expect, test } from 'vitest'
import { copyOf, filesIn, sightings } from '../support/files.ts'
import { type Person, alice, bob } from '../support/house.ts'
import { allowing, limitExceeded, noSuch, openHouse, recordsOf, refusal } from './asking.ts'

const house = openHouse()
const iam = () => house().iam()

/** A new user with an access key of their own. */
const person = async (name: string): Promise<Person> => {
  await iam().send(new CreateUserCommand({ UserName: name }))
  const { AccessKey } = await iam().send(new CreateAccessKeyCommand({ UserName: name }))
  const { AccessKeyId, SecretAccessKey } = AccessKey!
  return { account: alice.account, name, accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey! }
}
const whoIs = async (someone: Person) => (await house().sts(someone).send(new GetCallerIdentityCommand({}))).Arn
const nobody = {
  name: 'InvalidClientTokenId',
  message: 'The security token included in the request is invalid.',
  status: 403,
}
const isNobody = async (someone: Person) =>
  expect(await refusal(house().sts(someone).send(new GetCallerIdentityCommand({})))).toEqual(nobody)

const byText = (one = '', other = '') => (one < other ? -1 : 1)

describe('CreateAccessKey', () => {
  test('shows the secret once, and it signs at once', async () => {
    await iam().send(new CreateUserCommand({ UserName: 'carla' }))
    const { AccessKey } = await iam().send(new CreateAccessKeyCommand({ UserName: 'carla' }))
    expect(AccessKey).toEqual({
      UserName: 'carla',
      AccessKeyId: expect.stringMatching(/^AKIA[A-Z2-7]{16}$/),
      Status: 'Active',
      SecretAccessKey: expect.stringMatching(/^[A-Za-z0-9+/]{40}$/),
      CreateDate: new Date(house().clock.now()),
    })
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey } = AccessKey!
    expect(await whoIs({ ...alice, accessKeyId: accessKeyId!, secretAccessKey: secretAccessKey! })).toBe(
      'arn:aws:iam::111122223333:user/carla',
    )
    const { AccessKeyMetadata } = await iam().send(new ListAccessKeysCommand({ UserName: 'carla' }))
    const { SecretAccessKey: _, ...shown } = AccessKey!
    expect(AccessKeyMetadata).toEqual([shown])
  })
  test('without a name is for the caller, twice at most', async () => {
    const dora = await person('dora')
    await iam().send(new PutUserPolicyCommand({ UserName: 'dora', PolicyName: 'p', PolicyDocument: allowing('iam:*') }))
    const { AccessKey } = await house().iam(dora).send(new CreateAccessKeyCommand({}))
    expect(AccessKey!.UserName).toBe('dora')
    expect(await refusal(house().iam(dora).send(new CreateAccessKeyCommand({})))).toEqual(
      limitExceeded('Cannot exceed quota for AccessKeysPerUser: 2'),
    )
    const { AccessKeyMetadata } = await house().iam(dora).send(new ListAccessKeysCommand({}))
    expect(AccessKeyMetadata!.map(({ AccessKeyId }) => AccessKeyId).toSorted(byText)).toEqual(
      [dora.accessKeyId, AccessKey!.AccessKeyId].toSorted(byText),
    )
  })
  test('of nobody, or of somebody in another account, is refused', async () => {
    const missing = (name: string) => noSuch(`The user with name ${name} cannot be found.`)
    for (const UserName of ['nobody', bob.name]) {
      expect(await refusal(iam().send(new CreateAccessKeyCommand({ UserName })))).toEqual(missing(UserName))
      expect(await refusal(iam().send(new ListAccessKeysCommand({ UserName })))).toEqual(missing(UserName))
    }
  })
})

describe('UpdateAccessKey', () => {
  test('stops an access key with the next request, and lets it sign again', async () => {
    const erik = await person('erik')
    const update = (Status: 'Active' | 'Inactive') =>
      iam().send(new UpdateAccessKeyCommand({ UserName: 'erik', AccessKeyId: erik.accessKeyId, Status }))
    expect(await whoIs(erik)).toBe('arn:aws:iam::111122223333:user/erik')
    await update('Inactive')
    await isNobody(erik)
    const { AccessKeyMetadata } = await iam().send(new ListAccessKeysCommand({ UserName: 'erik' }))
    expect(AccessKeyMetadata![0]!.Status).toBe('Inactive')
    await house().restart()
    await isNobody(erik)
    await update('Active')
    expect(await whoIs(erik)).toBe('arn:aws:iam::111122223333:user/erik')
  })
  test("of another's access key is refused", async () => {
    for (const AccessKeyId of [bob.accessKeyId, 'AKIANOBODYNOBODYNOBD']) {
      const missing = noSuch(`The Access Key with id ${AccessKeyId} cannot be found.`)
      const about = { UserName: 'alice', AccessKeyId }
      expect(await refusal(iam().send(new UpdateAccessKeyCommand({ ...about, Status: 'Inactive' })))).toEqual(missing)
      expect(await refusal(iam().send(new DeleteAccessKeyCommand(about)))).toEqual(missing)
      expect(await refusal(iam().send(new DeleteAccessKeyCommand({ AccessKeyId })))).toEqual(missing)
    }
    expect(await whoIs(bob)).toBe('arn:aws:iam::444455556666:user/bob')
  })
  test('takes no other status', async () => {
    const input = { AccessKeyId: alice.accessKeyId, Status: 'Expired' as const }
    expect(await refusal(iam().send(new UpdateAccessKeyCommand(input)))).toEqual({
      name: 'ValidationError',
      message:
        "1 validation error detected: Value 'Expired' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]",
      status: 400,
    })
  })
})

describe('DeleteAccessKey', () => {
  test('ends an access key with the next request, and its secret with it', async () => {
    const frida = await person('frida')
    await iam().send(new DeleteAccessKeyCommand({ UserName: 'frida', AccessKeyId: frida.accessKeyId }))
    await isNobody(frida)
    const { vault } = house().house.world
    const scope = { date: '20260601', region: 'us-east-1', service: 'sts' }
    expect(await vault.signingKey(frida.accessKeyId, scope)).toBeUndefined()
    await iam().send(new DeleteUserCommand({ UserName: 'frida' }))
    await person('frida')
    await isNobody(frida)
  })
})

describe('a secret access key', () => {
  test('is in no file of the house, on the trail least of all', async () => {
    const gita = await person('gita')
    const record = (await recordsOf(house(), 'CreateAccessKey')).at(-1)!
    expect(record).toMatchObject({
      eventSource: 'iam.amazonaws.com',
      readOnly: false,
      requestParameters: { userName: 'gita' },
      userIdentity: { type: 'IAMUser', userName: 'alice' },
    })
    expect(record['responseElements']).toEqual({
      accessKey: {
        userName: 'gita',
        accessKeyId: gita.accessKeyId,
        status: 'Active',
        createDate: 'Jun 1, 2026, 12:00:00 PM',
      },
    })
    using copy = copyOf(join(house().folder, 'data'))
    const needles = { secret: Buffer.from(gita.secretAccessKey), id: Buffer.from(gita.accessKeyId) }
    const seen = sightings(filesIn(copy.folder), needles)
    // What is looked for can be found: the id, which is no secret, is everywhere.
    expect(seen.some((where) => where.endsWith(': id'))).toBe(true)
    expect(seen.filter((where) => where.endsWith(': secret'))).toEqual([])
  })
})
