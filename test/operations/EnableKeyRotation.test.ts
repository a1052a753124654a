import {
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  GetKeyRotationStatusCommand,
  ListKeyRotationsCommand,
  RotateKeyOnDemandCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { answer, currentMaterialOf, materialsOf, namesRoom, opened, sealed } from '../support/crypto-rooms.ts'
import { alice } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  day,
  doesNotExist,
  freshKey,
  isDisabled,
  isPendingDeletion,
  kms,
  openHouse,
  serializationRoom,
  stateRoom,
  trailOf,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = (KeyId: string) => ({ KeyId })

const enable = async (KeyId: string, RotationPeriodInDays?: number) => {
  await kms(house()).send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays }))
}
const statusOf = (KeyId: string) => answer(kms(house()).send(new GetKeyRotationStatusCommand({ KeyId })))
const now = () => house().clock.now()
/** The days from now until the next rotation. */
const daysLeft = async (KeyId: string) => ((await statusOf(KeyId)).NextRotationDate!.getTime() - now()) / day
/** When and how the key was rotated, oldest first. */
const rotationsOf = async (KeyId: string) => {
  const { Rotations } = await kms(house()).send(new ListKeyRotationsCommand({ KeyId }))
  return Rotations!.map(({ RotationDate, RotationType }) => ({ at: RotationDate!.getTime(), RotationType }))
}
/** A key under automatic rotation. */
const turningKey = async (period: number) => {
  const KeyId = await freshKey(house())
  await enable(KeyId, period)
  return KeyId
}

