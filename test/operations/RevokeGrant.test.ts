import { EncryptCommand, RevokeGrantCommand } from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { grant, grantsOn, someGrant, unknownGrant } from '../support/grants.ts'
import { type Person, alice, arnOf } from '../support/house.ts'
import { newcomer } from '../support/people.ts'
import {
  arnOfKey,
  authorizationRoom,
  doesNotExist,
  freshKey,
  kms,
  lastChange,
  openHouse,
  refused,
  serializationRoom,
  stateRoom,
  trailOf,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = async (KeyId: string) => ({ KeyId, GrantId: await someGrant(house(), KeyId) })

let people = 0
const somebody = (...policies: readonly object[]) => newcomer(house(), `revoker${people++}`, policies)
const revoke = async (KeyId: string, GrantId: string, person: Person = alice, DryRun?: boolean) => {
  const { $metadata, ...answer } = await kms(house(), person).send(new RevokeGrantCommand({ KeyId, GrantId, DryRun }))
  expect(answer).toEqual({})
  return $metadata.requestId!
}
const refusedRevoke = async (...asked: Parameters<typeof revoke>) => {
  const before = await lastChange(house())
  const refusal = await refused(revoke(...asked))
  expect(await lastChange(house(), before)).toBe(before)
  return refusal
}
const denied = { name: 'AccessDeniedException', status: 400 }

describe('RevokeGrant', () => {
  describe('serialization', () => {
    serializationRoom(house, 'RevokeGrant', input)
  })

  describe('validation', () => {
    validationRoom(house, 'RevokeGrant', input)

    test.each(['x', 'A'.repeat(64), `${unknownGrant()}0`])('%s cannot be the id of a grant', async (GrantId) => {
      expect(await refusedRevoke(await freshKey(house()), GrantId)).toEqual({
        name: 'InvalidGrantIdException',
        message: `Invalid grantId '${GrantId}'`,
        status: 400,
      })
    })
  })

  describe('authorization', () => {
    authorizationRoom(house, 'RevokeGrant', input)

    test('who may by policy may; whom the grant names may not for that', async () => {
      const [grantee, retirer] = [await somebody(), await somebody()]
      const KeyId = await freshKey(house())
      const { GrantId } = await grant(house(), KeyId, {
        GranteePrincipal: arnOf(grantee),
        RetiringPrincipal: arnOf(retirer),
        Operations: ['Encrypt', 'RetireGrant'],
      })
      for (const person of [grantee, retirer]) expect(await refusedRevoke(KeyId, GrantId, person)).toMatchObject(denied)
      const revoker = await somebody({ Effect: 'Allow', Action: 'kms:RevokeGrant', Resource: arnOfKey(KeyId) })
      await revoke(KeyId, GrantId, revoker)
      expect(await grantsOn(house(), KeyId)).toEqual([])
    })
  })

  describe('state', () => {
    stateRoom(house, 'RevokeGrant', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: 'ok',
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test('the grant is gone at once, and it alone', async () => {
      const grantee = await somebody()
      const KeyId = await freshKey(house())
      const { GrantId } = await grant(house(), KeyId, { GranteePrincipal: arnOf(grantee) })
      const other = await grant(house(), KeyId)
      const encrypt = () => kms(house(), grantee).send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
      await encrypt()
      await revoke(arnOfKey(KeyId), GrantId)
      expect(await refused(encrypt())).toMatchObject(denied)
      expect(await grantsOn(house(), KeyId)).toEqual([other.GrantId])
    })

    test('a grant that is not there, or is of another key, is not found', async () => {
      const [KeyId, other] = [await freshKey(house()), await freshKey(house())]
      const { GrantId } = await grant(house(), KeyId)
      const notFound = (id: string) => ({
        name: 'NotFoundException',
        message: `Grant '${id}' does not exist`,
        status: 400,
      })
      expect(await refusedRevoke(other, GrantId)).toEqual(notFound(GrantId))
      await revoke(KeyId, GrantId)
      expect(await refusedRevoke(KeyId, GrantId)).toEqual(notFound(GrantId))
      expect(await refusedRevoke(KeyId, GrantId, alice, true)).toEqual(notFound(GrantId))
    })

    test('a dry run revokes nothing', async () => {
      const KeyId = await freshKey(house())
      const { GrantId } = await grant(house(), KeyId)
      expect(await refusedRevoke(KeyId, GrantId, alice, true)).toMatchObject({ name: 'DryRunOperationException' })
      expect(await grantsOn(house(), KeyId)).toEqual([GrantId])
    })

    test('is one event of the grants; the trail names the key', async () => {
      const KeyId = await freshKey(house())
      const { GrantId } = await grant(house(), KeyId)
      const requestId = await revoke(KeyId, GrantId)
      const events = await house().house.log.read(`grants-us-east-1.${alice.account}.${KeyId}`)
      expect(events).toMatchObject([
        { type: 'GrantCreated', data: { grantId: GrantId } },
        { type: 'GrantRevoked', data: { grantId: GrantId }, metadata: { actor: arnOf(alice), requestId } },
      ])
      expect(await trailOf(house(), requestId)).toMatchObject({
        eventName: 'RevokeGrant',
        readOnly: false,
        requestParameters: { keyId: KeyId, grantId: GrantId },
        responseElements: { keyId: arnOfKey(KeyId) },
        resources: [{ ARN: arnOfKey(KeyId) }],
      })
    })
  })
})
