import {
  CancelKeyDeletionCommand,
  DecryptCommand,
  EnableKeyCommand,
  GenerateDataKeyCommand,
  RotateKeyOnDemandCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { dryRunRoom, encryptionContextRoom, forgeryRoom, ignoreCiphertextRoom } from '../support/ciphertext-rooms.ts'
import {
  answer,
  base64,
  ciphertextFor,
  ciphertextInaccessible,
  currentMaterialOf,
  dryRunSucceeded,
  incorrectKey,
  invalidCiphertext,
  keyNames,
  namedKey,
  namesRoom,
  opened,
  plain,
  sealed,
  tampered,
  valueNull,
} from '../support/crypto-rooms.ts'
import { alice, bob } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  bobsKey,
  doesNotExist,
  freshKey,
  intoState,
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
const byName = async (KeyId: string) => ({ KeyId, CiphertextBlob: await ciphertextFor(house(), KeyId) })
const byBlob = async (KeyId: string) => ({ CiphertextBlob: await ciphertextFor(house(), KeyId) })
const inaccessible = () => ({ name: ciphertextInaccessible.name, message: ciphertextInaccessible.message })

describe('Decrypt', () => {
  describe('serialization', () => {
    serializationRoom(house, 'Decrypt', byName)
  })
  describe('validation', () => {
    validationRoom(house, 'Decrypt', byName)
    namesRoom(house, 'Decrypt', byName, { aliases: true })

    test.each([
      ['nothing', {}],
      ['a dry run without its modifier', { DryRun: true }],
      ['a dry run with no modifiers', { DryRun: true, DryRunModifiers: [] }],
    ])('%s lacks the ciphertext', async (_, body) => {
      expect(refusalOf(await raw(house(), { operation: 'Decrypt', body }))).toEqual(valueNull('ciphertextBlob'))
    })
  })
  describe('authorization', () => {
    authorizationRoom(house, 'Decrypt', byName)

    test('what lies in another account, in another region, nowhere, or destroyed: all read the same', async () => {
      const KeyId = await freshKey(house())
      const blob = await sealed(kms(house()), KeyId)
      const gone = await freshKey(house())
      const destroyed = await sealed(kms(house()), gone)
      await intoState(house(), gone, 'deleted')
      const body = (CiphertextBlob: Buffer) => ({ CiphertextBlob: base64(CiphertextBlob) })
      const answers = [
        await raw(house(), { operation: 'Decrypt', body: body(blob), person: bob }),
        await raw(house(), { operation: 'Decrypt', body: body(blob), region: 'eu-west-1' }),
        await raw(house(), { operation: 'Decrypt', body: body(tampered(blob, 1)) }),
        await raw(house(), { operation: 'Decrypt', body: body(destroyed) }),
      ]
      const { name, message, status } = ciphertextInaccessible
      const told = { status, json: { __type: name, Message: message } }
      expect(answers.map(plain)).toEqual([told, told, told, told])
      // Nor does the caller's own trail say which key it would have been.
      for (const { requestId } of answers) {
        const record = await trailOf(house(), requestId)
        expect(record['resources']).toBeUndefined()
        expect(JSON.stringify(record)).not.toContain(KeyId)
        expect(JSON.stringify(record)).not.toContain(gone)
      }
    })

    test("with a key of one's own, another account's ciphertext and one of no key at all read the same", async () => {
      const foreign = await sealed(kms(house()), await freshKey(house()))
      const KeyId = await bobsKey(house())
      const asBob = async (blob: Buffer) => {
        const body = { KeyId, CiphertextBlob: base64(blob) }
        return plain(await raw(house(), { operation: 'Decrypt', body, person: bob }))
      }
      const [one, other] = [await asBob(foreign), await asBob(tampered(foreign, 1))]
      expect(one).toEqual(invalidCiphertext)
      expect(other).toEqual(invalidCiphertext)
    })

    test("another account's ciphertext stays shut though the context is right and the key is alive", async () => {
      const client = kms(house())
      const blob = await sealed(client, await freshKey(house()), 'mine', { a: 'b' })
      const send = new DecryptCommand({ CiphertextBlob: blob, EncryptionContext: { a: 'b' } })
      expect(await refused(kms(house(), bob).send(send))).toEqual(ciphertextInaccessible)
      expect((await opened(client, blob, { a: 'b' })).text).toBe('mine')
    })
  })
  describe('state', () => {
    describe('of the key that is named', () => {
      stateRoom(house, 'Decrypt', byName, {
        Enabled: 'ok',
        Disabled: isDisabled,
        PendingDeletion: isPendingDeletion,
        deleted: doesNotExist,
        unknown: doesNotExist,
      })
    })
    describe('of the key that the ciphertext names', () => {
      stateRoom(house, 'Decrypt', byBlob, {
        Enabled: 'ok',
        Disabled: isDisabled,
        PendingDeletion: isPendingDeletion,
        deleted: inaccessible,
        unknown: 'not applicable',
      })
    })

    test('a cancelled deletion loses nothing', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const blob = await sealed(client, KeyId)
      await intoState(house(), KeyId, 'PendingDeletion')
      await client.send(new CancelKeyDeletionCommand({ KeyId }))
      expect(await refused(opened(client, blob))).toEqual({ ...isDisabled(arnOfKey(KeyId)), status: 400 })
      await client.send(new EnableKeyCommand({ KeyId }))
      expect((await opened(client, blob)).text).toBe('attack at dawn')
    })
  })

  describe('function', () => {
    test('the answer is the plaintext, the ARN, the algorithm and the material', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const CiphertextBlob = await sealed(client, KeyId)
      const { status, json } = await raw(house(), {
        operation: 'Decrypt',
        body: { CiphertextBlob: base64(CiphertextBlob) },
      })
      expect({ status, json }).toEqual({
        status: 200,
        json: {
          KeyId: arnOfKey(KeyId),
          Plaintext: base64('attack at dawn'),
          EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
          KeyMaterialId: await currentMaterialOf(client, KeyId),
        },
      })
    })

    test.each(keyNames)('the key may be named by its %s; the answer has its ARN', async (kind) => {
      const { name, arn, keyId } = await namedKey(house(), kind)
      const client = kms(house())
      const CiphertextBlob = await sealed(client, keyId)
      const { Plaintext, ...rest } = await answer(client.send(new DecryptCommand({ KeyId: name, CiphertextBlob })))
      expect(Buffer.from(Plaintext!).toString()).toBe('attack at dawn')
      expect(rest).toEqual({
        KeyId: arn,
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        KeyMaterialId: await currentMaterialOf(client, keyId),
      })
    })

    test('what GenerateDataKey sealed opens', async () => {
      const client = kms(house())
      const send = new GenerateDataKeyCommand({ KeyId: await freshKey(house()), KeySpec: 'AES_256' })
      const { CiphertextBlob, Plaintext } = await client.send(send)
      const back = await client.send(new DecryptCommand({ CiphertextBlob }))
      expect(Buffer.from(back.Plaintext!).equals(Buffer.from(Plaintext!))).toBe(true)
    })

    test('after rotations every ciphertext opens under the material that it was made with', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const made: { text: string; blob: Buffer; KeyMaterialId: string }[] = []
      for (const text of ['first', 'second', 'third', 'fourth']) {
        made.push({
          text,
          blob: await sealed(client, KeyId, text),
          KeyMaterialId: await currentMaterialOf(client, KeyId),
        })
        await client.send(new RotateKeyOnDemandCommand({ KeyId }))
      }
      expect(new Set(made.map(({ KeyMaterialId }) => KeyMaterialId)).size).toBe(4)
      for (const { text, blob, KeyMaterialId } of made)
        expect(await opened(client, blob)).toEqual({ text, KeyMaterialId })
    })

    test('a house that was closed and opened again opens what it sealed before', async () => {
      const KeyId = await freshKey(house())
      const blob = await sealed(kms(house()), KeyId, 'before', { when: 'before' })
      await kms(house()).send(new RotateKeyOnDemandCommand({ KeyId }))
      await house().restart()
      expect((await opened(kms(house()), blob, { when: 'before' })).text).toBe('before')
    })

    describe('the encryption context', () => {
      encryptionContextRoom(house)
    })
    describe('a ciphertext', () => {
      forgeryRoom(house)
    })

    describe('another key than the one it is under', () => {
      test('is incorrect, in the recorded words', async () => {
        const client = kms(house())
        const CiphertextBlob = await sealed(client, await freshKey(house()))
        const KeyId = await freshKey(house())
        expect(await refused(client.send(new DecryptCommand({ KeyId, CiphertextBlob })))).toEqual(incorrectKey)
      })

      test('is incorrect before the algorithm is, and before the ciphertext is opened', async () => {
        const client = kms(house())
        const [right, wrong] = [await freshKey(house()), await freshKey(house())]
        const CiphertextBlob = await sealed(client, right)
        const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256'
        const send = (KeyId: string, blob: Buffer) =>
          refused(client.send(new DecryptCommand({ KeyId, CiphertextBlob: blob, EncryptionAlgorithm })))
        expect(await send(wrong, CiphertextBlob)).toEqual(incorrectKey)
        expect(await send(wrong, tampered(CiphertextBlob, CiphertextBlob.length - 1))).toEqual(incorrectKey)
        expect(await send(right, CiphertextBlob)).toEqual({
          name: 'InvalidKeyUsageException',
          message: 'Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.',
          status: 400,
        })
      })

      test('is incorrect also by an alias that has moved on', async () => {
        const client = kms(house())
        const CiphertextBlob = await sealed(client, await freshKey(house()))
        const { name } = await namedKey(house(), 'alias name')
        expect(await refused(client.send(new DecryptCommand({ KeyId: name, CiphertextBlob })))).toEqual(incorrectKey)
      })
    })

    describe('DryRun', () => {
      dryRunRoom(house, 'Decrypt', byName)
      ignoreCiphertextRoom(house, 'Decrypt', byName, 'KeyId')

      test('of a request that would have failed is refused as it would have been', async () => {
        const KeyId = await freshKey(house())
        const CiphertextBlob = base64(await sealed(kms(house()), KeyId, 'x', { a: 'b' }))
        const dry = (more: object) =>
          raw(house(), {
            operation: 'Decrypt',
            body: { CiphertextBlob, EncryptionContext: { a: 'b' }, DryRun: true, ...more },
          })
        expect(refusalOf(await dry({}))).toEqual(dryRunSucceeded)
        expect(plain(await dry({ EncryptionContext: { a: 'c' } }))).toEqual(invalidCiphertext)
        expect(plain(await dry({ CiphertextBlob: base64('garbage') }))).toEqual(invalidCiphertext)
        expect(refusalOf(await dry({ KeyId: await freshKey(house()) }))).toEqual(incorrectKey)
        expect(refusalOf(await dry({ KeyId: 'alias/nowhere' })).name).toBe('NotFoundException')
      })
    })

    test('Recipient is refused: no plaintext for who asked for a sealed one', async () => {
      const CiphertextBlob = await sealed(kms(house()), await freshKey(house()))
      const Recipient = {
        KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
        AttestationDocument: Buffer.from('attested'),
      } as const
      const send = new DecryptCommand({ CiphertextBlob, Recipient })
      expect(await refused(kms(house()).send(send))).toEqual({
        name: 'UnsupportedOperationException',
        message: 'Recipient is not supported.',
        status: 400,
      })
    })

    test('the trail tells context, algorithm, material and key, and nothing of plaintext or ciphertext', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const EncryptionContext = { Purpose: 'test' }
      const CiphertextBlob = await sealed(client, KeyId, 'attack at dawn', EncryptionContext)
      const { $metadata } = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))
      const record = await trailOf(house(), $metadata.requestId!)
      expect(record).toMatchObject({
        eventName: 'Decrypt',
        readOnly: true,
        responseElements: null,
        additionalEventData: { keyMaterialId: await currentMaterialOf(client, KeyId) },
        resources: [{ accountId: alice.account, type: 'AWS::KMS::Key', ARN: arnOfKey(KeyId) }],
      })
      expect(record['requestParameters']).toEqual({
        encryptionContext: EncryptionContext,
        encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      })
      const secrets = ['attack at dawn', CiphertextBlob.toString(), CiphertextBlob.toString('hex')]
      for (const secret of [...secrets, base64('attack at dawn'), base64(CiphertextBlob)])
        expect(JSON.stringify(record)).not.toContain(secret)
    })
  })
})
