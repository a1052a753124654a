import { randomUUID } from 'node:crypto'
import {
  CreateGrantCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { alice, arnOf, bob } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  day,
  doesNotExist,
  freshKey,
  intoState,
  kms,
  openHouse,
  raw,
  refused,
  serializationRoom,
  stateRoom,
  trailOf,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = (KeyId: string) => ({ KeyId })

const metadata = async (KeyId: string) => (await kms(house()).send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!
const refusedDescribe = (KeyId: string, region = 'us-east-1') =>
  refused(kms(house(), alice, region).send(new DescribeKeyCommand({ KeyId })))
const notFound = (message: string) => ({ name: 'NotFoundException', message, status: 400 })

describe('DescribeKey', () => {
  describe('serialization', () => {
    serializationRoom(house, 'DescribeKey', input)
  })

  describe('validation', () => {
    validationRoom(house, 'DescribeKey', input)

    test.each([
      'fake-key-id',
      '1234abcd12ab34cd56ef1234567890ab',
      'mrk-fake-key-id',
      '1234abcd-12ab-34cd-56ef-1234567890a',
      '1234abcd-12ab-34cd-56ef-1234567890ag',
      'app',
    ])('%s is no key id', async (KeyId) => {
      expect(await refusedDescribe(KeyId)).toEqual(notFound(`Invalid keyId '${KeyId}'`))
    })
    test.each([randomUUID(), 'mrk-1234abcd12ab34cd56ef1234567890ab'])('%s names no key', async (KeyId) => {
      const message = `Key 'arn:aws:kms:us-east-1:111122223333:key/${KeyId}' does not exist`
      expect(await refusedDescribe(KeyId)).toEqual(notFound(message))
      expect(await refusedDescribe(arnOfKey(KeyId))).toEqual(notFound(message))
    })
    test('an ARN of another region is invalid here, though the key is there', async () => {
      const KeyId = await freshKey(house())
      expect(await refusedDescribe(arnOfKey(KeyId), 'eu-west-1')).toEqual(notFound('Invalid arn us-east-1'))
      expect(await refusedDescribe(arnOfKey(KeyId, alice, 'ap-south-1'))).toEqual(notFound('Invalid arn ap-south-1'))
    })
    test('an alias that is not there is not found, by its ARN', async () => {
      const message = 'Alias arn:aws:kms:us-east-1:111122223333:alias/nowhere is not found.'
      expect(await refusedDescribe('alias/nowhere')).toEqual(notFound(message))
      expect(await refusedDescribe('arn:aws:kms:us-east-1:111122223333:alias/nowhere')).toEqual(notFound(message))
    })
    test.each(['arn:aws:s3:::bucket', 'arn:aws:kms', `arn:aws:kms:us-east-1:111122223333:grant/${randomUUID()}`])(
      '%s is an ARN of no key',
      async (KeyId) => {
        expect(await refusedDescribe(KeyId)).toMatchObject({ name: 'InvalidArnException', status: 400 })
      },
    )
  })

  describe('authorization', () => {
    authorizationRoom(house, 'DescribeKey', input)
  })

  describe('state', () => {
    stateRoom(house, 'DescribeKey', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: 'ok',
      deleted: doesNotExist,
      unknown: doesNotExist,
    })

    test('tells the state, and that only an enabled key is Enabled', async () => {
      const told = async (state: 'Enabled' | 'Disabled' | 'PendingDeletion') => {
        const keyId = await freshKey(house())
        await intoState(house(), keyId, state)
        const { KeyState, Enabled, DeletionDate } = await metadata(keyId)
        return { KeyState, Enabled, DeletionDate }
      }
      expect(await told('Enabled')).toEqual({ KeyState: 'Enabled', Enabled: true, DeletionDate: undefined })
      expect(await told('Disabled')).toEqual({ KeyState: 'Disabled', Enabled: false, DeletionDate: undefined })
      expect(await told('PendingDeletion')).toEqual({
        KeyState: 'PendingDeletion',
        Enabled: false,
        DeletionDate: new Date(house().clock.now() + 7 * day),
      })
    })
  })

  describe('function', () => {
    test('a key is found by its id, its ARN, an alias name and an alias ARN', async () => {
      const client = kms(house())
      const { KeyMetadata } = await client.send(new CreateKeyCommand({ Description: 'by four names' }))
      await client.send(new CreateAliasCommand({ AliasName: 'alias/four/Names_1', TargetKeyId: KeyMetadata!.KeyId }))
      for (const name of [
        KeyMetadata!.KeyId!,
        KeyMetadata!.Arn!,
        'alias/four/Names_1',
        'arn:aws:kms:us-east-1:111122223333:alias/four/Names_1',
      ])
        expect(await metadata(name)).toEqual(KeyMetadata)
      expect(await refusedDescribe('alias/four/names_1')).toMatchObject({ name: 'NotFoundException' })
    })

    test('an alias names a key of its own region and account alone', async () => {
      const AliasName = 'alias/described-at-home'
      const TargetKeyId = await freshKey(house())
      await kms(house()).send(new CreateAliasCommand({ AliasName, TargetKeyId }))
      expect(await refusedDescribe(AliasName, 'eu-west-1')).toEqual(
        notFound(`Alias arn:aws:kms:eu-west-1:111122223333:${AliasName} is not found.`),
      )
      expect(await refused(kms(house(), bob).send(new DescribeKeyCommand({ KeyId: AliasName })))).toEqual(
        notFound(`Alias arn:aws:kms:us-east-1:444455556666:${AliasName} is not found.`),
      )
    })

    test('reading leaves no event, and a record that says it only read', async () => {
      const KeyId = await freshKey(house())
      const client = kms(house())
      const { GrantToken } = await client.send(
        new CreateGrantCommand({ KeyId, GranteePrincipal: arnOf(alice), Operations: ['DescribeKey'] }),
      )
      const { $metadata } = await client.send(new DescribeKeyCommand({ KeyId, GrantTokens: [GrantToken!] }))
      const record = await trailOf(house(), $metadata.requestId!)
      expect(record).toMatchObject({
        eventName: 'DescribeKey',
        readOnly: true,
        requestParameters: { keyId: KeyId },
        responseElements: null,
        resources: [{ accountId: alice.account, type: 'AWS::KMS::Key', ARN: arnOfKey(KeyId) }],
      })
      expect(JSON.stringify(record)).not.toContain(GrantToken)
      expect(await house().house.log.read(`key-us-east-1.${alice.account}.${KeyId}`)).toHaveLength(1)
    })

    test('grant tokens stay off the trail, also where there are too many of them', async () => {
      const token = 'a-token-of-some-grant'
      const body = { KeyId: await freshKey(house()), GrantTokens: Array.from({ length: 11 }, () => token) }
      const { status, requestId } = await raw(house(), { operation: 'DescribeKey', body })
      expect(status).toBe(400)
      expect(JSON.stringify(await trailOf(house(), requestId))).not.toContain(token)
    })

    test('a primary key that is disabled or about to be deleted still tells its region', async () => {
      const client = kms(house())
      const { KeyId, MultiRegionConfiguration } = (await client.send(new CreateKeyCommand({ MultiRegion: true })))
        .KeyMetadata!
      await client.send(new DisableKeyCommand({ KeyId }))
      expect((await metadata(KeyId!)).MultiRegionConfiguration).toEqual(MultiRegionConfiguration)
      await client.send(new ScheduleKeyDeletionCommand({ KeyId }))
      expect((await metadata(KeyId!)).MultiRegionConfiguration).toEqual(MultiRegionConfiguration)
    })

    test('tells the same after a restart', async () => {
      const keyId = await freshKey(house())
      await intoState(house(), keyId, 'PendingDeletion')
      const before = await metadata(keyId)
      await house().restart()
      expect(await metadata(keyId)).toEqual(before)
    })
  })
})
