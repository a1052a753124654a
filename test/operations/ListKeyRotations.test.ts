import {
  EnableKeyRotationCommand,
  ListKeyRotationsCommand,
  RotateKeyOnDemandCommand,
  paginateListKeyRotations,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { answer, currentMaterialOf, namesRoom } from '../support/crypto-rooms.ts'
import {
  arnOfKey,
  authorizationRoom,
  day,
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
const list = (KeyId: string, more: object = {}) =>
  answer(kms(house()).send(new ListKeyRotationsCommand({ KeyId, ...more })))
const invalidMarker = {
  name: 'InvalidMarkerException',
  message: 'The marker that specifies where pagination should next begin is not valid.',
  status: 400,
}

/** A key rotated on demand so often, an hour apart, with the entries that tell of it, oldest first. */
const rotatedKey = async (times: number) => {
  const client = kms(house())
  const KeyId = await freshKey(house())
  const first = { KeyId, KeyMaterialId: await currentMaterialOf(client, KeyId) }
  const rotations = []
  for (let time = 0; time < times; time++) {
    house().clock.leap(3600_000)
    await kms(house()).send(new RotateKeyOnDemandCommand({ KeyId }))
    const KeyMaterialId = await currentMaterialOf(client, KeyId)
    const RotationDate = new Date(house().clock.now())
    rotations.push({ KeyId, KeyMaterialId, RotationDate, RotationType: 'ON_DEMAND' })
  }
  const all = [first, ...rotations].map((entry, index) => ({
    ...entry,
    KeyMaterialState: index === times ? 'CURRENT' : 'NON_CURRENT',
  }))
  return { KeyId, all, rotations: all.slice(1) }
}

describe('ListKeyRotations', () => {
  describe('serialization', () => {
    serializationRoom(house, 'ListKeyRotations', input)
  })
  describe('validation', () => {
    validationRoom(house, 'ListKeyRotations', input)
    namesRoom(house, 'ListKeyRotations', input)
  })
  describe('authorization', () => {
    authorizationRoom(house, 'ListKeyRotations', input)
  })
  describe('state', () => {
    stateRoom(house, 'ListKeyRotations', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: 'ok',
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test('a key that never rotated has none; its first material is all the material there is', async () => {
      const { KeyId, all } = await rotatedKey(0)
      expect(await list(KeyId)).toEqual({ Rotations: [], Truncated: false })
      expect(await list(KeyId, { IncludeKeyMaterial: 'ROTATIONS_ONLY' })).toEqual({ Rotations: [], Truncated: false })
      expect(await list(KeyId, { IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })).toEqual({
        Rotations: all,
        Truncated: false,
      })
      expect(all).toEqual([
        { KeyId, KeyMaterialId: expect.stringMatching(/^[a-f0-9]{64}$/) as string, KeyMaterialState: 'CURRENT' },
      ])
    })

    test('rotations come oldest first; one material is current; the first was made by no rotation', async () => {
      const { KeyId, all, rotations } = await rotatedKey(3)
      expect(await list(KeyId)).toEqual({ Rotations: rotations, Truncated: false })
      expect(await list(KeyId, { IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })).toEqual({
        Rotations: all,
        Truncated: false,
      })
      expect(new Set(all.map(({ KeyMaterialId }) => KeyMaterialId)).size).toBe(4)
    })

    test('automatic rotations and those on demand stand together in the order of their dates', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      await client.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
      const start = house().clock.now()
      await house().pass(90 * day)
      await kms(house()).send(new RotateKeyOnDemandCommand({ KeyId }))
      await house().pass(90 * day)
      const { Rotations } = await list(KeyId)
      expect(
        Rotations!.map(({ RotationDate, RotationType, KeyMaterialState }) => [
          (RotationDate!.getTime() - start) / day,
          RotationType,
          KeyMaterialState,
        ]),
      ).toEqual([
        [90, 'AUTOMATIC', 'NON_CURRENT'],
        [90, 'ON_DEMAND', 'NON_CURRENT'],
        [180, 'AUTOMATIC', 'CURRENT'],
      ])
    })

    test('the key may be named by its ARN; entries have its id', async () => {
      const { KeyId, rotations } = await rotatedKey(1)
      expect(await list(arnOfKey(KeyId))).toEqual({ Rotations: rotations, Truncated: false })
    })

    test('pages hold as many as asked for, and the marker leads from one to the next', async () => {
      const { KeyId, rotations } = await rotatedKey(5)
      const first = await list(KeyId, { Limit: 2 })
      expect(first).toEqual({
        Rotations: rotations.slice(0, 2),
        NextMarker: expect.any(String) as string,
        Truncated: true,
      })
      const second = await list(KeyId, { Limit: 2, Marker: first.NextMarker })
      expect(second).toMatchObject({ Rotations: rotations.slice(2, 4), Truncated: true })
      const third = await list(KeyId, { Limit: 2, Marker: second.NextMarker })
      expect(third).toEqual({ Rotations: rotations.slice(4), Truncated: false })
      expect(await list(KeyId, { Limit: 5 })).toEqual({ Rotations: rotations, Truncated: false })
    })

    test("the SDK's paginator comes to the end, material by material", async () => {
      const { KeyId, all } = await rotatedKey(4)
      const found = []
      const pages = paginateListKeyRotations(
        { client: kms(house()), pageSize: 1 },
        { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' },
      )
      for await (const { Rotations } of pages) found.push(Rotations)
      expect(found).toEqual(all.map((one) => [one]))
    })

    test('a marker stays good when more rotations come', async () => {
      const { KeyId } = await rotatedKey(2)
      const { NextMarker } = await list(KeyId, { Limit: 1 })
      await kms(house()).send(new RotateKeyOnDemandCommand({ KeyId }))
      const { Rotations } = await list(KeyId)
      expect((await list(KeyId, { Marker: NextMarker })).Rotations).toEqual(Rotations!.slice(1))
    })

    test('a marker that no list gave is refused, and so is one of another list or another key', async () => {
      const [{ KeyId }, other] = [await rotatedKey(2), await rotatedKey(2)]
      const { NextMarker } = await list(other.KeyId, { Limit: 1 })
      const { json } = await raw(house(), { operation: 'ListKeys', body: { Limit: 1 } })
      for (const Marker of ['nonsense', 'AAAA', NextMarker, json!['NextMarker'] as string]) {
        expect(Marker).toEqual(expect.any(String))
        const send = new ListKeyRotationsCommand({ KeyId, Marker })
        expect(await refused(kms(house()).send(send))).toEqual(invalidMarker)
      }
    })

    test('a key of 26 materials lists them all at once by default', async () => {
      const { KeyId, all } = await rotatedKey(25)
      expect(await list(KeyId, { IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })).toEqual({
        Rotations: all,
        Truncated: false,
      })
    })

    test('the trail has it as reading', async () => {
      const KeyId = await freshKey(house())
      const { $metadata } = await kms(house()).send(new ListKeyRotationsCommand({ KeyId }))
      expect(await trailOf(house(), $metadata.requestId!)).toMatchObject({
        eventName: 'ListKeyRotations',
        readOnly: true,
        responseElements: null,
        resources: [{ ARN: arnOfKey(KeyId) }],
      })
    })
  })
})