describe('EnableKeyRotation', () => {
  describe('serialization', () => {
    serializationRoom(house, 'EnableKeyRotation', input)
  })
  describe('validation', () => {
    validationRoom(house, 'EnableKeyRotation', input)
    namesRoom(house, 'EnableKeyRotation', input)
  })
  describe('authorization', () => {
    authorizationRoom(house, 'EnableKeyRotation', input)
  })
  describe('state', () => {
    stateRoom(house, 'EnableKeyRotation', input, {
      Enabled: 'ok',
      Disabled: isDisabled,
      PendingDeletion: isPendingDeletion,
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    describe('the period', () => {
      test('is 365 days where none is named', async () => {
        const KeyId = await freshKey(house())
        await enable(KeyId)
        expect(await statusOf(KeyId)).toEqual({
          KeyId: arnOfKey(KeyId),
          KeyRotationEnabled: true,
          RotationPeriodInDays: 365,
          NextRotationDate: new Date(now() + 365 * day),
        })
      })

      test.each([90, 180, 2560])('of %d days is honoured', async (period) => {
        const KeyId = await turningKey(period)
        expect(await statusOf(KeyId)).toEqual({
          KeyId: arnOfKey(KeyId),
          KeyRotationEnabled: true,
          RotationPeriodInDays: period,
          NextRotationDate: new Date(now() + period * day),
        })
      })

      test('named again changes nothing, not even the next date', async () => {
        const KeyId = await turningKey(180)
        await house().pass(10 * day)
        await enable(KeyId, 180)
        expect(await daysLeft(KeyId)).toBe(170)
      })

      test('changed counts from the change', async () => {
        const KeyId = await turningKey(365)
        await house().pass(100 * day)
        await enable(KeyId, 90)
        expect(await statusOf(KeyId)).toMatchObject({
          RotationPeriodInDays: 90,
          NextRotationDate: new Date(now() + 90 * day),
        })
        await house().pass(90 * day)
        expect(await rotationsOf(KeyId)).toEqual([{ at: now(), RotationType: 'AUTOMATIC' }])
      })

      test('counts anew when rotation was disabled in between', async () => {
        const KeyId = await turningKey(90)
        await house().pass(80 * day)
        await kms(house()).send(new DisableKeyRotationCommand({ KeyId }))
        await enable(KeyId, 90)
        await house().pass(89 * day)
        expect(await rotationsOf(KeyId)).toEqual([])
        await house().pass(day)
        expect(await rotationsOf(KeyId)).toEqual([{ at: now(), RotationType: 'AUTOMATIC' }])
      })
    })

    describe('then the key rotates', () => {
      test('when the period is over, and not a millisecond before', async () => {
        const KeyId = await turningKey(90)
        await house().pass(90 * day - 1)
        expect(await rotationsOf(KeyId)).toEqual([])
        await house().pass(1)
        expect(await rotationsOf(KeyId)).toEqual([{ at: now(), RotationType: 'AUTOMATIC' }])
        expect(await daysLeft(KeyId)).toBe(90)
      })

      test('once in every period', async () => {
        const KeyId = await turningKey(120)
        const dates: number[] = []
        for (let period = 1; period <= 4; period++) {
          await house().pass(60 * day)
          expect(await rotationsOf(KeyId)).toHaveLength(period - 1)
          await house().pass(60 * day)
          dates.push(now())
          expect(await rotationsOf(KeyId)).toEqual(dates.map((at) => ({ at, RotationType: 'AUTOMATIC' })))
        }
        expect(new Set(await materialsOf(kms(house()), KeyId)).size).toBe(5)
      })

      test('once, however many periods went by unseen', async () => {
        const KeyId = await turningKey(90)
        await house().pass(1000 * day)
        expect(await rotationsOf(KeyId)).toEqual([{ at: now(), RotationType: 'AUTOMATIC' }])
        expect(await daysLeft(KeyId)).toBe(90)
      })

      test('also when the house was closed and opened again meanwhile', async () => {
        const KeyId = await turningKey(90)
        await house().restart()
        await house().pass(90 * day)
        expect(await rotationsOf(KeyId)).toEqual([{ at: now(), RotationType: 'AUTOMATIC' }])
        await house().restart()
        expect(await rotationsOf(KeyId)).toEqual([{ at: now(), RotationType: 'AUTOMATIC' }])
        await house().pass(90 * day)
        expect(await rotationsOf(KeyId)).toHaveLength(2)
      })

      test('also when the house was closed at that moment', async () => {
        const KeyId = await turningKey(90)
        await house().house[Symbol.asyncDispose]()
        house().clock.leap(200 * day)
        await house().restart()
        await house().pass(0)
        expect(await rotationsOf(KeyId)).toEqual([{ at: now(), RotationType: 'AUTOMATIC' }])
      })

      test('onto material that new ciphertexts are under, while all old ones still open', async () => {
        const KeyId = await turningKey(90)
        const made: { blob: Buffer; text: string; KeyMaterialId: string }[] = []
        for (const text of ['first', 'second', 'third']) {
          const client = kms(house())
          made.push({
            text,
            blob: await sealed(client, KeyId, text),
            KeyMaterialId: await currentMaterialOf(client, KeyId),
          })
          await house().pass(90 * day)
        }
        const client = kms(house())
        expect(made.map(({ KeyMaterialId }) => KeyMaterialId)).toEqual((await materialsOf(client, KeyId)).slice(0, 3))
        for (const { blob, text, KeyMaterialId } of made)
          expect(await opened(client, blob)).toEqual({ text, KeyMaterialId })
        const current = (await materialsOf(client, KeyId)).at(-1)
        expect((await opened(client, await sealed(client, KeyId))).KeyMaterialId).toBe(current)
      })

      test('and the trail says so as AWS does, with nobody asking', async () => {
        const KeyId = await turningKey(90)
        const before = await currentMaterialOf(kms(house()), KeyId)
        await house().pass(90 * day)
        const { log } = house().house
        const near = await log.all({ after: (await log.head()) - 50, categories: ['trail'], limit: 100 })
        const records = near
          .map(({ data }) => data as Record<string, unknown>)
          .filter((data) => data['eventName'] === 'RotateKey' && JSON.stringify(data).includes(KeyId))
        expect(records).toMatchObject([
          {
            eventType: 'AwsServiceEvent',
            userIdentity: { accountId: alice.account, invokedBy: 'AWS Internal' },
            sourceIPAddress: 'AWS Internal',
            resources: [{ accountId: alice.account, type: 'AWS::KMS::Key', ARN: arnOfKey(KeyId) }],
            serviceEventDetails: {
              keyId: KeyId,
              rotationType: 'AUTOMATIC',
              keyOrigin: 'AWS_KMS',
              previousKeyMaterialId: before,
              currentKeyMaterialId: await currentMaterialOf(kms(house()), KeyId),
            },
          },
        ])
        expect(records[0]!['requestID']).toBeUndefined()
      })

      test('not while it is disabled; at once when it is enabled again', async () => {
        const KeyId = await turningKey(90)
        const due = now() + 90 * day
        await kms(house()).send(new DisableKeyCommand({ KeyId }))
        await house().pass(200 * day)
        expect(await rotationsOf(KeyId)).toEqual([])
        expect((await statusOf(KeyId)).NextRotationDate).toEqual(new Date(due))
        await kms(house()).send(new EnableKeyCommand({ KeyId }))
        await house().pass(0)
        expect(await rotationsOf(KeyId)).toEqual([{ at: now(), RotationType: 'AUTOMATIC' }])
        expect(await daysLeft(KeyId)).toBe(90)
      })

      test('in its own time when it was disabled for a while only', async () => {
        const KeyId = await turningKey(90)
        await house().pass(10 * day)
        await kms(house()).send(new DisableKeyCommand({ KeyId }))
        await house().pass(10 * day)
        await kms(house()).send(new EnableKeyCommand({ KeyId }))
        await house().pass(70 * day - 1)
        expect(await rotationsOf(KeyId)).toEqual([])
        await house().pass(1)
        expect(await rotationsOf(KeyId)).toEqual([{ at: now(), RotationType: 'AUTOMATIC' }])
      })

      test('as its own schedule says, whatever was rotated on demand', async () => {
        const KeyId = await turningKey(90)
        await house().pass(80 * day)
        await kms(house()).send(new RotateKeyOnDemandCommand({ KeyId }))
        const onDemand = now()
        await house().pass(10 * day)
        expect(await rotationsOf(KeyId)).toEqual([
          { at: onDemand, RotationType: 'ON_DEMAND' },
          { at: now(), RotationType: 'AUTOMATIC' },
        ])
      })
    })

    test('the trail has the key and the period', async () => {
      const KeyId = await freshKey(house())
      const send = new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 180 })
      const { $metadata } = await kms(house()).send(send)
      const record = await trailOf(house(), $metadata.requestId!)
      expect(record).toMatchObject({
        eventName: 'EnableKeyRotation',
        readOnly: false,
        requestParameters: { keyId: KeyId, rotationPeriodInDays: 180 },
        resources: [{ accountId: alice.account, type: 'AWS::KMS::Key', ARN: arnOfKey(KeyId) }],
      })
    })
  })
})
