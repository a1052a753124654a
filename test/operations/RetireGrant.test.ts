import {
  type CreateGrantCommandInput,
  EncryptCommand,
  PutKeyPolicyCommand,
  RetireGrantCommand,
  type RetireGrantCommandInput,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { grant, grantsOn, rootOf, someGrant, unknownGrant } from '../support/grants.ts'
import { type Person, alice, arnOf, bob } from '../support/house.ts'
import { leave, newcomer } from '../support/people.ts'
import {
  arnOfKey,
  authorizationRoom,
  doesNotExist,
  freshKey,
  kms,
  lastChange,
  openHouse,
  refused,
  serializationRoom,
  stateRoom,
  trailOf,
  unknownKey,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = async (KeyId: string) => ({ KeyId: arnOfKey(KeyId), GrantId: await someGrant(house(), KeyId) })

let people = 0
const somebody = (...policies: readonly object[]) => newcomer(house(), `retirer${people++}`, policies)
const retire = async (named: RetireGrantCommandInput, person: Person = alice) => {
  const { $metadata, ...answer } = await kms(house(), person).send(new RetireGrantCommand(named))
  expect(answer).toEqual({})
  return $metadata.requestId!
}
const refusedRetire = async (named: RetireGrantCommandInput, person?: Person) => {
  const before = await lastChange(house())
  const refusal = await refused(retire(named, person))
  expect(await lastChange(house(), before)).toBe(before)
  return refusal
}
/** A grant on a fresh key, to nobody of importance. */
const granted = async (more: Partial<CreateGrantCommandInput> = {}, person?: Person) => {
  const KeyId = await freshKey(house())
  const { GrantId, GrantToken } = await grant(house(), KeyId, more, person)
  return { KeyId, GrantToken, named: { KeyId: arnOfKey(KeyId), GrantId } }
}
const denied = { name: 'AccessDeniedException', status: 400 }

describe('RetireGrant', () => {
  describe('serialization', () => {
    serializationRoom(house, 'RetireGrant', input)
  })

  describe('validation', () => {
    validationRoom(house, 'RetireGrant', input)

    test.each<[string, (all: Required<Pick<RetireGrantCommandInput, 'KeyId' | 'GrantId' | 'GrantToken'>>) => object]>([
      ['by nothing', () => ({})],
      ['by its key alone', ({ KeyId }) => ({ KeyId })],
      ['by its id alone', ({ GrantId }) => ({ GrantId })],
      ['by token and id', (all) => all],
      ['by token and key', ({ KeyId, GrantToken }) => ({ KeyId, GrantToken })],
    ])('a grant is not named %s', async (_, some) => {
      const { named, GrantToken } = await granted()
      expect(await refusedRetire(some({ ...named, GrantToken }))).toEqual({
        name: 'ValidationException',
        message: 'You must specify either the GrantToken or the KeyId and GrantId, but not both.',
        status: 400,
      })
    })
    test('the key must be named by its ARN', async () => {
      const { KeyId, named } = await granted()
      expect(await refusedRetire({ ...named, KeyId })).toEqual({
        name: 'InvalidArnException',
        message: `Invalid arn '${KeyId}'`,
        status: 400,
      })
    })
    test('what cannot be the id of a grant is refused', async () => {
      const { named } = await granted()
      expect(await refusedRetire({ ...named, GrantId: 'x' })).toMatchObject({
        name: 'InvalidGrantIdException',
        status: 400,
      })
    })
    test.each(['AAAA', 'nonsense', unknownKey()])('%s is no token', async (GrantToken) => {
      expect(await refusedRetire({ GrantToken })).toEqual({
        name: 'InvalidGrantTokenException',
        message: 'The grant token is not valid.',
        status: 400,
      })
    })
  })

  describe('authorization', () => {
    authorizationRoom(house, 'RetireGrant', input, { members: [] })

    test('whoever the grant names may: its retiring principal', async () => {
      const retirer = await somebody()
      const { KeyId, named } = await granted({ RetiringPrincipal: arnOf(retirer) })
      await retire(named, retirer)
      expect(await grantsOn(house(), KeyId)).toEqual([])
    })
    test('its grantee, if that was granted, whatever the encryption context', async () => {
      const grantee = await somebody()
      const plain = await granted({ GranteePrincipal: arnOf(grantee) })
      expect(await refusedRetire(plain.named, grantee)).toMatchObject(denied)
      const own = await granted({
        GranteePrincipal: arnOf(grantee),
        Operations: ['Encrypt', 'RetireGrant'],
        Constraints: { EncryptionContextEquals: { tenant: '7' } },
      })
      await retire(own.named, grantee)
      expect(await grantsOn(house(), own.KeyId)).toEqual([])
    })
    test('in another account too, where any other grant there reads as if it were not', async () => {
      const { named } = await granted({ RetiringPrincipal: arnOf(bob) })
      const other = await granted()
      const words = (KeyId: string) => ({
        ...denied,
        message: `User: ${arnOf(bob)} is not authorized to perform: kms:RetireGrant on resource: ${KeyId} because no resource-based policy allows the kms:RetireGrant action`,
      })
      expect(await refusedRetire(other.named, bob)).toEqual(words(other.named.KeyId))
      expect(await refusedRetire({ ...other.named, GrantId: unknownGrant() }, bob)).toEqual(words(other.named.KeyId))
      const nowhere = arnOfKey(unknownKey())
      expect(await refusedRetire({ ...other.named, KeyId: nowhere }, bob)).toEqual(words(nowhere))
      await retire(named, bob)
    })
    test('but nobody else, token or not', async () => {
      const { named, GrantToken } = await granted()
      const other = await somebody()
      expect(await refusedRetire(named, other)).toMatchObject(denied)
      expect(await refusedRetire({ GrantToken }, other)).toMatchObject(denied)
    })
    test('nor a namesake of the retiring principal', async () => {
      const retirer = await somebody()
      const { named } = await granted({ RetiringPrincipal: arnOf(retirer) })
      await leave(house(), retirer)
      expect(await refusedRetire(named, await newcomer(house(), retirer.name))).toMatchObject(denied)
    })

    const delegation = { Effect: 'Allow', Action: 'kms:RetireGrant', Resource: '*' }
    test('the account that made it lets its own people by IAM', async () => {
      const { KeyId, named } = await granted()
      await retire(named, await somebody(delegation))
      expect(await grantsOn(house(), KeyId)).toEqual([])
    })
    test('and so does an account that is to retire it; no other account lets anybody', async () => {
      const delegate = await newcomer(house(), 'delegate', [delegation], bob)
      const theirs = await granted({ RetiringPrincipal: rootOf(bob) })
      await retire(theirs.named, delegate)
      const ours = await granted()
      expect(await refusedRetire(ours.named, delegate)).toMatchObject(denied)
    })

    test('a key policy cannot let anybody retire, but it can forbid', async () => {
      const [retirer, other] = [await somebody(), await somebody()]
      const { KeyId, named } = await granted({ RetiringPrincipal: arnOf(retirer) })
      const own = { Effect: 'Allow', Principal: { AWS: rootOf(alice) }, Action: 'kms:*', Resource: '*' }
      const put = (Effect: string, person: Person) =>
        kms(house()).send(
          new PutKeyPolicyCommand({
            KeyId,
            Policy: JSON.stringify({
              Version: '2012-10-17',
              Statement: [own, { Effect, Principal: { AWS: arnOf(person) }, Action: 'kms:RetireGrant', Resource: '*' }],
            }),
          }),
        )
      await put('Allow', other)
      expect(await refusedRetire(named, other)).toMatchObject(denied)
      await put('Deny', retirer)
      expect(await refusedRetire(named, retirer)).toMatchObject(denied)
      await put('Deny', other)
      await retire(named, retirer)
    })
  })

  describe('state', () => {
    stateRoom(house, 'RetireGrant', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: 'ok',
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test('the grant is gone, at once and for good, also after a restart', async () => {
      const grantee = await somebody()
      const { KeyId, named } = await granted({ GranteePrincipal: arnOf(grantee) })
      const encrypt = () =>
        kms(house(), grantee).send(new EncryptCommand({ KeyId: named.KeyId, Plaintext: Buffer.from('x') }))
      await encrypt()
      await retire(named)
      expect(await refused(encrypt())).toMatchObject(denied)
      expect(await refusedRetire(named)).toEqual({
        name: 'NotFoundException',
        message: `Grant '${named.GrantId}' does not exist`,
        status: 400,
      })
      await house().restart()
      expect(await refused(encrypt())).toMatchObject(denied)
      expect(await grantsOn(house(), KeyId)).toEqual([])
    })

    test('any token of the grant names it, and none once it is retired', async () => {
      const KeyId = await freshKey(house())
      const first = await grant(house(), KeyId, { Name: 'twice' })
      const second = await grant(house(), KeyId, { Name: 'twice' })
      await retire({ GrantToken: first.GrantToken })
      expect(await grantsOn(house(), KeyId)).toEqual([])
      expect(await refusedRetire({ GrantToken: second.GrantToken })).toMatchObject({ name: 'NotFoundException' })
    })
    test('only this one grant is gone', async () => {
      const { KeyId, named } = await granted()
      const { GrantId } = await grant(house(), KeyId)
      await retire(named)
      expect(await grantsOn(house(), KeyId)).toEqual([GrantId])
    })
    test('a dry run retires nothing', async () => {
      const { KeyId, named, GrantToken } = await granted()
      const dry = { name: 'DryRunOperationException', status: 400 }
      expect(await refusedRetire({ ...named, DryRun: true })).toMatchObject(dry)
      expect(await refusedRetire({ GrantToken, DryRun: true })).toMatchObject(dry)
      expect(await refusedRetire({ ...named, DryRun: true }, await somebody())).toMatchObject(denied)
      expect(await grantsOn(house(), KeyId)).toEqual([named.GrantId])
    })

    test('is one event of the grants; the trail names the key and never shows the token', async () => {
      const { KeyId, GrantToken, named } = await granted()
      const requestId = await retire({ GrantToken })
      const events = await house().house.log.read(`grants-us-east-1.${alice.account}.${KeyId}`)
      expect(events.map(({ type, data }) => ({ type, grantId: (data as { grantId: string }).grantId }))).toEqual([
        { type: 'GrantCreated', grantId: named.GrantId },
        { type: 'GrantRetired', grantId: named.GrantId },
      ])
      const record = await trailOf(house(), requestId)
      expect(record).toMatchObject({
        eventName: 'RetireGrant',
        readOnly: false,
        responseElements: { keyId: named.KeyId },
        resources: [{ accountId: alice.account, type: 'AWS::KMS::Key', ARN: named.KeyId }],
      })
      expect(JSON.stringify(record)).not.toContain(GrantToken)
    })
  })
})
