import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  ListAliasesCommand,
  ListKeysCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { alice } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  day,
  doesNotExist,
  freshKey,
  isPendingDeletion,
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
const input = (KeyId: string) => ({ KeyId })

const schedule = async (KeyId: string, PendingWindowInDays?: number) => {
  const { $metadata: _, ...answer } = await kms(house()).send(
    new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays }),
  )
  return answer
}
const describeKey = async (KeyId: string) => (await kms(house()).send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!
const inDays = (days: number) => new Date(house().clock.now() + days * day)
const notFound = (message: string) => ({ name: 'NotFoundException', message, status: 400 })

describe('ScheduleKeyDeletion', () => {
  describe('serialization', () => {
    serializationRoom(house, 'ScheduleKeyDeletion', input)
  })
  describe('validation', () => {
    validationRoom(house, 'ScheduleKeyDeletion', input)

    test('an alias is not taken for a key here', async () => {
      expect(await refused(schedule('alias/app'))).toEqual({
        name: 'InvalidArnException',
        message: 'Key Aliases are not supported for this operation.',
        status: 400,
      })
    })
  })
  describe('authorization', () => {
    authorizationRoom(house, 'ScheduleKeyDeletion', input)
  })
  describe('state', () => {
    stateRoom(house, 'ScheduleKeyDeletion', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: isPendingDeletion,
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test('the window is thirty days unless asked otherwise', async () => {
      const KeyId = await freshKey(house())
      expect(await schedule(KeyId)).toEqual({
        KeyId: arnOfKey(KeyId),
        KeyState: 'PendingDeletion',
        DeletionDate: inDays(30),
        PendingWindowInDays: 30,
      })
      expect(await describeKey(KeyId)).toMatchObject({
        KeyState: 'PendingDeletion',
        Enabled: false,
        DeletionDate: inDays(30),
      })
    })

    test.each([7, 19])('a window of %d days is honoured', async (days) => {
      const KeyId = await freshKey(house())
      expect(await schedule(arnOfKey(KeyId), days)).toEqual({
        KeyId: arnOfKey(KeyId),
        KeyState: 'PendingDeletion',
        DeletionDate: inDays(days),
        PendingWindowInDays: days,
      })
    })

    test('a key that waits for its deletion encrypts and decrypts nothing', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const encrypt = () => client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('held') }))
      const { CiphertextBlob } = await encrypt()
      await schedule(KeyId)
      const pending = {
        name: 'KMSInvalidStateException',
        message: `${arnOfKey(KeyId)} is pending deletion.`,
        status: 400,
      }
      expect(await refused(encrypt())).toEqual(pending)
      expect(await refused(client.send(new DecryptCommand({ CiphertextBlob })))).toEqual(pending)
    })

    test('a second call does not move the date', async () => {
      const KeyId = await freshKey(house())
      const { DeletionDate } = await schedule(KeyId, 8)
      expect((await refused(schedule(KeyId, 30))).name).toBe('KMSInvalidStateException')
      expect((await describeKey(KeyId)).DeletionDate).toEqual(DeletionDate)
    })

    test('up to its last moment the key is there; then it is gone, with its aliases', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const AliasName = `alias/${KeyId}`
      await client.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyId }))
      const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('lost') }))
      await schedule(KeyId, 7)

      await house().pass(7 * day - 1)
      expect(await describeKey(AliasName)).toMatchObject({ KeyId, KeyState: 'PendingDeletion' })

      await house().pass(1)
      const gone = notFound(`Key '${arnOfKey(KeyId)}' does not exist`)
      expect(await refused(describeKey(KeyId))).toEqual(gone)
      expect(await refused(describeKey(arnOfKey(KeyId)))).toEqual(gone)
      expect(await refused(describeKey(AliasName))).toEqual(
        notFound(`Alias arn:aws:kms:us-east-1:111122223333:${AliasName} is not found.`),
      )
      const { Keys } = await client.send(new ListKeysCommand({ Limit: 1000 }))
      expect(Keys!.map((key) => key.KeyId)).not.toContain(KeyId)
      const { Aliases } = await client.send(new ListAliasesCommand({ Limit: 100 }))
      expect(Aliases!.map((alias) => alias.AliasName)).not.toContain(AliasName)
      expect(await refused(client.send(new DecryptCommand({ CiphertextBlob })))).toMatchObject({
        name: 'AccessDeniedException',
        status: 400,
      })
    })

    test('the name of an alias that went with its key is free again', async () => {
      const client = kms(house())
      const AliasName = `alias/${unknownKey()}`
      const KeyId = await freshKey(house())
      await client.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyId }))
      await schedule(KeyId, 7)
      await house().pass(7 * day)
      const heir = await freshKey(house())
      await client.send(new CreateAliasCommand({ AliasName, TargetKeyId: heir }))
      expect((await describeKey(AliasName)).KeyId).toBe(heir)
    })

    test('a disabled key and a multi-Region primary without replicas are deleted alike', async () => {
      const client = kms(house())
      const disabled = await freshKey(house())
      await client.send(new DisableKeyCommand({ KeyId: disabled }))
      const primary = (await client.send(new CreateKeyCommand({ MultiRegion: true }))).KeyMetadata!.KeyId!
      for (const KeyId of [disabled, primary]) expect((await schedule(KeyId, 7)).KeyState).toBe('PendingDeletion')
      await house().pass(7 * day)
      for (const KeyId of [disabled, primary])
        expect(await refused(describeKey(KeyId))).toEqual(notFound(`Key '${arnOfKey(KeyId)}' does not exist`))
    })

    test('the deletion is due whether or not the house was restarted meanwhile', async () => {
      const KeyId = await freshKey(house())
      const { DeletionDate } = await schedule(KeyId, 7)
      await house().restart()
      expect(await describeKey(KeyId)).toMatchObject({ KeyState: 'PendingDeletion', DeletionDate })
      await house().pass(7 * day)
      expect((await refused(describeKey(KeyId))).name).toBe('NotFoundException')
      await house().restart()
      expect((await refused(describeKey(KeyId))).name).toBe('NotFoundException')
    })

    test('the trail says when the key will be deleted', async () => {
      const KeyId = await freshKey(house())
      const { $metadata } = await kms(house()).send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 9 }))
      expect(await trailOf(house(), $metadata.requestId!)).toMatchObject({
        eventName: 'ScheduleKeyDeletion',
        readOnly: false,
        requestParameters: { keyId: KeyId, pendingWindowInDays: 9 },
        responseElements: { keyId: arnOfKey(KeyId), keyState: 'PendingDeletion', pendingWindowInDays: 9 },
        resources: [{ accountId: alice.account, type: 'AWS::KMS::Key', ARN: arnOfKey(KeyId) }],
      })
    })
  })
})
