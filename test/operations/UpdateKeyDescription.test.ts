import { CreateKeyCommand, DescribeKeyCommand, UpdateKeyDescriptionCommand } from '@aws-sdk/client-kms'
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
const input = (KeyId: string) => ({ KeyId, Description: 'another one' })

const update = (KeyId: string, Description: string) =>
  kms(house()).send(new UpdateKeyDescriptionCommand({ KeyId, Description }))
const description = async (KeyId: string) =>
  (await kms(house()).send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.Description

describe('UpdateKeyDescription', () => {
  describe('serialization', () => {
    serializationRoom(house, 'UpdateKeyDescription', input)
  })
  describe('validation', () => {
    validationRoom(house, 'UpdateKeyDescription', input)
  })
  describe('authorization', () => {
    authorizationRoom(house, 'UpdateKeyDescription', input)
  })
  describe('state', () => {
    stateRoom(house, 'UpdateKeyDescription', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: isPendingDeletion,
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test.each([
      ['a text', 'payments'],
      ['nothing', ''],
      ['other scripts', 'ключ 鍵 🔑 "quoted" \\ \n line'],
      ['8192 characters', 'é'.repeat(8192)],
      ['8192 characters of two code units each', '🔑'.repeat(8192)],
    ])('a description may be %s', async (_, text) => {
      const KeyId = await freshKey(house())
      await update(arnOfKey(KeyId), 'before')
      await update(KeyId, text)
      expect(await description(KeyId)).toBe(text)
    })

    test('nothing else of the key changes', async () => {
      const client = kms(house())
      const { KeyMetadata } = await client.send(new CreateKeyCommand({ Description: 'old', MultiRegion: true }))
      const { KeyId } = KeyMetadata!
      await update(KeyId!, 'new')
      const after = await client.send(new DescribeKeyCommand({ KeyId }))
      expect(after.KeyMetadata).toEqual({ ...KeyMetadata, Description: 'new' })
    })

    test('the same description again is no other event', async () => {
      const KeyId = await freshKey(house())
      await update(KeyId, 'told once')
      await update(KeyId, 'told once')
      const events = await house().house.log.read(`key-us-east-1.${alice.account}.${KeyId}`)
      expect(events.map(({ type }) => type)).toEqual(['KeyCreated', 'KeyDescriptionUpdated'])
    })

    test('it is there after a restart, and on the trail', async () => {
      const KeyId = await freshKey(house())
      const { $metadata } = await update(KeyId, 'to stay')
      expect(await trailOf(house(), $metadata.requestId!)).toMatchObject({
        eventName: 'UpdateKeyDescription',
        readOnly: false,
        requestParameters: { keyId: KeyId, description: 'to stay' },
      })
      await house().restart()
      expect(await description(KeyId)).toBe('to stay')
    })
  })
})
