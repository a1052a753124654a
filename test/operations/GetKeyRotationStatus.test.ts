import {
  CancelKeyDeletionCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { materialsOf, namesRoom } from '../support/crypto-rooms.ts'
import {
  arnOfKey,
  authorizationRoom,
  day,
  doesNotExist,
  freshKey,
  kms,
  openHouse,
  raw,
  serializationRoom,
  stateRoom,
  trailOf,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = (KeyId: string) => ({ KeyId })
const now = () => house().clock.now()

/** The answer as it comes over the wire: times in seconds, nothing that is not there. */
const statusOf = async (KeyId: string) =>
  (await raw(house(), { operation: 'GetKeyRotationStatus', body: { KeyId } })).json
const isOff = (KeyId: string) => ({ KeyId: arnOfKey(KeyId), KeyRotationEnabled: false })
const isOn = (KeyId: string, period: number, next: number) => ({
  KeyId: arnOfKey(KeyId),
  KeyRotationEnabled: true,
  RotationPeriodInDays: period,
  NextRotationDate: next / 1000,
})
const turningKey = async (RotationPeriodInDays: number) => {
  const KeyId = await freshKey(house())
  await kms(house()).send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays }))
  return KeyId
}

describe('GetKeyRotationStatus', () => {
  describe('serialization', () => {
    serializationRoom(house, 'GetKeyRotationStatus', input)
  })
  describe('validation', () => {
    validationRoom(house, 'GetKeyRotationStatus', input)
    namesRoom(house, 'GetKeyRotationStatus', input)
  })
  describe('authorization', () => {
    authorizationRoom(house, 'GetKeyRotationStatus', input)
  })
  describe('state', () => {
    stateRoom(house, 'GetKeyRotationStatus', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: 'ok',
      deleted: doesNotExist,
      unknown: doesNotExist,
    })

    test('a disabled key keeps its status', async () => {
      const KeyId = await turningKey(90)
      const next = now() + 90 * day
      await kms(house()).send(new DisableKeyCommand({ KeyId }))
      expect(await statusOf(KeyId)).toEqual(isOn(KeyId, 90, next))
    })

    test('a key that waits for its deletion reads false; a cancellation brings its status back', async () => {
      const KeyId = await turningKey(180)
      const next = now() + 180 * day
      await kms(house()).send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 30 }))
      expect(await statusOf(KeyId)).toEqual(isOff(KeyId))
      await house().pass(29 * day)
      expect(await statusOf(KeyId)).toEqual(isOff(KeyId))
      await kms(house()).send(new CancelKeyDeletionCommand({ KeyId }))
      expect(await statusOf(KeyId)).toEqual(isOn(KeyId, 180, next))
    })

    test('a rotation that fell due while the key waited for its deletion happens when it is enabled again', async () => {
      const KeyId = await turningKey(90)
      await house().pass(80 * day)
      await kms(house()).send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 30 }))
      await house().pass(20 * day)
      await kms(house()).send(new CancelKeyDeletionCommand({ KeyId }))
      await house().pass(0)
      expect(await materialsOf(kms(house()), KeyId)).toHaveLength(1)
      await kms(house()).send(new EnableKeyCommand({ KeyId }))
      await house().pass(0)
      expect(await materialsOf(kms(house()), KeyId)).toHaveLength(2)
      expect(await statusOf(KeyId)).toEqual(isOn(KeyId, 90, now() + 90 * day))
    })
  })

  describe('function', () => {
    test('off it is the ARN and false, and nothing else', async () => {
      const KeyId = await freshKey(house())
      expect(await statusOf(KeyId)).toEqual(isOff(KeyId))
    })

    test.each([90, 365, 2560])('on it is also the period of %d days and the next date', async (period) => {
      const KeyId = await turningKey(period)
      expect(await statusOf(KeyId)).toEqual(isOn(KeyId, period, now() + period * day))
    })

    test('the key may be named by its ARN', async () => {
      const KeyId = await freshKey(house())
      expect(await statusOf(arnOfKey(KeyId))).toEqual(isOff(KeyId))
    })

    test('an automatic rotation moves the next date by a period', async () => {
      const KeyId = await turningKey(90)
      await house().pass(90 * day)
      expect(await statusOf(KeyId)).toEqual(isOn(KeyId, 90, now() + 90 * day))
    })

    test('a rotation on demand leaves the next date where it was', async () => {
      const KeyId = await turningKey(180)
      const next = now() + 180 * day
      await house().pass(100 * day)
      await kms(house()).send(new RotateKeyOnDemandCommand({ KeyId }))
      expect(await statusOf(KeyId)).toEqual(isOn(KeyId, 180, next))
    })

    test('a rotation on demand turns on nothing', async () => {
      const KeyId = await freshKey(house())
      await kms(house()).send(new RotateKeyOnDemandCommand({ KeyId }))
      expect(await statusOf(KeyId)).toEqual(isOff(KeyId))
    })

    test('it reads the same after the house was closed and opened again', async () => {
      const [on, off] = [await turningKey(365), await freshKey(house())]
      const next = now() + 365 * day
      await house().restart()
      expect([await statusOf(on), await statusOf(off)]).toEqual([isOn(on, 365, next), isOff(off)])
    })

    test('the trail has it as reading', async () => {
      const KeyId = await freshKey(house())
      const { requestId } = await raw(house(), { operation: 'GetKeyRotationStatus', body: { KeyId } })
      expect(await trailOf(house(), requestId)).toMatchObject({
        eventName: 'GetKeyRotationStatus',
        readOnly: true,
        requestParameters: { keyId: KeyId },
        responseElements: null,
        resources: [{ ARN: arnOfKey(KeyId) }],
      })
    })
  })
})
