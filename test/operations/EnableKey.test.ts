import { DescribeKeyCommand, DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { alice } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  doesNotExist,
  freshKey,
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

describe('EnableKey', () => {
  describe('serialization', () => {
    serializationRoom(house, 'EnableKey', input)
  })
  describe('validation', () => {
    validationRoom(house, 'EnableKey', input)
  })
  describe('authorization', () => {
    authorizationRoom(house, 'EnableKey', input)
  })
  describe('state', () => {
    stateRoom(house, 'EnableKey', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: isPendingDeletion,
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test('a disabled key is enabled again; once more is no other event', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const state = async () => {
        const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }))
        return { KeyState: KeyMetadata?.KeyState, Enabled: KeyMetadata?.Enabled }
      }
      await client.send(new DisableKeyCommand({ KeyId }))
      expect(await state()).toEqual({ KeyState: 'Disabled', Enabled: false })
      await client.send(new EnableKeyCommand({ KeyId }))
      expect(await state()).toEqual({ KeyState: 'Enabled', Enabled: true })
      await client.send(new EnableKeyCommand({ KeyId: arnOfKey(KeyId) }))
      expect(await state()).toEqual({ KeyState: 'Enabled', Enabled: true })
      const events = await house().house.log.read(`key-us-east-1.${alice.account}.${KeyId}`)
      expect(events.map(({ type }) => type)).toEqual(['KeyCreated', 'KeyDisabled', 'KeyEnabled'])
    })

    test('the trail says which key it was', async () => {
      const KeyId = await freshKey(house())
      const { $metadata } = await kms(house()).send(new EnableKeyCommand({ KeyId }))
      expect(await trailOf(house(), $metadata.requestId!)).toMatchObject({
        eventName: 'EnableKey',
        readOnly: false,
        requestParameters: { keyId: KeyId },
        resources: [{ accountId: alice.account, type: 'AWS::KMS::Key', ARN: arnOfKey(KeyId) }],
      })
    })

    test('the key is enabled after a restart', async () => {
      const KeyId = await freshKey(house())
      await kms(house()).send(new DisableKeyCommand({ KeyId }))
      await kms(house()).send(new EnableKeyCommand({ KeyId }))
      await house().restart()
      const { KeyMetadata } = await kms(house()).send(new DescribeKeyCommand({ KeyId }))
      expect(KeyMetadata?.KeyState).toBe('Enabled')
    })
  })
})
