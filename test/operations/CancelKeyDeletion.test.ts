import {
  CancelKeyDeletionCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import {
  arnOfKey,
  authorizationRoom,
  day,
  doesNotExist,
  freshKey,
  isNotPendingDeletion,
  kms,
  openHouse,
  raw,
  refused,
  serializationRoom,
  stateRoom,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const bare = (KeyId: string) => ({ KeyId })
const schedule = (KeyId: string, PendingWindowInDays = 7) =>
  kms(house()).send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays }))
const cancel = (KeyId: string) => kms(house()).send(new CancelKeyDeletionCommand({ KeyId }))
const input = async (KeyId: string) => {
  await schedule(KeyId)
  return { KeyId }
}
const state = async (KeyId: string) => {
  const { KeyMetadata } = await kms(house()).send(new DescribeKeyCommand({ KeyId }))
  const { KeyState, Enabled, DeletionDate } = KeyMetadata!
  return { KeyState, Enabled, DeletionDate }
}

describe('CancelKeyDeletion', () => {
  describe('serialization', () => {
    serializationRoom(house, 'CancelKeyDeletion', input)
  })
  describe('validation', () => {
    validationRoom(house, 'CancelKeyDeletion', input)
  })
  describe('authorization', () => {
    authorizationRoom(house, 'CancelKeyDeletion', input)
  })
  describe('state', () => {
    stateRoom(house, 'CancelKeyDeletion', bare, {
      Enabled: isNotPendingDeletion,
      Disabled: isNotPendingDeletion,
      PendingDeletion: 'ok',
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test('answers with the ARN and leaves the key disabled, without a deletion date', async () => {
      const KeyId = await freshKey(house())
      await schedule(KeyId)
      expect((await cancel(KeyId)).KeyId).toBe(arnOfKey(KeyId))
      expect(await state(KeyId)).toEqual({ KeyState: 'Disabled', Enabled: false, DeletionDate: undefined })
    })

    test('on the wire there is the ARN and nothing else', async () => {
      const KeyId = await freshKey(house())
      await schedule(KeyId)
      const { json } = await raw(house(), { operation: 'CancelKeyDeletion', body: { KeyId: arnOfKey(KeyId) } })
      expect(json).toEqual({ KeyId: arnOfKey(KeyId) })
    })

    test('once enabled again, the key opens what it had sealed', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('saved') }))
      await schedule(KeyId)
      await cancel(KeyId)
      const disabled = { name: 'DisabledException', message: `${arnOfKey(KeyId)} is disabled.`, status: 400 }
      expect(await refused(client.send(new DecryptCommand({ CiphertextBlob })))).toEqual(disabled)
      await client.send(new EnableKeyCommand({ KeyId }))
      const { Plaintext } = await client.send(new DecryptCommand({ CiphertextBlob }))
      expect(Buffer.from(Plaintext!).toString()).toBe('saved')
    })

    test('a second time there is nothing to cancel', async () => {
      const KeyId = await freshKey(house())
      await schedule(KeyId)
      await cancel(KeyId)
      expect(await refused(cancel(KeyId))).toEqual({ ...isNotPendingDeletion(arnOfKey(KeyId)), status: 400 })
    })

    test('in the last moment of the window it still saves the key, for ever', async () => {
      const KeyId = await freshKey(house())
      await schedule(KeyId)
      await house().pass(7 * day - 1)
      await cancel(KeyId)
      await house().pass(60 * day)
      expect(await state(KeyId)).toEqual({ KeyState: 'Disabled', Enabled: false, DeletionDate: undefined })
      await house().restart()
      await house().pass(60 * day)
      expect(await state(KeyId)).toEqual({ KeyState: 'Disabled', Enabled: false, DeletionDate: undefined })
    })

    test('a deletion scheduled anew has its own date; the cancelled one means nothing', async () => {
      const KeyId = await freshKey(house())
      await schedule(KeyId, 7)
      await house().pass(3 * day)
      await cancel(KeyId)
      await schedule(KeyId, 10)
      await house().pass(10 * day - 1)
      expect((await state(KeyId)).KeyState).toBe('PendingDeletion')
      await house().pass(1)
      expect(await refused(state(KeyId))).toEqual({ ...doesNotExist(arnOfKey(KeyId)), status: 400 })
    })
  })
})
