import { CreateAliasCommand, DescribeKeyCommand, ListAliasesCommand, UpdateAliasCommand } from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { alice, bob } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  bobsKey,
  day,
  doesNotExist,
  freshKey,
  intoState,
  isPendingDeletion,
  kms,
  lastChange,
  openHouse,
  refused,
  serializationRoom,
  stateRoom,
  unknownKey,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()

/** A fresh alias of a fresh key, or of the given one. */
const freshAlias = async (KeyId?: string) => {
  const AliasName = `alias/${unknownKey()}`
  const TargetKeyId = KeyId ?? (await freshKey(house()))
  await kms(house()).send(new CreateAliasCommand({ AliasName, TargetKeyId }))
  return AliasName
}
const input = async (TargetKeyId: string) => ({ AliasName: await freshAlias(), TargetKeyId })

const update = (AliasName: string, TargetKeyId: string, person = alice) =>
  kms(house(), person).send(new UpdateAliasCommand({ AliasName, TargetKeyId }))
const refusedUpdate = async (AliasName: string, TargetKeyId: string) => {
  const before = await lastChange(house())
  const refusal = await refused(update(AliasName, TargetKeyId))
  expect(await lastChange(house(), before)).toBe(before)
  return refusal
}
const keyBehind = async (KeyId: string) =>
  (await kms(house()).send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.KeyId
const entry = async (AliasName: string, KeyId: string) => {
  const { Aliases } = await kms(house()).send(new ListAliasesCommand({ KeyId, Limit: 100 }))
  return Aliases!.find((alias) => alias.AliasName === AliasName)
}

describe('UpdateAlias', () => {
  describe('serialization', () => {
    serializationRoom(house, 'UpdateAlias', input)
  })

  describe('validation', () => {
    validationRoom(house, 'UpdateAlias', input)

    test('a name without the prefix is refused as in CreateAlias', async () => {
      expect(await refusedUpdate('app', await freshKey(house()))).toEqual({
        name: 'ValidationException',
        message:
          'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
        status: 400,
      })
    })
    test.each(['alias/nowhere', 'alias/aws/s3'])('%s is not found', async (AliasName) => {
      expect(await refusedUpdate(AliasName, await freshKey(house()))).toEqual({
        name: 'NotFoundException',
        message: `Alias arn:aws:kms:us-east-1:111122223333:${AliasName} is not found.`,
        status: 400,
      })
    })
    test('an alias cannot stand for another alias', async () => {
      expect(await refusedUpdate(await freshAlias(), await freshAlias())).toEqual({
        name: 'InvalidArnException',
        message: 'Key Aliases are not supported for this operation.',
        status: 400,
      })
    })
  })

  describe('authorization', () => {
    authorizationRoom(house, 'UpdateAlias', input)

    test("another account's alias is not found at home", async () => {
      const AliasName = await freshAlias()
      expect(await refused(update(AliasName, await bobsKey(house()), bob))).toEqual({
        name: 'NotFoundException',
        message: `Alias arn:aws:kms:us-east-1:444455556666:${AliasName} is not found.`,
        status: 400,
      })
    })
  })

  describe('state', () => {
    // The states are the new target's.
    stateRoom(house, 'UpdateAlias', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: isPendingDeletion,
      deleted: doesNotExist,
      unknown: doesNotExist,
    })

    test.each(['Disabled', 'PendingDeletion'] as const)('the old target may be %s', async (state) => {
      const old = await freshKey(house())
      const AliasName = await freshAlias(old)
      await intoState(house(), old, state)
      const KeyId = await freshKey(house())
      await update(AliasName, KeyId)
      expect(await keyBehind(AliasName)).toBe(KeyId)
    })
  })

  describe('function', () => {
    test('moves the alias to another key; nobody finds the old one by it any more', async () => {
      const old = await freshKey(house())
      const AliasName = await freshAlias(old)
      const KeyId = await freshKey(house())
      await update(AliasName, arnOfKey(KeyId))
      expect(await keyBehind(AliasName)).toBe(KeyId)
      expect(await keyBehind(`arn:aws:kms:us-east-1:111122223333:${AliasName}`)).toBe(KeyId)
      expect(await entry(AliasName, old)).toBeUndefined()
    })

    test('says when it was moved, and still when it was made', async () => {
      const AliasName = await freshAlias()
      const made = new Date(house().clock.now())
      await house().pass(day)
      const KeyId = await freshKey(house())
      await update(AliasName, KeyId)
      expect(await entry(AliasName, KeyId)).toEqual({
        AliasName,
        AliasArn: `arn:aws:kms:us-east-1:111122223333:${AliasName}`,
        TargetKeyId: KeyId,
        CreationDate: made,
        LastUpdatedDate: new Date(house().clock.now()),
      })
    })

    test('to the key that it has already it changes nothing', async () => {
      const KeyId = await freshKey(house())
      const AliasName = await freshAlias(KeyId)
      const before = await lastChange(house())
      await update(AliasName, KeyId)
      expect(await lastChange(house(), before)).toBe(before)
      expect(await keyBehind(AliasName)).toBe(KeyId)
    })

    test('a key that has fifty aliases gets no other; one of its own may be updated', async () => {
      const KeyId = await freshKey(house())
      const names: string[] = []
      for (let n = 0; n < 50; n++) names.push(await freshAlias(KeyId))
      const AliasName = await freshAlias()
      expect(await refusedUpdate(AliasName, KeyId)).toEqual({
        name: 'LimitExceededException',
        message: 'Aliases per key quota for this account in this region is 50, current usage is 50.',
        status: 400,
      })
      await update(names[0]!, KeyId)
      await update(names[0]!, await freshKey(house()))
      await update(AliasName, KeyId)
      expect(await keyBehind(AliasName)).toBe(KeyId)
    })

    test('an alias that was moved away outlives its old key', async () => {
      const old = await freshKey(house())
      const AliasName = await freshAlias(old)
      const KeyId = await freshKey(house())
      await update(AliasName, KeyId)
      await intoState(house(), old, 'deleted')
      expect(await keyBehind(AliasName)).toBe(KeyId)
    })

    test('it is where it was moved to after a restart', async () => {
      const AliasName = await freshAlias()
      const KeyId = await freshKey(house())
      await update(AliasName, KeyId)
      await house().restart()
      expect(await keyBehind(AliasName)).toBe(KeyId)
    })
  })
})
