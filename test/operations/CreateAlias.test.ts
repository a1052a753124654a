import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  EncryptCommand,
  ListAliasesCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { alice, arnOf, bob } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  doesNotExist,
  freshKey,
  isPendingDeletion,
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
const freshName = () => `alias/${unknownKey()}`
const input = (TargetKeyId: string) => ({ AliasName: freshName(), TargetKeyId })

const create = (AliasName: string, TargetKeyId: string, person = alice, region = 'us-east-1') =>
  kms(house(), person, region).send(new CreateAliasCommand({ AliasName, TargetKeyId }))
/** The refusal, after which nothing new stands in the ledger. */
const refusedCreate = async (AliasName: string, TargetKeyId?: string) => {
  const target = TargetKeyId ?? (await freshKey(house()))
  const before = await lastChange(house())
  const refusal = await refused(create(AliasName, target))
  expect(await lastChange(house(), before)).toBe(before)
  return refusal
}
const keyBehind = async (KeyId: string, person = alice, region = 'us-east-1') =>
  (await kms(house(), person, region).send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.KeyId

describe('CreateAlias', () => {
  describe('serialization', () => {
    serializationRoom(house, 'CreateAlias', input)
  })

  describe('validation', () => {
    validationRoom(house, 'CreateAlias', input)

    const prefix = {
      name: 'ValidationException',
      message:
        'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
      status: 400,
    }
    test.each(['app', 'Alias/app', '/alias/app', 'alias:app'])('%s lacks the prefix', async (AliasName) => {
      expect(await refusedCreate(AliasName)).toEqual(prefix)
    })
    test('alias/ alone is no name', async () => {
      expect(await refusedCreate('alias/')).toMatchObject({ name: 'ValidationException', status: 400 })
    })
    test('a colon passes the shape and no further', async () => {
      expect(await refusedCreate('alias/a:b')).toEqual({
        name: 'ValidationException',
        message: 'alias/a:b contains invalid characters for an alias',
        status: 400,
      })
    })
    test.each(['alias/aws/s3', 'alias/aws/'])('%s is reserved', async (AliasName) => {
      expect(await refusedCreate(AliasName)).toMatchObject({ name: 'InvalidAliasNameException', status: 400 })
    })
    test('alias/aws and alias/awsome are not', async () => {
      const KeyId = await freshKey(house())
      await create('alias/aws', KeyId)
      await create('alias/awsome', KeyId)
      expect(await keyBehind('alias/awsome')).toBe(KeyId)
    })
    test('a name of 256 characters is the longest', async () => {
      const AliasName = `alias/${'a'.repeat(250)}`
      const KeyId = await freshKey(house())
      await create(AliasName, KeyId)
      expect(await keyBehind(AliasName)).toBe(KeyId)
    })

    test('an alias cannot stand for another alias', async () => {
      const KeyId = await freshKey(house())
      const first = freshName()
      await create(first, KeyId)
      for (const target of [first, `arn:aws:kms:us-east-1:111122223333:${first}`])
        expect(await refusedCreate(freshName(), target)).toEqual({
          name: 'InvalidArnException',
          message: 'Key Aliases are not supported for this operation.',
          status: 400,
        })
    })
    test('the key must be of the same region', async () => {
      const { KeyMetadata } = await kms(house(), alice, 'eu-west-1').send(new CreateKeyCommand({}))
      expect(await refusedCreate(freshName(), KeyMetadata!.Arn)).toEqual({
        name: 'NotFoundException',
        message: 'Invalid arn eu-west-1',
        status: 400,
      })
    })
  })

  describe('authorization', () => {
    authorizationRoom(house, 'CreateAlias', input)
  })

  describe('state', () => {
    stateRoom(house, 'CreateAlias', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: isPendingDeletion,
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test('the key is found by the alias, to encrypt with it and to be described', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const AliasName = freshName()
      await create(AliasName, arnOfKey(KeyId))
      const encrypted = await client.send(new EncryptCommand({ KeyId: AliasName, Plaintext: Buffer.from('x') }))
      expect(encrypted.KeyId).toBe(arnOfKey(KeyId))
      const { CiphertextBlob } = encrypted
      const decrypted = await client.send(new DecryptCommand({ CiphertextBlob, KeyId: AliasName }))
      expect(decrypted.KeyId).toBe(arnOfKey(KeyId))
      expect(await keyBehind(AliasName)).toBe(KeyId)
    })

    test('a name is there once in a region and account', async () => {
      const AliasName = freshName()
      const KeyId = await freshKey(house())
      await create(AliasName, KeyId)
      const exists = {
        name: 'AlreadyExistsException',
        message: `An alias with the name arn:aws:kms:us-east-1:111122223333:${AliasName} already exists`,
        status: 400,
      }
      expect(await refusedCreate(AliasName)).toEqual(exists)
      expect(await refusedCreate(AliasName, KeyId)).toEqual(exists)
      expect(await keyBehind(AliasName)).toBe(KeyId)
    })

    test('the same name in another region or another account is another alias', async () => {
      const AliasName = freshName()
      const KeyId = await freshKey(house())
      const elsewhere = async (person: typeof alice, region: string) =>
        (await kms(house(), person, region).send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!
      const european = await elsewhere(alice, 'eu-west-1')
      const bobs = await elsewhere(bob, 'us-east-1')
      await create(AliasName, KeyId)
      await create(AliasName, european, alice, 'eu-west-1')
      await create(AliasName, bobs, bob)
      expect(await keyBehind(AliasName)).toBe(KeyId)
      expect(await keyBehind(AliasName, alice, 'eu-west-1')).toBe(european)
      expect(await keyBehind(AliasName, bob)).toBe(bobs)
    })

    test('of many who want one name at once, one gets it', async () => {
      const AliasName = freshName()
      const keys = await Promise.all(Array.from({ length: 8 }, () => freshKey(house())))
      const outcomes = await Promise.all(
        keys.map((KeyId) =>
          create(AliasName, KeyId).then(
            () => KeyId,
            (error: Error) => error.name,
          ),
        ),
      )
      const winners = outcomes.filter((outcome) => outcome !== 'AlreadyExistsException')
      expect(winners).toEqual([await keyBehind(AliasName)])
    })

    test('a key has fifty aliases and no more', async () => {
      const KeyId = await freshKey(house())
      for (let n = 0; n < 50; n++) await create(`alias/fifty/${n}`, KeyId)
      expect(await refusedCreate('alias/fifty/50', KeyId)).toEqual({
        name: 'LimitExceededException',
        message: 'Aliases per key quota for this account in this region is 50, current usage is 50.',
        status: 400,
      })
      await kms(house()).send(new DeleteAliasCommand({ AliasName: 'alias/fifty/7' }))
      await create('alias/fifty/50', KeyId)
      const { Aliases } = await kms(house()).send(new ListAliasesCommand({ KeyId, Limit: 100 }))
      expect(Aliases).toHaveLength(50)
    })

    test('however many are made at once', async () => {
      const KeyId = await freshKey(house())
      const outcomes = await Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          create(`alias/sixty/${n}`, KeyId).then(
            () => 'made',
            (error: Error) => error.name,
          ),
        ),
      )
      expect(outcomes.filter((outcome) => outcome === 'made')).toHaveLength(50)
      expect(outcomes.filter((outcome) => outcome === 'LimitExceededException')).toHaveLength(10)
    })

    test('a deleted alias may be made again, for another key', async () => {
      const AliasName = freshName()
      await create(AliasName, await freshKey(house()))
      await kms(house()).send(new DeleteAliasCommand({ AliasName }))
      const heir = await freshKey(house())
      await create(AliasName, heir)
      expect(await keyBehind(AliasName)).toBe(heir)
    })

    test('is one event of the alias and none of the key; the trail names the key', async () => {
      const AliasName = freshName()
      const KeyId = await freshKey(house())
      const { $metadata } = await create(AliasName, KeyId)
      const { requestId } = $metadata
      const { log } = house().house
      expect(await log.read(`key-us-east-1.${alice.account}.${KeyId}`)).toHaveLength(1)
      expect(await log.read(`alias-us-east-1.${alice.account}.${AliasName}`)).toMatchObject([
        {
          type: 'AliasCreated',
          revision: 0,
          metadata: { actor: arnOf(alice), requestId },
          data: { targetKeyId: KeyId },
        },
      ])
      expect(await trailOf(house(), requestId!)).toMatchObject({
        eventName: 'CreateAlias',
        readOnly: false,
        requestParameters: { aliasName: AliasName, targetKeyId: KeyId },
        resources: expect.arrayContaining([{ accountId: alice.account, type: 'AWS::KMS::Key', ARN: arnOfKey(KeyId) }]),
      })
    })

    test('it is there after a restart', async () => {
      const AliasName = freshName()
      const KeyId = await freshKey(house())
      await create(AliasName, KeyId)
      await house().restart()
      expect(await keyBehind(AliasName)).toBe(KeyId)
      expect((await refusedCreate(AliasName)).name).toBe('AlreadyExistsException')
    })
  })
})
