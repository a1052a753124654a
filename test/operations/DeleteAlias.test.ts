import {
  CreateAliasCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  EncryptCommand,
  ListAliasesCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { alice, bob } from '../support/house.ts'
import {
  authorizationRoom,
  bobsKey,
  freshKey,
  intoState,
  kms,
  openHouse,
  refused,
  serializationRoom,
  stateRoom,
  trailOf,
  unknownKey,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()

const freshAlias = async (TargetKeyId: string, AliasName = `alias/${unknownKey()}`, person = alice) => {
  await kms(house(), person).send(new CreateAliasCommand({ AliasName, TargetKeyId }))
  return AliasName
}
const input = async (KeyId: string) => ({ AliasName: await freshAlias(KeyId) })

const remove = (AliasName: string, person = alice) => kms(house(), person).send(new DeleteAliasCommand({ AliasName }))
const keyBehind = async (KeyId: string, person = alice) =>
  (await kms(house(), person).send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.KeyId
const notFound = (AliasName: string, { account } = alice) => ({
  name: 'NotFoundException',
  message: `Alias arn:aws:kms:us-east-1:${account}:${AliasName} is not found.`,
  status: 400,
})

describe('DeleteAlias', () => {
  describe('serialization', () => {
    serializationRoom(house, 'DeleteAlias', input)
  })

  describe('validation', () => {
    validationRoom(house, 'DeleteAlias', input)

    test('a name without the prefix is refused as in CreateAlias', async () => {
      expect(await refused(remove('app'))).toEqual({
        name: 'ValidationException',
        message:
          'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
        status: 400,
      })
    })
    test.each(['alias/nowhere', 'alias/aws/s3'])('%s is not found', async (AliasName) => {
      expect(await refused(remove(AliasName))).toEqual(notFound(AliasName))
    })
  })

  describe('authorization', () => {
    authorizationRoom(house, 'DeleteAlias', input)

    test("another account's alias of the same name stays", async () => {
      const KeyId = await freshKey(house())
      const AliasName = await freshAlias(KeyId)
      expect(await refused(remove(AliasName, bob))).toEqual(notFound(AliasName, bob))
      await freshAlias(await bobsKey(house()), AliasName, bob)
      await remove(AliasName, bob)
      expect(await keyBehind(AliasName)).toBe(KeyId)
    })
  })

  describe('state', () => {
    stateRoom(house, 'DeleteAlias', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: 'ok',
      deleted: 'not applicable', // below: the alias goes with its key
      unknown: 'not applicable', // no alias names it
    })

    test('the alias of a deleted key is gone already', async () => {
      const KeyId = await freshKey(house())
      const AliasName = await freshAlias(KeyId)
      await intoState(house(), KeyId, 'deleted')
      expect(await refused(remove(AliasName))).toEqual(notFound(AliasName))
    })
  })

  describe('function', () => {
    test('the alias is gone at once, for everybody who would use it; the key is as it was', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }))
      const other = await freshAlias(KeyId)
      const AliasName = await freshAlias(KeyId)
      await remove(AliasName)
      expect(await refused(keyBehind(AliasName))).toEqual(notFound(AliasName))
      const encrypt = client.send(new EncryptCommand({ KeyId: AliasName, Plaintext: Buffer.from('x') }))
      expect(await refused(encrypt)).toEqual(notFound(AliasName))
      const { Aliases } = await client.send(new ListAliasesCommand({ KeyId }))
      expect(Aliases!.map((alias) => alias.AliasName)).toEqual([other])
      expect((await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata).toEqual(KeyMetadata)
    })

    test('a second time it is not found', async () => {
      const AliasName = await freshAlias(await freshKey(house()))
      await remove(AliasName)
      expect(await refused(remove(AliasName))).toEqual(notFound(AliasName))
    })

    test('the trail says which alias it was', async () => {
      const AliasName = await freshAlias(await freshKey(house()))
      const { $metadata } = await remove(AliasName)
      expect(await trailOf(house(), $metadata.requestId!)).toMatchObject({
        eventName: 'DeleteAlias',
        readOnly: false,
        requestParameters: { aliasName: AliasName },
      })
    })

    test('it is gone after a restart', async () => {
      const AliasName = await freshAlias(await freshKey(house()))
      await remove(AliasName)
      await house().restart()
      expect(await refused(keyBehind(AliasName))).toEqual(notFound(AliasName))
    })
  })
})
