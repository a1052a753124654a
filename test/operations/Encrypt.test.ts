import { CreateAliasCommand, EncryptCommand } from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { dryRunRoom } from '../support/ciphertext-rooms.ts'
import {
  answer,
  base64,
  currentMaterialOf,
  keyNames,
  namedKey,
  namesRoom,
  opened,
  sealed,
} from '../support/crypto-rooms.ts'
import { alice } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  doesNotExist,
  freshKey,
  intoState,
  isDisabled,
  isPendingDeletion,
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
const Plaintext = Buffer.from('attack at dawn')
const input = (KeyId: string) => ({ KeyId, Plaintext: base64(Plaintext) })

describe('Encrypt', () => {
  describe('serialization', () => {
    serializationRoom(house, 'Encrypt', input)
  })
  describe('validation', () => {
    validationRoom(house, 'Encrypt', input)
    namesRoom(house, 'Encrypt', input, { aliases: true })

    test('a plaintext of 4097 bytes is too long, in the recorded words', async () => {
      const KeyId = await freshKey(house())
      const send = kms(house()).send(new EncryptCommand({ KeyId, Plaintext: Buffer.alloc(4097) }))
      expect(await refused(send)).toEqual({
        name: 'ValidationException',
        message:
          "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096",
        status: 400,
      })
    })
  })
  describe('authorization', () => {
    authorizationRoom(house, 'Encrypt', input)
  })
  describe('state', () => {
    stateRoom(house, 'Encrypt', input, {
      Enabled: 'ok',
      Disabled: isDisabled,
      PendingDeletion: isPendingDeletion,
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test('the answer is the ciphertext, the ARN and the algorithm; it does not name the material', async () => {
      const keyId = await freshKey(house())
      const { status, json } = await raw(house(), { operation: 'Encrypt', body: input(keyId) })
      expect({ status, json }).toEqual({
        status: 200,
        json: {
          CiphertextBlob: expect.any(String) as string,
          KeyId: arnOfKey(keyId),
          EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        },
      })
      const blob = Buffer.from(json!['CiphertextBlob'] as string, 'base64')
      const client = kms(house())
      expect(await opened(client, blob)).toEqual({
        text: 'attack at dawn',
        KeyMaterialId: await currentMaterialOf(client, keyId),
      })
    })

    test.each(keyNames)('the key may be named by its %s; the answer has its ARN', async (kind) => {
      const { name, arn } = await namedKey(house(), kind)
      const client = kms(house())
      const { CiphertextBlob, ...rest } = await answer(client.send(new EncryptCommand({ KeyId: name, Plaintext })))
      expect(rest).toEqual({ KeyId: arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' })
      expect((await opened(client, CiphertextBlob!)).text).toBe('attack at dawn')
    })

    test.each([1, 2, 15, 16, 17, 4095, 4096])(
      '%d bytes of plaintext are at most 96 bytes more sealed',
      async (size) => {
        const client = kms(house())
        const text = 'x'.repeat(size)
        const blob = await sealed(client, await freshKey(house()), text)
        expect(blob.length - size).toBeGreaterThan(0)
        expect(blob.length - size).toBeLessThanOrEqual(96)
        expect((await opened(client, blob)).text).toBe(text)
      },
    )

    test('a ciphertext shows neither account, region, key id, alias, context nor plaintext', async () => {
      const client = kms(house())
      const keyId = await freshKey(house())
      const AliasName = 'alias/shown-nowhere'
      await client.send(new CreateAliasCommand({ AliasName, TargetKeyId: keyId }))
      const blob = await sealed(client, AliasName, 'attack at dawn', { context: 'unseen' })
      const account = Buffer.alloc(8)
      account.writeBigUInt64BE(BigInt(alice.account))
      const readable = [
        alice.account,
        'us-east-1',
        keyId,
        keyId.replaceAll('-', ''),
        Buffer.from(keyId.replaceAll('-', ''), 'hex'),
        account.subarray(2),
        Buffer.from(account.toReversed()).subarray(0, 6),
        'shown-nowhere',
        'context',
        'unseen',
        'attack',
      ]
      expect(readable.filter((text) => blob.includes(text))).toEqual([])
    })

    test('the same plaintext is another ciphertext every time', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const blobs = await Promise.all(Array.from({ length: 20 }, () => sealed(client, KeyId)))
      // Nothing but what names the material stands in two of them: 33 bytes of each begin alike, none of the rest.
      const rest = blobs.flatMap((blob) =>
        [blob.subarray(33, 49), blob.subarray(-16)].map((part) => part.toString('hex')),
      )
      expect(new Set(rest).size).toBe(40)
    })

    test("another family's algorithm is incompatible with the key", async () => {
      const KeyId = await freshKey(house())
      const asked = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'SM2PKE'] as const
      for (const EncryptionAlgorithm of asked) {
        const send = kms(house()).send(new EncryptCommand({ KeyId, Plaintext, EncryptionAlgorithm }))
        expect(await refused(send)).toEqual({
          name: 'InvalidKeyUsageException',
          message: `Algorithm ${EncryptionAlgorithm} is incompatible with key spec SYMMETRIC_DEFAULT.`,
          status: 400,
        })
      }
    })

    test('a disabled key is disabled before the algorithm is looked at', async () => {
      const KeyId = await freshKey(house())
      await intoState(house(), KeyId, 'Disabled')
      const send = kms(house()).send(new EncryptCommand({ KeyId, Plaintext, EncryptionAlgorithm: 'SM2PKE' }))
      expect(await refused(send)).toEqual({ ...isDisabled(arnOfKey(KeyId)), status: 400 })
    })

    describe('DryRun', () => {
      dryRunRoom(house, 'Encrypt', input)
    })

    test('the trail tells the context and the key, and nothing of the plaintext or the ciphertext', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const send = new EncryptCommand({ KeyId, Plaintext, EncryptionContext: { Purpose: 'test' } })
      const { $metadata } = await client.send(send)
      expect(await trailOf(house(), $metadata.requestId!)).toMatchObject({
        eventName: 'Encrypt',
        readOnly: true,
        requestParameters: {
          keyId: KeyId,
          encryptionContext: { Purpose: 'test' },
          encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        },
        responseElements: null,
        resources: [{ accountId: alice.account, type: 'AWS::KMS::Key', ARN: arnOfKey(KeyId) }],
      })
    })
  })
})
