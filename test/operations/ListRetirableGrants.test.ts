import { ListRetirableGrantsCommand, paginateListRetirableGrants } from '@aws-sdk/client-kms'
import { beforeAll, describe, expect, test } from 'vitest'
import { grant, rootOf } from '../support/grants.ts'
import { type Person, alice, arnOf, bob } from '../support/house.ts'
import { leave, newcomer } from '../support/people.ts'
import {
  arnOfKey,
  authorizationRoom,
  bobsKey,
  freshKey,
  intoState,
  kms,
  openHouse,
  refused,
  serializationRoom,
  trailOf,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = () => ({ RetiringPrincipal: arnOf(alice) })

let people = 0
const retirer = () => newcomer(house(), `retirer${people++}`)
const list = async (more: object, person: Person = alice) => {
  const { $metadata: _, ...answer } = await kms(house(), person).send(new ListRetirableGrantsCommand(more))
  return answer
}
const ids = async (RetiringPrincipal: string, person?: Person) =>
  (await list({ RetiringPrincipal, Limit: 100 }, person)).Grants!.map(({ GrantId }) => GrantId!)
const retirableBy = async (KeyId: string, RetiringPrincipal: string, person?: Person) =>
  (await grant(house(), KeyId, { RetiringPrincipal }, person)).GrantId

describe('ListRetirableGrants', () => {
  describe('serialization', () => {
    serializationRoom(house, 'ListRetirableGrants', input)
  })

  describe('validation', () => {
    validationRoom(house, 'ListRetirableGrants', input)

    test.each([
      ['nobody', {}],
      ['two', { RetiringPrincipal: arnOf(alice), RetiringServicePrincipal: 's3.amazonaws.com' }],
    ])('the grants of %s are not listed', async (_, more) => {
      expect(await refused(list(more))).toEqual({
        name: 'ValidationException',
        message: 'You must specify either the RetiringPrincipal or the RetiringServicePrincipal, but not both.',
        status: 400,
      })
    })
    test.each(['alice', 'arn:aws:s3:::bucket'])('%s is no principal', async (RetiringPrincipal) => {
      expect(await refused(list({ RetiringPrincipal }))).toEqual({
        name: 'InvalidArnException',
        message: `ARN does not refer to a valid principal: ${RetiringPrincipal}`,
        status: 400,
      })
    })
  })

  describe('authorization', () => {
    authorizationRoom(house, 'ListRetirableGrants', input)
    const denied = { name: 'AccessDeniedException', status: 400 }

    test('only principals of the own account can be asked about', async () => {
      expect(await refused(list({ RetiringPrincipal: arnOf(bob) }))).toMatchObject(denied)
      expect(await refused(list({ RetiringPrincipal: bob.account }))).toMatchObject(denied)
    })
    test('IAM decides, and IAM alone', async () => {
      const own = await retirer()
      const KeyId = await freshKey(house())
      const GrantId = await retirableBy(KeyId, arnOf(own))
      expect(await refused(list({ RetiringPrincipal: arnOf(own) }, own))).toMatchObject(denied)
      const lister = await newcomer(house(), 'lister', [
        { Effect: 'Allow', Action: 'kms:ListRetirableGrants', Resource: '*' },
      ])
      expect(await ids(arnOf(own), lister)).toEqual([GrantId])
    })
  })

  describe('state', () => {
    test('grants are listed with keys of every state, and no longer when the key is deleted', async () => {
      const principal = arnOf(await retirer())
      const states = ['Enabled', 'Disabled', 'PendingDeletion', 'deleted'] as const
      const made = []
      for (const state of states) {
        const KeyId = await freshKey(house())
        made.push({ KeyId, state, GrantId: await retirableBy(KeyId, principal) })
      }
      // Whose week is over first, so that the others' is not.
      for (const { KeyId, state } of made.toReversed()) await intoState(house(), KeyId, state)
      expect(await ids(principal)).toEqual(made.slice(0, 3).map(({ GrantId }) => GrantId))
      await house().restart()
      expect(await ids(principal)).toHaveLength(3)
    })
  })

  describe('function', () => {
    test('lists the grants, on keys of all accounts, that name the principal to retire them', async () => {
      const principal = arnOf(await retirer())
      const [own, bobs] = [await freshKey(house()), await bobsKey(house())]
      const first = await retirableBy(own, principal)
      const second = await retirableBy(bobs, principal, bob)
      await retirableBy(own, arnOf(alice))
      await grant(house(), own, { GranteePrincipal: principal, Operations: ['RetireGrant', 'Encrypt'] })
      const common = {
        Name: '',
        CreationDate: new Date(house().clock.now()),
        GranteePrincipal: arnOf(alice),
        RetiringPrincipal: principal,
        Operations: ['Encrypt'],
      }
      expect(await list({ RetiringPrincipal: principal })).toEqual({
        Grants: [
          { ...common, KeyId: arnOfKey(own), GrantId: first, IssuingAccount: rootOf(alice) },
          { ...common, KeyId: arnOfKey(bobs, bob), GrantId: second, IssuingAccount: rootOf(bob) },
        ],
        Truncated: false,
      })
    })

    test('an account is asked for by its id or its root', async () => {
      const GrantId = await retirableBy(await freshKey(house()), alice.account)
      for (const name of [rootOf(alice), alice.account]) expect(await ids(name)).toContain(GrantId)
    })
    test("a service's are those on keys of the own account", async () => {
      const RetiringServicePrincipal = 'backup.amazonaws.com'
      const { GrantId } = await grant(house(), await freshKey(house()), { RetiringServicePrincipal })
      await grant(house(), await bobsKey(house()), { RetiringServicePrincipal }, bob)
      const { Grants } = await list({ RetiringServicePrincipal })
      expect(Grants!.map((one) => one.GrantId)).toEqual([GrantId])
    })
    test('a region has its own', async () => {
      const principal = arnOf(await retirer())
      await retirableBy(await freshKey(house()), principal)
      const client = kms(house(), alice, 'eu-west-1')
      const { Grants } = await client.send(new ListRetirableGrantsCommand({ RetiringPrincipal: principal }))
      expect(Grants).toEqual([])
    })
    test('a namesake of the retiring principal has none of its grants', async () => {
      const first = await retirer()
      await retirableBy(await freshKey(house()), arnOf(first))
      await leave(house(), first)
      await newcomer(house(), first.name)
      expect(await ids(arnOf(first))).toEqual([])
    })

    describe('with many grants', () => {
      let principal: string
      let all: string[]
      beforeAll(async () => {
        principal = arnOf(await retirer())
        const keys = [await freshKey(house()), await freshKey(house())]
        all = []
        for (let n = 0; n < 52; n++) all.push(await retirableBy(keys[n % 2]!, principal))
      })

      test('a page has fifty, or as many as asked for, in the order in which they were made', async () => {
        for (const [pageSize, sizes] of [
          [undefined, [50, 2]],
          [20, [20, 20, 12]],
        ] as const) {
          const found = []
          const config = { client: kms(house()), ...(pageSize && { pageSize }) }
          for await (const { Grants } of paginateListRetirableGrants(config, { RetiringPrincipal: principal }))
            found.push(Grants!.map(({ GrantId }) => GrantId))
          expect(found.map(({ length }) => length)).toEqual(sizes)
          expect(found.flat()).toEqual(all)
        }
      })
      test("a marker of nobody or of somebody else's list is invalid", async () => {
        const { NextMarker } = await list({ RetiringPrincipal: principal, Limit: 1 })
        const invalid = { name: 'InvalidMarkerException', status: 400 }
        expect(await refused(list({ RetiringPrincipal: principal, Marker: 'nonsense' }))).toMatchObject(invalid)
        expect(await refused(list({ RetiringPrincipal: arnOf(alice), Marker: NextMarker }))).toMatchObject(invalid)
      })
    })

    test('the trail has it as reading, about no key', async () => {
      const { $metadata } = await kms(house()).send(new ListRetirableGrantsCommand(input()))
      const record = await trailOf(house(), $metadata.requestId!)
      expect(record).toMatchObject({
        eventName: 'ListRetirableGrants',
        readOnly: true,
        requestParameters: { retiringPrincipal: arnOf(alice) },
        responseElements: null,
      })
      expect(record['resources']).toBeUndefined()
    })
  })
})
