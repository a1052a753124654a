import {
  EnableKeyRotationCommand,
  GenerateDataKeyCommand,
  GetKeyRotationStatusCommand,
  ListKeyRotationsCommand,
  RotateKeyOnDemandCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { answer, currentMaterialOf, materialsOf, namesRoom, opened, sealed } from '../support/crypto-rooms.ts'
import { alice } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  day,
  doesNotExist,
  freshKey,
  intoState,
  isDisabled,
  isPendingDeletion,
  kms,
  openHouse,
  refused,
  serializationRoom,
  stateRoom,
  trailOf,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = (KeyId: string) => ({ KeyId })
const rotate = (KeyId: string) => kms(house()).send(new RotateKeyOnDemandCommand({ KeyId }))
const limitReached = (KeyId: string) => ({
  name: 'LimitExceededException',
  message: `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${arnOfKey(KeyId)}`,
  status: 400,
})

describe('RotateKeyOnDemand', () => {
  describe('serialization', () => {
    serializationRoom(house, 'RotateKeyOnDemand', input)
  })
  describe('validation', () => {
    validationRoom(house, 'RotateKeyOnDemand', input)
    namesRoom(house, 'RotateKeyOnDemand', input)
  })
  describe('authorization', () => {
    authorizationRoom(house, 'RotateKeyOnDemand', input)
  })
  describe('state', () => {
    stateRoom(house, 'RotateKeyOnDemand', input, {
      Enabled: 'ok',
      Disabled: isDisabled,
      PendingDeletion: isPendingDeletion,
      deleted: doesNotExist,
      unknown: doesNotExist,
    })

    test('a refused rotation makes no material', async () => {
      const KeyId = await freshKey(house())
      await intoState(house(), KeyId, 'Disabled')
      const made = async () => (await house().house.world.vault.made(0, Number.MAX_SAFE_INTEGER)).length
      const before = await made()
      await refused(rotate(KeyId))
      expect(await made()).toBe(before)
    })
  })

  describe('function', () => {
    test.each(['key id', 'key ARN'])('the key may be named by its %s; the answer is its ARN', async (kind) => {
      const KeyId = await freshKey(house())
      expect(await answer(rotate(kind === 'key id' ? KeyId : arnOfKey(KeyId)))).toEqual({ KeyId: arnOfKey(KeyId) })
    })

    test('the key has new material at once, and the rotation is listed', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const before = await currentMaterialOf(client, KeyId)
      await rotate(KeyId)
      const after = await currentMaterialOf(client, KeyId)
      expect(after).toMatch(/^[a-f0-9]{64}$/)
      expect(after).not.toBe(before)
      expect(await answer(client.send(new ListKeyRotationsCommand({ KeyId })))).toEqual({
        Rotations: [
          {
            KeyId,
            KeyMaterialId: after,
            KeyMaterialState: 'CURRENT',
            RotationDate: new Date(house().clock.now()),
            RotationType: 'ON_DEMAND',
          },
        ],
        Truncated: false,
      })
    })

    test('new ciphertexts are under the new material, old ones open under their own', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const old = await sealed(client, KeyId, 'old', { a: 'b' })
      await rotate(KeyId)
      const young = await sealed(client, KeyId, 'young', { a: 'b' })
      const [first, second] = await materialsOf(client, KeyId)
      expect(await opened(client, old, { a: 'b' })).toEqual({ text: 'old', KeyMaterialId: first })
      expect(await opened(client, young, { a: 'b' })).toEqual({ text: 'young', KeyMaterialId: second })
      const made = await client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))
      expect(made.KeyMaterialId).toBe(second)
    })

    test('the automatic schedule stays as it was', async () => {
      const KeyId = await freshKey(house())
      await kms(house()).send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
      await house().pass(10 * day)
      await rotate(KeyId)
      expect(await answer(kms(house()).send(new GetKeyRotationStatusCommand({ KeyId })))).toEqual({
        KeyId: arnOfKey(KeyId),
        KeyRotationEnabled: true,
        RotationPeriodInDays: 90,
        NextRotationDate: new Date(house().clock.now() + 80 * day),
      })
    })

    test('25 times a key may be rotated; the 26th is refused in the recorded words and leaves nothing', async () => {
      const KeyId = await freshKey(house())
      for (let times = 1; times <= 25; times++) await rotate(KeyId)
      const materials = await materialsOf(kms(house()), KeyId)
      expect(new Set(materials).size).toBe(26)
      expect(await refused(rotate(KeyId))).toEqual(limitReached(KeyId))
      expect(await refused(rotate(KeyId))).toEqual(limitReached(KeyId))
      expect(await materialsOf(kms(house()), KeyId)).toEqual(materials)
      await house().restart()
      expect(await refused(rotate(KeyId))).toEqual(limitReached(KeyId))
    })

    test('automatic rotations do not count, nor does the limit stop them', async () => {
      const KeyId = await freshKey(house())
      await kms(house()).send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
      await house().pass(90 * day)
      for (let times = 1; times <= 25; times++) await rotate(KeyId)
      expect(await refused(rotate(KeyId))).toEqual(limitReached(KeyId))
      await house().pass(90 * day)
      expect(await materialsOf(kms(house()), KeyId)).toHaveLength(28)
    })

    test('of more at the same time than are left only those are done', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      for (let times = 1; times <= 22; times++) await rotate(KeyId)
      const outcomes = await Promise.allSettled(
        Array.from({ length: 6 }, () => client.send(new RotateKeyOnDemandCommand({ KeyId }))),
      )
      const refusals = outcomes.filter(({ status }) => status === 'rejected')
      expect(refusals).toHaveLength(3)
      for (const one of refusals)
        expect((one as PromiseRejectedResult).reason).toMatchObject({ name: 'LimitExceededException' })
      const materials = await materialsOf(client, KeyId)
      expect(materials).toHaveLength(26)
      const made = await house().house.world.vault.made(0, Number.MAX_SAFE_INTEGER)
      expect(
        made
          .filter(({ key }) => key.keyId === KeyId)
          .map(({ materialId }) => materialId)
          .sort(),
      ).toEqual([...materials].sort())
    })

    test('the trail has the key', async () => {
      const KeyId = await freshKey(house())
      const { $metadata } = await rotate(KeyId)
      expect(await trailOf(house(), $metadata.requestId!)).toMatchObject({
        eventName: 'RotateKeyOnDemand',
        readOnly: false,
        requestParameters: { keyId: KeyId },
        responseElements: { keyId: arnOfKey(KeyId) },
        resources: [{ accountId: alice.account, type: 'AWS::KMS::Key', ARN: arnOfKey(KeyId) }],
      })
    })
  })
})
