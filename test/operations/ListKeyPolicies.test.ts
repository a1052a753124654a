import { ListKeyPoliciesCommand, PutKeyPolicyCommand, paginateListKeyPolicies } from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { namesRoom } from '../support/crypto-rooms.ts'
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
const onlyDefault = { status: 200, json: { PolicyNames: ['default'], Truncated: false } }
const list = async (body: object) => {
  const { status, json } = await raw(house(), { operation: 'ListKeyPolicies', body })
  return { status, json }
}

describe('ListKeyPolicies', () => {
  describe('serialization', () => {
    serializationRoom(house, 'ListKeyPolicies', input)
  })
  describe('validation', () => {
    validationRoom(house, 'ListKeyPolicies', input)
    namesRoom(house, 'ListKeyPolicies', input)
  })
  describe('authorization', () => {
    authorizationRoom(house, 'ListKeyPolicies', input)
  })
  describe('state', () => {
    stateRoom(house, 'ListKeyPolicies', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: 'ok',
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test('every key has one policy, and its name is default', async () => {
      const KeyId = await freshKey(house())
      expect(await list({ KeyId })).toEqual(onlyDefault)
      expect(await list({ KeyId: arnOfKey(KeyId) })).toEqual(onlyDefault)
    })

    test('putting a policy adds none', async () => {
      const KeyId = await freshKey(house())
      const Policy = JSON.stringify({
        Statement: [{ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }],
      })
      await kms(house()).send(new PutKeyPolicyCommand({ KeyId, Policy }))
      expect(await list({ KeyId })).toEqual(onlyDefault)
    })

    test('a page of one is all there is', async () => {
      expect(await list({ KeyId: await freshKey(house()), Limit: 1 })).toEqual(onlyDefault)
    })

    test("the SDK's paginator comes to the end", async () => {
      const found = []
      const pages = paginateListKeyPolicies({ client: kms(house()), pageSize: 1 }, { KeyId: await freshKey(house()) })
      for await (const { PolicyNames } of pages) found.push(PolicyNames)
      expect(found).toEqual([['default']])
    })

    test("a marker that no list gave is refused, and so is another list's", async () => {
      await freshKey(house())
      const KeyId = await freshKey(house())
      const { json } = await raw(house(), { operation: 'ListKeys', body: { Limit: 1 } })
      // The model lists no error for it on this operation; it reads as it does on every other list.
      const client = house().kms()
      for (const Marker of ['nonsense', 'default', json!['NextMarker'] as string]) {
        expect(Marker).toEqual(expect.any(String))
        expect(await refused(client.send(new ListKeyPoliciesCommand({ KeyId, Marker })))).toEqual({
          name: 'InvalidMarkerException',
          message: 'The marker that specifies where pagination should next begin is not valid.',
          status: 400,
        })
      }
    })

    test('the trail has it as reading', async () => {
      const KeyId = await freshKey(house())
      const { $metadata } = await kms(house()).send(new ListKeyPoliciesCommand({ KeyId }))
      expect(await trailOf(house(), $metadata.requestId!)).toMatchObject({
        eventName: 'ListKeyPolicies',
        readOnly: true,
        responseElements: null,
        resources: [{ ARN: arnOfKey(KeyId) }],
      })
    })
  })
})
