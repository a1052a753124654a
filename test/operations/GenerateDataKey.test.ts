import { DecryptCommand, GenerateDataKeyCommand, RotateKeyOnDemandCommand } from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { dryRunRoom } from '../support/ciphertext-rooms.ts'
import { answer, currentMaterialOf, keyNames, namedKey, namesRoom } from '../support/crypto-rooms.ts'
import { alice } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  doesNotExist,
  freshKey,
  isDisabled,
  isPendingDeletion,
  kms,
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
const input = (KeyId: string) => ({ KeyId, NumberOfBytes: 32 })

/** A fresh data key as Decrypt sees it. */
const unsealed = async (CiphertextBlob: Uint8Array, EncryptionContext?: Record<string, string>) => {
  const { Plaintext, KeyMaterialId } = await kms(house()).send(
    new DecryptCommand({ CiphertextBlob, EncryptionContext }),
  )
  return { bytes: Buffer.from(Plaintext!), KeyMaterialId }
}

describe('GenerateDataKey', () => {
  describe('serialization', () => {
    serializationRoom(house, 'GenerateDataKey', input)
  })
  describe('validation', () => {
    validationRoom(house, 'GenerateDataKey', input)
    namesRoom(house, 'GenerateDataKey', input, { aliases: true })

    test.each([
      ['neither KeySpec nor NumberOfBytes', {}],
      ['both KeySpec and NumberOfBytes', { KeySpec: 'AES_256', NumberOfBytes: 32 }],
    ])('%s is refused: exactly one must be there', async (_, more) => {
      const body = { KeyId: await freshKey(house()), ...more }
      expect(refusalOf(await raw(house(), { operation: 'GenerateDataKey', body }))).toEqual({
        name: 'ValidationException',
        message: 'You must specify either the KeySpec or the NumberOfBytes parameter, but not both.',
        status: 400,
      })
    })
    test('1025 bytes are too many', async () => {
      const send = new GenerateDataKeyCommand({ KeyId: await freshKey(house()), NumberOfBytes: 1025 })
      expect(await refused(kms(house()).send(send))).toEqual({
        name: 'ValidationException',
        message:
          "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024",
        status: 400,
      })
    })
  })
  describe('authorization', () => {
    authorizationRoom(house, 'GenerateDataKey', input)
  })
  describe('state', () => {
    stateRoom(house, 'GenerateDataKey', input, {
      Enabled: 'ok',
      Disabled: isDisabled,
      PendingDeletion: isPendingDeletion,
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test('the answer is the data key, open and sealed, the ARN and the material', async () => {
      const KeyId = await freshKey(house())
      const { status, json } = await raw(house(), { operation: 'GenerateDataKey', body: input(KeyId) })
      expect({ status, json }).toEqual({
        status: 200,
        json: {
          CiphertextBlob: expect.any(String) as string,
          Plaintext: expect.any(String) as string,
          KeyId: arnOfKey(KeyId),
          KeyMaterialId: await currentMaterialOf(kms(house()), KeyId),
        },
      })
      const [blob, plaintext] = [json!['CiphertextBlob'] as string, json!['Plaintext'] as string]
      expect((await unsealed(Buffer.from(blob, 'base64'))).bytes.toString('base64')).toBe(plaintext)
    })

    test.each([
      [{ KeySpec: 'AES_128' }, 16],
      [{ KeySpec: 'AES_256' }, 32],
      [{ NumberOfBytes: 1 }, 1],
      [{ NumberOfBytes: 64 }, 64],
      [{ NumberOfBytes: 1024 }, 1024],
    ] as const)('%j is a data key of %d bytes', async (size, length) => {
      const KeyId = await freshKey(house())
      const { Plaintext, CiphertextBlob } = await kms(house()).send(new GenerateDataKeyCommand({ KeyId, ...size }))
      expect(Plaintext!.length).toBe(length)
      expect((await unsealed(CiphertextBlob!)).bytes.equals(Buffer.from(Plaintext!))).toBe(true)
    })

    test.each(keyNames)('the key may be named by its %s; the answer has its ARN', async (kind) => {
      const { name, arn, keyId } = await namedKey(house(), kind)
      const client = kms(house())
      const made = await answer(client.send(new GenerateDataKeyCommand({ KeyId: name, KeySpec: 'AES_256' })))
      expect({ KeyId: made.KeyId, KeyMaterialId: made.KeyMaterialId }).toEqual({
        KeyId: arn,
        KeyMaterialId: await currentMaterialOf(client, keyId),
      })
    })

    test('every data key is another one', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const made = await Promise.all(
        Array.from({ length: 20 }, () => client.send(new GenerateDataKeyCommand({ KeyId, NumberOfBytes: 16 }))),
      )
      const keys = await Promise.all(made.map(async ({ CiphertextBlob }) => (await unsealed(CiphertextBlob!)).bytes))
      expect(new Set(keys.map((bytes) => bytes.toString('hex'))).size).toBe(20)
    })

    test('the encryption context is bound to it', async () => {
      const EncryptionContext = { Department: '10103.0', 'aws-crypto-public-key': 'A' }
      const send = new GenerateDataKeyCommand({ KeyId: await freshKey(house()), KeySpec: 'AES_256', EncryptionContext })
      const { CiphertextBlob } = await kms(house()).send(send)
      for (const wrong of [undefined, { Department: '10103.0' }, { ...EncryptionContext, Department: '10103' }])
        expect(await refused(unsealed(CiphertextBlob!, wrong))).toMatchObject({ name: 'InvalidCiphertextException' })
      expect((await unsealed(CiphertextBlob!, EncryptionContext)).bytes.length).toBe(32)
    })

    test('a data key of 1024 bytes is at most 96 bytes longer sealed', async () => {
      const send = new GenerateDataKeyCommand({ KeyId: await freshKey(house()), NumberOfBytes: 1024 })
      const { CiphertextBlob } = await kms(house()).send(send)
      expect(CiphertextBlob!.length).toBeGreaterThan(1024)
      expect(CiphertextBlob!.length).toBeLessThanOrEqual(1024 + 96)
    })

    test('after a rotation new data keys are under the new material; old ones open under theirs', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const send = new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })
      const before = await client.send(send)
      await client.send(new RotateKeyOnDemandCommand({ KeyId }))
      const after = await client.send(send)
      expect(after.KeyMaterialId).toBe(await currentMaterialOf(client, KeyId))
      expect(after.KeyMaterialId).not.toBe(before.KeyMaterialId)
      expect((await unsealed(before.CiphertextBlob!)).KeyMaterialId).toBe(before.KeyMaterialId)
      expect((await unsealed(after.CiphertextBlob!)).KeyMaterialId).toBe(after.KeyMaterialId)
    })

    describe('DryRun', () => {
      dryRunRoom(house, 'GenerateDataKey', input)
    })

    test('Recipient is refused: no plaintext for who asked for a sealed one', async () => {
      const Recipient = {
        KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
        AttestationDocument: Buffer.from('attested'),
      } as const
      const send = new GenerateDataKeyCommand({ KeyId: await freshKey(house()), KeySpec: 'AES_256', Recipient })
      expect(await refused(kms(house()).send(send))).toEqual({
        name: 'UnsupportedOperationException',
        message: 'Recipient is not supported.',
        status: 400,
      })
    })

    test('the trail tells context, size, material and key, and nothing of the data key', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const EncryptionContext = { Purpose: 'test' }
      const send = new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext })
      const { $metadata, CiphertextBlob, KeyMaterialId } = await client.send(send)
      const record = await trailOf(house(), $metadata.requestId!)
      expect(record).toMatchObject({
        eventName: 'GenerateDataKey',
        readOnly: true,
        responseElements: null,
        additionalEventData: { keyMaterialId: KeyMaterialId },
        resources: [{ accountId: alice.account, type: 'AWS::KMS::Key', ARN: arnOfKey(KeyId) }],
      })
      expect(record['requestParameters']).toEqual({
        keyId: KeyId,
        encryptionContext: EncryptionContext,
        keySpec: 'AES_256',
      })
      const { bytes } = await unsealed(CiphertextBlob!, EncryptionContext)
      for (const secret of [bytes, Buffer.from(CiphertextBlob!)])
        for (const encoding of ['base64', 'hex'] as const)
          expect(JSON.stringify(record)).not.toContain(secret.toString(encoding))
    })
  })
})
