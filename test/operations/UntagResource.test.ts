import { ListResourceTagsCommand, TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { alice } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  doesNotExist,
  freshKey,
  isPendingDeletion,
  kms,
  lastChange,
  openHouse,
  raw,
  refusalOf,
  serializationRoom,
  stateRoom,
  trailOf,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = (KeyId: string) => ({ KeyId, TagKeys: ['team'] })

/** A key with the tags a, b and c. */
const taggedKey = async () => {
  const KeyId = await freshKey(house())
  const Tags = ['a', 'b', 'c'].map((TagKey) => ({ TagKey, TagValue: TagKey.toUpperCase() }))
  await kms(house()).send(new TagResourceCommand({ KeyId, Tags }))
  return KeyId
}
const untag = (KeyId: string, TagKeys: string[]) => kms(house()).send(new UntagResourceCommand({ KeyId, TagKeys }))
const keysOf = async (KeyId: string) =>
  (await kms(house()).send(new ListResourceTagsCommand({ KeyId }))).Tags!.map(({ TagKey }) => TagKey)

describe('UntagResource', () => {
  describe('serialization', () => {
    serializationRoom(house, 'UntagResource', input)
  })

  describe('validation', () => {
    validationRoom(house, 'UntagResource', input)

    test('of a bad tag key the whole list is told', async () => {
      const body = { KeyId: await freshKey(house()), TagKeys: ['a', ''] }
      expect(refusalOf(await raw(house(), { operation: 'UntagResource', body }))).toEqual({
        name: 'ValidationException',
        message:
          "1 validation error detected: Value '[a, ]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]",
        status: 400,
      })
    })
  })

  describe('authorization', () => {
    authorizationRoom(house, 'UntagResource', input)
  })

  describe('state', () => {
    stateRoom(house, 'UntagResource', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: isPendingDeletion,
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test('takes the named tags away and leaves the others', async () => {
      const KeyId = await taggedKey()
      await untag(KeyId, ['c', 'a'])
      expect(await keysOf(KeyId)).toEqual(['b'])
      await untag(arnOfKey(KeyId), ['b'])
      expect(await keysOf(KeyId)).toEqual([])
    })

    test('a tag that is not there is passed over without a word and without an event', async () => {
      const KeyId = await taggedKey()
      const before = await lastChange(house())
      await untag(KeyId, ['A', 'nowhere', '__proto__'])
      expect(await lastChange(house(), before)).toBe(before)
      await untag(KeyId, ['nowhere', 'a', 'a'])
      expect(await keysOf(KeyId)).toEqual(['b', 'c'])
    })

    test('the event names the tags that were there', async () => {
      const KeyId = await taggedKey()
      await untag(KeyId, ['nowhere', 'b'])
      const events = await house().house.log.read(`key-us-east-1.${alice.account}.${KeyId}`)
      expect(events.at(-1)).toMatchObject({ type: 'KeyUntagged', data: { tagKeys: ['b'] } })
    })

    test('it is on the trail, and the tag is gone after a restart', async () => {
      const KeyId = await taggedKey()
      const { $metadata } = await untag(KeyId, ['b'])
      expect(await trailOf(house(), $metadata.requestId!)).toMatchObject({
        eventName: 'UntagResource',
        readOnly: false,
        requestParameters: { keyId: KeyId, tagKeys: ['b'] },
      })
      await house().restart()
      expect(await keysOf(KeyId)).toEqual(['a', 'c'])
    })
  })
})
