import {
  DisableKeyRotationCommand,
  EnableKeyRotationCommand,
  GetKeyRotationStatusCommand,
  RotateKeyOnDemandCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { answer, materialsOf, namesRoom, opened, sealed } from '../support/crypto-rooms.ts'
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
  raw,
  serializationRoom,
  stateRoom,
  trailOf,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = (KeyId: string) => ({ KeyId })
const isOff = (KeyId: string) => ({ status: 200, json: { KeyId: arnOfKey(KeyId), KeyRotationEnabled: false } })
const statusOf = async (KeyId: string) => {
  const { status, json } = await raw(house(), { operation: 'GetKeyRotationStatus', body: { KeyId } })
  return { status, json }
}

describe('DisableKeyRotation', () => {
  describe('serialization', () => {
    serializationRoom(house, 'DisableKeyRotation', input)
  })
  describe('validation', () => {
    validationRoom(house, 'DisableKeyRotation', input)
    namesRoom(house, 'DisableKeyRotation', input)
  })
  describe('authorization', () => {
    authorizationRoom(house, 'DisableKeyRotation', input)
  })
  describe('state', () => {
    stateRoom(house, 'DisableKeyRotation', input, {
      Enabled: 'ok',
      Disabled: isDisabled,
      PendingDeletion: isPendingDeletion,
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test('the answer has no body, whether rotation was enabled or not', async () => {
      const KeyId = await freshKey(house())
      const disable = async () => {
        const { status, json } = await raw(house(), { operation: 'DisableKeyRotation', body: { KeyId } })
        return { status, json }
      }
      expect(await disable()).toEqual({ status: 200, json: undefined })
      await kms(house()).send(new EnableKeyRotationCommand({ KeyId }))
      expect(await disable()).toEqual({ status: 200, json: undefined })
      expect(await disable()).toEqual({ status: 200, json: undefined })
      expect(await statusOf(KeyId)).toEqual(isOff(KeyId))
    })

    test('the key rotates no more, not even when its day comes', async () => {
      const KeyId = await freshKey(house())
      await kms(house()).send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
      await house().pass(90 * day)
      const materials = await materialsOf(kms(house()), KeyId)
      expect(materials).toHaveLength(2)
      await house().pass(90 * day - 1)
      await kms(house()).send(new DisableKeyRotationCommand({ KeyId }))
      await house().pass(1000 * day)
      expect(await materialsOf(kms(house()), KeyId)).toEqual(materials)
      expect(await statusOf(KeyId)).toEqual(isOff(KeyId))
    })

    test('what was rotated before stays: every ciphertext opens', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const before = await sealed(client, KeyId, 'before')
      await client.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
      await house().pass(90 * day)
      const after = await sealed(kms(house()), KeyId, 'after')
      await kms(house()).send(new DisableKeyRotationCommand({ KeyId }))
      const [first, second] = await materialsOf(kms(house()), KeyId)
      expect(await opened(kms(house()), before)).toEqual({ text: 'before', KeyMaterialId: first })
      expect(await opened(kms(house()), after)).toEqual({ text: 'after', KeyMaterialId: second })
    })

    test('rotation on demand goes on', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      await client.send(new EnableKeyRotationCommand({ KeyId }))
      await client.send(new DisableKeyRotationCommand({ KeyId }))
      await client.send(new RotateKeyOnDemandCommand({ KeyId }))
      expect(await materialsOf(client, KeyId)).toHaveLength(2)
    })

    test('enabled again it has the period that is named then', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      await client.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 180 }))
      await client.send(new DisableKeyRotationCommand({ KeyId }))
      await client.send(new EnableKeyRotationCommand({ KeyId }))
      expect(await answer(client.send(new GetKeyRotationStatusCommand({ KeyId })))).toEqual({
        KeyId: arnOfKey(KeyId),
        KeyRotationEnabled: true,
        RotationPeriodInDays: 365,
        NextRotationDate: new Date(house().clock.now() + 365 * day),
      })
    })

    test('the trail has the key', async () => {
      const KeyId = await freshKey(house())
      const { $metadata } = await kms(house()).send(new DisableKeyRotationCommand({ KeyId }))
      expect(await trailOf(house(), $metadata.requestId!)).toMatchObject({
        eventName: 'DisableKeyRotation',
        readOnly: false,
        requestParameters: { keyId: KeyId },
        resources: [{ ARN: arnOfKey(KeyId) }],
      })
    })
  })
})
