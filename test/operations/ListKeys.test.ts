import {
  CreateAliasCommand,
  CreateKeyCommand,
  type KeyListEntry,
  ListAliasesCommand,
  ListKeysCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { beforeAll, describe, expect, test } from 'vitest'
import { alice, bob } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  day,
  freshKey,
  intoState,
  kms,
  openHouse,
  refused,
  serializationRoom,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = () => ({})

/** All pages of so many keys each. */
const pages = async (Limit?: number, person = alice, region = 'us-east-1') => {
  const client = kms(house(), person, region)
  const found: KeyListEntry[][] = []
  let Marker: string | undefined
  do {
    const { Keys, NextMarker, Truncated } = await client.send(new ListKeysCommand({ Limit, Marker }))
    expect(Truncated).toBe(NextMarker !== undefined)
    found.push(Keys!)
    Marker = NextMarker
  } while (Marker !== undefined)
  return found
}
const all = async (person = alice, region = 'us-east-1') =>
  (await pages(1000, person, region)).flat().map(({ KeyId }) => KeyId!)

describe('ListKeys', () => {
  describe('serialization', () => {
    serializationRoom(house, 'ListKeys', input)
  })
  describe('validation', () => {
    validationRoom(house, 'ListKeys', input)
  })
  describe('authorization', () => {
    authorizationRoom(house, 'ListKeys', input)

    test('nobody sees the keys of another account', async () => {
      const ours = await freshKey(house())
      const theirs = (await kms(house(), bob).send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!
      expect(await all()).toContain(ours)
      expect(await all()).not.toContain(theirs)
      expect(await all(bob)).toEqual([theirs])
    })
  })

  describe('state', () => {
    test('keys are listed in every state, and no longer when they are deleted', async () => {
      const [enabled, disabled, pending, deleted] = await Promise.all(
        Array.from({ length: 4 }, () => freshKey(house())),
      )
      await intoState(house(), deleted!, 'deleted')
      await intoState(house(), disabled!, 'Disabled')
      await intoState(house(), pending!, 'PendingDeletion')
      const ids = await all()
      expect(ids).toEqual(expect.arrayContaining([enabled, disabled, pending]))
      expect(ids).not.toContain(deleted)
    })
  })

  describe('function', () => {
    let keys: string[]
    // In the region that the rooms leave alone.
    beforeAll(async () => {
      const client = kms(house(), alice, 'eu-west-1')
      const made = await Promise.all(Array.from({ length: 103 }, () => client.send(new CreateKeyCommand({}))))
      keys = made.map(({ KeyMetadata }) => KeyMetadata!.KeyId!)
    })

    test('tells id and ARN of every key of the region, once, as soon as it is there', async () => {
      const found = (await pages(1000, alice, 'eu-west-1')).flat()
      expect(found.toSorted((a, b) => (a.KeyId! < b.KeyId! ? -1 : 1))).toEqual(
        keys.toSorted().map((KeyId) => ({ KeyId, KeyArn: arnOfKey(KeyId, alice, 'eu-west-1') })),
      )
    })

    test('a page has a hundred keys unless asked otherwise', async () => {
      const sizes = (found: KeyListEntry[][]) => found.map(({ length }) => length)
      expect(sizes(await pages(undefined, alice, 'eu-west-1'))).toEqual([100, 3])
      expect(sizes(await pages(50, alice, 'eu-west-1'))).toEqual([50, 50, 3])
      expect(sizes(await pages(103, alice, 'eu-west-1'))).toEqual([103])
      expect(sizes(await pages(102, alice, 'eu-west-1'))).toEqual([102, 1])
    })

    test('pages of any size tell the same keys in the same order', async () => {
      const whole = (await pages(1000, alice, 'eu-west-1')).flat()
      expect((await pages(7, alice, 'eu-west-1')).flat()).toEqual(whole)
      await house().restart()
      expect((await pages(40, alice, 'eu-west-1')).flat()).toEqual(whole)
    })

    test('a region without keys has an empty list', async () => {
      const { Keys, NextMarker, Truncated } = await kms(house(), bob, 'eu-west-1').send(new ListKeysCommand({}))
      expect({ Keys, NextMarker, Truncated }).toEqual({ Keys: [], NextMarker: undefined, Truncated: false })
    })

    test('a marker that is none, or of another list, is an InvalidMarkerException', async () => {
      const client = kms(house(), alice, 'eu-west-1')
      const invalid = { name: 'InvalidMarkerException', status: 400 }
      expect(await refused(client.send(new ListKeysCommand({ Marker: 'no marker' })))).toMatchObject(invalid)
      for (const AliasName of ['alias/one', 'alias/two'])
        await client.send(new CreateAliasCommand({ AliasName, TargetKeyId: keys[0] }))
      const { NextMarker } = await client.send(new ListAliasesCommand({ Limit: 1 }))
      expect(await refused(client.send(new ListKeysCommand({ Marker: NextMarker })))).toMatchObject(invalid)
      const { NextMarker: here } = await client.send(new ListKeysCommand({ Limit: 1 }))
      expect(await refused(kms(house()).send(new ListKeysCommand({ Marker: here })))).toMatchObject(invalid)
    })

    test('a marker outlives the key that it names', async () => {
      // Bob's: alice's rooms leave keys behind whose deletion the same days would end.
      const client = kms(house(), bob)
      for (let n = 0; n < 3; n++) await client.send(new CreateKeyCommand({}))
      const before = await all(bob)
      const [gone, last] = before.slice(-2)
      const { NextMarker } = await client.send(new ListKeysCommand({ Limit: before.length - 1 }))
      await client.send(new ScheduleKeyDeletionCommand({ KeyId: gone, PendingWindowInDays: 7 }))
      await house().pass(7 * day)
      expect(await all(bob)).toEqual(before.filter((id) => id !== gone))
      const { Keys } = await client.send(new ListKeysCommand({ Marker: NextMarker }))
      expect(Keys).toEqual([{ KeyId: last, KeyArn: arnOfKey(last!, bob) }])
    })
  })
})
