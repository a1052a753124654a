import { type CreateGrantCommandInput, ListGrantsCommand, paginateListGrants } from '@aws-sdk/client-kms'
import { beforeAll, describe, expect, test } from 'vitest'
import { grant, grantsOn, rootOf, unknownGrant } from '../support/grants.ts'
import { type Person, alice, arnOf, bob } from '../support/house.ts'
import { idOf, newcomer } from '../support/people.ts'
import {
  arnOfKey,
  authorizationRoom,
  doesNotExist,
  freshKey,
  kms,
  openHouse,
  raw,
  refused,
  serializationRoom,
  stateRoom,
  trailOf,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = (KeyId: string) => ({ KeyId })

const list = async (KeyId: string, more: object = {}, person: Person = alice) => {
  const { $metadata: _, ...answer } = await kms(house(), person).send(new ListGrantsCommand({ KeyId, ...more }))
  return answer
}
const ids = async (KeyId: string, more: object = {}) => (await list(KeyId, more)).Grants!.map(({ GrantId }) => GrantId!)

describe('ListGrants', () => {
  describe('serialization', () => {
    serializationRoom(house, 'ListGrants', input)
  })

  describe('validation', () => {
    validationRoom(house, 'ListGrants', input)

    test.each(['x', 'A'.repeat(64), `${unknownGrant()}0`])('%s cannot be the id of a grant', async (GrantId) => {
      expect(await refused(list(await freshKey(house()), { GrantId }))).toEqual({
        name: 'InvalidGrantIdException',
        message: `Invalid grantId '${GrantId}'`,
        status: 400,
      })
    })
    test('an alias is not taken for a key here', async () => {
      expect(await refused(list('alias/app'))).toMatchObject({ name: 'InvalidArnException', status: 400 })
    })
  })

  describe('authorization', () => {
    authorizationRoom(house, 'ListGrants', input)

    test('who may nothing sees nothing; who may list may list', async () => {
      const KeyId = await freshKey(house())
      const nobody = await newcomer(house(), 'blind')
      expect(await refused(list(KeyId, {}, nobody))).toMatchObject({ name: 'AccessDeniedException', status: 400 })
      const auditor = await newcomer(house(), 'auditor', [
        { Effect: 'Allow', Action: 'kms:ListGrants', Resource: arnOfKey(KeyId) },
      ])
      expect(await list(KeyId, {}, auditor)).toEqual({ Grants: [], Truncated: false })
    })
  })

  describe('state', () => {
    stateRoom(house, 'ListGrants', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: 'ok',
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test('tells of every grant all that it was made with', async () => {
      const KeyId = await freshKey(house())
      const SourceArn = 'arn:aws:s3:us-east-1:111122223333:bucket'
      const terms: readonly Partial<CreateGrantCommandInput>[] = [
        {},
        {
          Name: 'app',
          GranteePrincipal: arnOf(bob),
          RetiringPrincipal: rootOf(alice),
          Operations: ['Decrypt', 'Encrypt', 'DescribeKey', 'RetireGrant'],
          Constraints: { EncryptionContextEquals: { b: '2', a: '1' } },
        },
        {
          GranteePrincipal: undefined,
          GranteeServicePrincipal: 's3.amazonaws.com',
          RetiringServicePrincipal: 'backup.amazonaws.com',
          Constraints: { SourceArn },
        },
      ]
      const made = []
      for (const one of terms) made.push((await grant(house(), KeyId, one)).GrantId)
      const common = {
        KeyId: arnOfKey(KeyId),
        CreationDate: new Date(house().clock.now()),
        IssuingAccount: rootOf(alice),
      }
      expect(await list(arnOfKey(KeyId))).toEqual({
        Grants: [
          { ...common, GrantId: made[0], Name: '', GranteePrincipal: arnOf(alice), Operations: ['Encrypt'] },
          { ...common, GrantId: made[1], ...terms[1] },
          {
            ...common,
            GrantId: made[2],
            Name: '',
            GranteeServicePrincipal: 's3.amazonaws.com',
            RetiringServicePrincipal: 'backup.amazonaws.com',
            Operations: ['Encrypt'],
            Constraints: { SourceArn },
          },
        ],
        Truncated: false,
      })
    })

    describe('with many grants', () => {
      let KeyId: string
      let carol: Person
      let all: string[]
      beforeAll(async () => {
        KeyId = await freshKey(house())
        carol = await newcomer(house(), 'carol')
        all = []
        for (let n = 0; n < 53; n++)
          all.push((await grant(house(), KeyId, { GranteePrincipal: arnOf([alice, bob, carol][n % 3]!) })).GrantId)
      })
      const sizes = async (pageSize?: number) => {
        const found = []
        const pages = paginateListGrants({ client: kms(house()), ...(pageSize && { pageSize }) }, { KeyId })
        for await (const { Grants } of pages) found.push(Grants!.length)
        return found
      }

      test('a page has fifty, or as many as asked for', async () => {
        expect(await sizes()).toEqual([50, 3])
        expect(await sizes(20)).toEqual([20, 20, 13])
        expect(await sizes(100)).toEqual([53])
      })
      test('they come in the order in which they were made, page by page, also after a restart', async () => {
        expect(await grantsOn(house(), KeyId)).toEqual(all)
        const first = await list(KeyId, { Limit: 7 })
        await house().restart()
        const second = await list(KeyId, { Limit: 7, Marker: first.NextMarker })
        expect([...first.Grants!, ...second.Grants!].map(({ GrantId }) => GrantId)).toEqual(all.slice(0, 14))
        expect([first.Truncated, second.Truncated]).toEqual([true, true])
      })
      test('those of one grantee, and the one of an id', async () => {
        const every = (rest: number) => all.filter((_, n) => n % 3 === rest)
        expect(await ids(KeyId, { GranteePrincipal: arnOf(bob) })).toEqual(every(1))
        expect(await ids(KeyId, { GranteePrincipal: arnOf(carol) })).toEqual(every(2))
        expect(await ids(KeyId, { GranteePrincipal: idOf(house(), carol) })).toEqual(every(2))
        expect(await ids(KeyId, { GrantId: all[7] })).toEqual([all[7]])
        expect(await ids(KeyId, { GrantId: all[7], GranteePrincipal: arnOf(bob) })).toEqual([all[7]])
        expect(await ids(KeyId, { GrantId: all[7], GranteePrincipal: arnOf(carol) })).toEqual([])
        for (const none of [
          { GranteePrincipal: rootOf(bob) },
          { GranteeServicePrincipal: 's3.amazonaws.com' },
          { GranteePrincipal: arnOf(bob), GranteeServicePrincipal: 's3.amazonaws.com' },
          { GrantId: unknownGrant() },
        ])
          expect(await list(KeyId, none)).toEqual({ Grants: [], Truncated: false })
      })
      test('a marker of nobody, of another list or of another key is invalid', async () => {
        const { NextMarker } = await list(KeyId, { Limit: 1 })
        const other = await freshKey(house())
        const keys = await raw(house(), { operation: 'ListKeys', body: { Limit: 1 } })
        const invalid = { name: 'InvalidMarkerException', status: 400 }
        for (const Marker of ['nonsense', 'AAAA', keys.json!['NextMarker'] as string])
          expect(await refused(list(KeyId, { Marker }))).toMatchObject(invalid)
        expect(await refused(list(other, { Marker: NextMarker }))).toMatchObject(invalid)
        const forged = Buffer.from(`ListGrants ${arnOfKey(KeyId)}\nx`).toString('base64url')
        expect(await refused(list(KeyId, { Marker: forged }))).toMatchObject(invalid)
      })
    })

    test('the trail has it as reading', async () => {
      const KeyId = await freshKey(house())
      const { $metadata } = await kms(house()).send(new ListGrantsCommand({ KeyId }))
      expect(await trailOf(house(), $metadata.requestId!)).toMatchObject({
        eventName: 'ListGrants',
        readOnly: true,
        responseElements: null,
        resources: [{ ARN: arnOfKey(KeyId) }],
      })
    })
  })
})
