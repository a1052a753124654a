import {
  CreateKeyCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-kms'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  arnOfKey,
  authorizationRoom,
  doesNotExist,
  freshKey,
  kms,
  openHouse,
  refused,
  serializationRoom,
  stateRoom,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = (KeyId: string) => ({ KeyId })
const tag = (TagKey: string) => ({ TagKey, TagValue: `value of ${TagKey}` })

const taggedKey = async (names: readonly string[]) => {
  const { KeyMetadata } = await kms(house()).send(new CreateKeyCommand({ Tags: names.map(tag) }))
  return KeyMetadata!.KeyId!
}
const list = async (KeyId: string, Limit?: number, Marker?: string) => {
  const { Tags, NextMarker, Truncated } = await kms(house()).send(new ListResourceTagsCommand({ KeyId, Limit, Marker }))
  expect(Truncated).toBe(NextMarker !== undefined)
  return { Tags, NextMarker }
}

describe('ListResourceTags', () => {
  describe('serialization', () => {
    serializationRoom(house, 'ListResourceTags', input)
  })
  describe('validation', () => {
    validationRoom(house, 'ListResourceTags', input)
  })
  describe('authorization', () => {
    authorizationRoom(house, 'ListResourceTags', input)
  })
  describe('state', () => {
    stateRoom(house, 'ListResourceTags', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: 'ok',
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    let KeyId: string
    const fifty = Array.from({ length: 50 }, (_, n) => `tag-${String(n).padStart(2, '0')}`)
    beforeAll(async () => {
      KeyId = await taggedKey(fifty.toReversed())
    })

    test('a fresh key has none', async () => {
      expect(await list(await freshKey(house()))).toEqual({ Tags: [], NextMarker: undefined })
    })

    test('tags come sorted by their keys, however they were given', async () => {
      const key = await taggedKey(['m', 'Z', 'a', 'ä', 'b1', 'b'])
      await kms(house()).send(new TagResourceCommand({ KeyId: key, Tags: [tag('c'), tag('A')] }))
      const sorted = ['A', 'Z', 'a', 'b', 'b1', 'c', 'm', 'ä'].map(tag)
      expect(await list(key)).toEqual({ Tags: sorted, NextMarker: undefined })
      expect(await list(arnOfKey(key))).toEqual({ Tags: sorted, NextMarker: undefined })
    })

    test('a page has fifty tags, all that a key can have, unless asked otherwise', async () => {
      expect(await list(KeyId)).toEqual({ Tags: fifty.map(tag), NextMarker: undefined })
      const first = await list(KeyId, 30)
      expect(first.Tags).toEqual(fifty.slice(0, 30).map(tag))
      const second = await list(KeyId, 15, first.NextMarker)
      expect(second.Tags).toEqual(fifty.slice(30, 45).map(tag))
      const third = await list(KeyId, 5, second.NextMarker)
      expect(third).toEqual({ Tags: fifty.slice(45).map(tag), NextMarker: undefined })
    })

    test('a marker that is none, or of another list, is an InvalidMarkerException', async () => {
      const invalid = { name: 'InvalidMarkerException', status: 400 }
      expect(await refused(list(KeyId, 5, 'no marker'))).toMatchObject(invalid)
      await freshKey(house())
      const { NextMarker } = await kms(house()).send(new ListKeysCommand({ Limit: 1 }))
      expect(await refused(list(KeyId, 5, NextMarker))).toMatchObject(invalid)
      const other = await list(await taggedKey(['a', 'b']), 1)
      expect(await refused(list(KeyId, 5, other.NextMarker))).toMatchObject(invalid)
    })

    test('a page goes on after the tag it ended with, though that tag is gone meanwhile', async () => {
      const key = await taggedKey(['a', 'b', 'c', 'd'])
      const { NextMarker } = await list(key, 2)
      await kms(house()).send(new UntagResourceCommand({ KeyId: key, TagKeys: ['b'] }))
      expect(await list(key, 2, NextMarker)).toEqual({ Tags: ['c', 'd'].map(tag), NextMarker: undefined })
    })

    test('they are the same after a restart', async () => {
      await house().restart()
      expect(await list(KeyId)).toEqual({ Tags: fifty.map(tag), NextMarker: undefined })
    })
  })
})
