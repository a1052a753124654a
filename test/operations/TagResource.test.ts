import { ListResourceTagsCommand, type Tag, TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-kms'
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
  refused,
  serializationRoom,
  stateRoom,
  trailOf,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const one = (TagKey: string, TagValue = '') => ({ TagKey, TagValue })
const many = (count: number, value = '') => Array.from({ length: count }, (_, n) => one(`tag-${n}`, value))
const input = (KeyId: string) => ({ KeyId, Tags: [one('team', 'payments')] })

const tag = (KeyId: string, Tags: Tag[]) => kms(house()).send(new TagResourceCommand({ KeyId, Tags }))
const refusedTag = async (KeyId: string, Tags: Tag[]) => {
  const before = await lastChange(house())
  const refusal = await refused(tag(KeyId, Tags))
  expect(await lastChange(house(), before)).toBe(before)
  return refusal
}
const tagsOf = async (KeyId: string) => (await kms(house()).send(new ListResourceTagsCommand({ KeyId }))).Tags
const tagException = (message: string) => ({ name: 'TagException', message, status: 400 })

describe('TagResource', () => {
  describe('serialization', () => {
    serializationRoom(house, 'TagResource', input)
  })

  describe('validation', () => {
    validationRoom(house, 'TagResource', input)

    test('lengths are told as AWS tells them', async () => {
      const KeyId = await freshKey(house())
      const told = (Tags: Tag[]) => raw(house(), { operation: 'TagResource', body: { KeyId, Tags } }).then(refusalOf)
      const long = 'k'.repeat(129)
      expect(await told([one('a'), one(long)])).toEqual({
        name: 'ValidationException',
        message: `1 validation error detected: Value '${long}' at 'tags.2.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 128`,
        status: 400,
      })
      const longer = 'v'.repeat(257)
      expect(await told([one('a', longer)])).toEqual({
        name: 'ValidationException',
        message: `1 validation error detected: Value '${longer}' at 'tags.1.member.tagValue' failed to satisfy constraint: Member must have length less than or equal to 256`,
        status: 400,
      })
    })
    test('a key comes once in a request', async () => {
      expect(await refusedTag(await freshKey(house()), [one('a', '1'), one('b'), one('a', '2')])).toEqual(
        tagException('Duplicate tag keys'),
      )
    })
    test.each(['aws:team', 'AWS:team', 'Aws:'])('%s is reserved', async (name) => {
      expect(await refusedTag(await freshKey(house()), [one('a'), one(name)])).toEqual(
        tagException('Tags beginning with aws: are reserved'),
      )
    })
    test('fifty are too few for fifty-one', async () => {
      const KeyId = await freshKey(house())
      expect(await refusedTag(KeyId, many(51))).toEqual(tagException('Too many tags'))
      await tag(KeyId, many(50))
      expect(await refusedTag(KeyId, [one('another')])).toEqual(tagException('Too many tags'))
      await tag(KeyId, many(50, 'changed'))
      expect(await tagsOf(KeyId)).toHaveLength(50)
      await kms(house()).send(new UntagResourceCommand({ KeyId, TagKeys: ['tag-7'] }))
      await tag(KeyId, [one('another')])
      expect(await tagsOf(KeyId)).toHaveLength(50)
    })
  })

  describe('authorization', () => {
    authorizationRoom(house, 'TagResource', input)
  })

  describe('state', () => {
    stateRoom(house, 'TagResource', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: isPendingDeletion,
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test('adds tags to those that are there', async () => {
      const KeyId = await freshKey(house())
      await tag(KeyId, [one('a', '1')])
      await tag(arnOfKey(KeyId), [one('b', '2'), one('c', '3')])
      expect(await tagsOf(KeyId)).toEqual([one('a', '1'), one('b', '2'), one('c', '3')])
    })

    test('a tag given again gets the new value', async () => {
      const KeyId = await freshKey(house())
      await tag(KeyId, [one('a', '1'), one('b', '2')])
      await tag(KeyId, [one('a', 'one')])
      expect(await tagsOf(KeyId)).toEqual([one('a', 'one'), one('b', '2')])
    })

    test('keys differ by case; values may be empty; both may be of any script', async () => {
      const KeyId = await freshKey(house())
      const tags = [one('Team', 'A'), one('awsome', ''), one('team', 'a'), one('команда 🔑', 'да=+-@_./:')]
      await tag(KeyId, tags)
      expect(await tagsOf(KeyId)).toEqual(tags)
    })

    test('the longest key and value are kept', async () => {
      const KeyId = await freshKey(house())
      const longest = one('k'.repeat(128), 'v'.repeat(256))
      await tag(KeyId, [longest])
      expect(await tagsOf(KeyId)).toEqual([longest])
    })

    test('names of JavaScript are names like any other', async () => {
      const KeyId = await freshKey(house())
      const tags = [one('__proto__', 'x'), one('constructor', 'y'), one('toString', 'z')]
      await tag(KeyId, tags)
      expect(await tagsOf(KeyId)).toEqual(tags)
    })

    test('tags that are there already are no event', async () => {
      const KeyId = await freshKey(house())
      await tag(KeyId, [one('a', '1'), one('b', '2')])
      await tag(KeyId, [one('b', '2')])
      const events = await house().house.log.read(`key-us-east-1.${alice.account}.${KeyId}`)
      expect(events.map(({ type }) => type)).toEqual(['KeyCreated', 'KeyTagged'])
    })

    test('many at once lose none', async () => {
      const KeyId = await freshKey(house())
      await Promise.all(many(20).map((each) => tag(KeyId, [each])))
      expect(await tagsOf(KeyId)).toHaveLength(20)
    })

    test('they are on the trail, and there after a restart', async () => {
      const KeyId = await freshKey(house())
      const { $metadata } = await tag(KeyId, [one('a', '1')])
      expect(await trailOf(house(), $metadata.requestId!)).toMatchObject({
        eventName: 'TagResource',
        readOnly: false,
        requestParameters: { keyId: KeyId, tags: [{ tagKey: 'a', tagValue: '1' }] },
      })
      await house().restart()
      expect(await tagsOf(KeyId)).toEqual([one('a', '1')])
    })
  })
})
