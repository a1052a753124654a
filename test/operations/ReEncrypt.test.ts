import { GetKeyLastUsageCommand, ReEncryptCommand, RotateKeyOnDemandCommand } from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { dryRunRoom, ignoreCiphertextRoom } from '../support/ciphertext-rooms.ts'
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
const from = async (KeyId: string) => ({
  SourceKeyId: KeyId,
  CiphertextBlob: await ciphertextFor(house(), KeyId),
  DestinationKeyId: await freshKey(house()),
})
const fromBlob = async (KeyId: string) => {
  const { SourceKeyId: _, ...rest } = await from(KeyId)
  return rest
}
const to = async (KeyId: string) => {
  const SourceKeyId = await freshKey(house())
  return { SourceKeyId, CiphertextBlob: await ciphertextFor(house(), SourceKeyId), DestinationKeyId: KeyId }
}
const inaccessible = () => ({ name: ciphertextInaccessible.name, message: ciphertextInaccessible.message })

describe('ReEncrypt', () => {
  describe('serialization', () => {
    serializationRoom(house, 'ReEncrypt', from)
  })
  describe('validation', () => {
    validationRoom(house, 'ReEncrypt', from)
    namesRoom(house, 'ReEncrypt', from, { member: 'SourceKeyId', aliases: true })
    namesRoom(house, 'ReEncrypt', to, { member: 'DestinationKeyId', aliases: true })

    test.each([
      ['nothing else', {}],
      ['a dry run without its modifier', { DryRun: true }],
      ['a dry run with no modifiers', { DryRun: true, DryRunModifiers: [] }],
    ])('a destination and %s lack the ciphertext', async (_, more) => {
      const body = { DestinationKeyId: await freshKey(house()), ...more }
      expect(refusalOf(await raw(house(), { operation: 'ReEncrypt', body }))).toEqual(valueNull('ciphertextBlob'))
    })
  })
  describe('authorization', () => {
    describe('to the destination', () => {
      authorizationRoom(house, 'ReEncrypt', to, { members: ['DestinationKeyId'], action: () => 'kms:ReEncryptTo' })
    })
    describe('from the source', () => {
      authorizationRoom(
        house,
        'ReEncrypt',
        async (KeyId) => ({ ...(await from(KeyId)), DestinationKeyId: await bobsKey(house()) }),
        { members: ['SourceKeyId'], action: () => 'kms:ReEncryptFrom' },
      )
    })

    test('what lies in another account, in another region, nowhere, or destroyed: all read the same', async () => {
      const KeyId = await freshKey(house())
      const blob = await sealed(kms(house()), KeyId)
      const gone = await freshKey(house())
      const destroyed = await sealed(kms(house()), gone)
      await intoState(house(), gone, 'deleted')
      const asked = async (CiphertextBlob: Buffer, more: object = {}, DestinationKeyId?: string) => {
        const body = {
          CiphertextBlob: base64(CiphertextBlob),
          DestinationKeyId: DestinationKeyId ?? (await freshKey(house())),
        }
        return raw(house(), { operation: 'ReEncrypt', body, ...more })
      }
      const abroad = await raw(house(), { operation: 'CreateKey', region: 'eu-west-1' })
      const there = (abroad.json!['KeyMetadata'] as { KeyId: string }).KeyId
      const answers = [
        await asked(blob, { person: bob }, await bobsKey(house())),
        await asked(blob, { region: 'eu-west-1' }, there),
        await asked(tampered(blob, 1)),
        await asked(destroyed),
      ]
      expect(answers.map(refusalOf)).toEqual(Array.from({ length: 4 }, () => ciphertextInaccessible))
      for (const { requestId } of answers) {
        const record = JSON.stringify(await trailOf(house(), requestId))
        expect(record).not.toContain(KeyId)
        expect(record).not.toContain(gone)
      }
    })
  })
  describe('state', () => {
    const states = {
      Enabled: 'ok',
      Disabled: isDisabled,
      PendingDeletion: isPendingDeletion,
      deleted: doesNotExist,
      unknown: doesNotExist,
    } as const
    describe('of the source by name', () => {
      stateRoom(house, 'ReEncrypt', from, states)
    })
    describe('of the source by its ciphertext', () => {
      stateRoom(house, 'ReEncrypt', fromBlob, { ...states, deleted: inaccessible, unknown: 'not applicable' })
    })
    describe('of the destination', () => {
      stateRoom(house, 'ReEncrypt', to, states)
    })
  })

  describe('function', () => {
    test('the answer names both keys, algorithms and materials, and has no plaintext', async () => {
      const client = kms(house())
      const body = await from(await freshKey(house()))
      const { status, json } = await raw(house(), { operation: 'ReEncrypt', body })
      expect({ status, json }).toEqual({
        status: 200,
        json: {
          CiphertextBlob: expect.any(String) as string,
          SourceKeyId: arnOfKey(body.SourceKeyId),
          KeyId: arnOfKey(body.DestinationKeyId),
          SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
          DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
          SourceKeyMaterialId: await currentMaterialOf(client, body.SourceKeyId),
          DestinationKeyMaterialId: await currentMaterialOf(client, body.DestinationKeyId),
        },
      })
      expect(await opened(client, Buffer.from(json!['CiphertextBlob'] as string, 'base64'))).toEqual({
        text: 'x',
        KeyMaterialId: await currentMaterialOf(client, body.DestinationKeyId),
      })
    })

    test.each(keyNames)('both keys may be named by their %s; the answer has their ARNs', async (kind) => {
      const client = kms(house())
      const [source, destination] = [await namedKey(house(), kind), await namedKey(house(), kind)]
      const send = new ReEncryptCommand({
        CiphertextBlob: await sealed(client, source.keyId),
        SourceKeyId: source.name,
        DestinationKeyId: destination.name,
      })
      const { SourceKeyId, KeyId } = await client.send(send)
      expect({ SourceKeyId, KeyId }).toEqual({ SourceKeyId: source.arn, KeyId: destination.arn })
    })

    test('the source need not be named', async () => {
      const client = kms(house())
      const source = await freshKey(house())
      const CiphertextBlob = await sealed(client, source)
      const send = new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: await freshKey(house()) })
      expect((await client.send(send)).SourceKeyId).toBe(arnOfKey(source))
    })

    test('each side has its own encryption context', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const blob = await sealed(client, KeyId, 'attack at dawn', { owner: 'alice', 'aws-crypto-public-key': 'A' })
      const body = {
        CiphertextBlob: base64(blob),
        SourceEncryptionContext: { 'aws-crypto-public-key': 'A', owner: 'alice' },
        DestinationKeyId: KeyId,
        DestinationEncryptionContext: { owner: 'bob' },
      }
      const asked = (more: object) => raw(house(), { operation: 'ReEncrypt', body: { ...body, ...more } })
      expect(plain(await asked({ SourceEncryptionContext: { owner: 'alice' } }))).toEqual(invalidCiphertext)
      expect(plain(await asked({ SourceEncryptionContext: null }))).toEqual(invalidCiphertext)
      const { json } = await asked({})
      const moved = Buffer.from(json!['CiphertextBlob'] as string, 'base64')
      expect((await opened(client, moved, { owner: 'bob' })).text).toBe('attack at dawn')
      expect((await refused(opened(client, moved, { owner: 'alice' }))).name).toBe('InvalidCiphertextException')
      expect((await refused(opened(client, moved))).name).toBe('InvalidCiphertextException')
    })

    test("moves a ciphertext to its key's current material", async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const before = await currentMaterialOf(client, KeyId)
      const CiphertextBlob = await sealed(client, KeyId)
      await client.send(new RotateKeyOnDemandCommand({ KeyId }))
      await client.send(new RotateKeyOnDemandCommand({ KeyId }))
      const now = await currentMaterialOf(client, KeyId)
      const moved = await client.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: KeyId }))
      expect([moved.SourceKeyMaterialId, moved.DestinationKeyMaterialId]).toEqual([before, now])
      expect(before).not.toBe(now)
      expect(await opened(client, moved.CiphertextBlob!)).toEqual({ text: 'attack at dawn', KeyMaterialId: now })
      expect((await opened(client, CiphertextBlob)).KeyMaterialId).toBe(before)
    })

    test('4096 bytes of plaintext can be moved as often as one likes and stay as long', async () => {
      const client = kms(house())
      const DestinationKeyId = await freshKey(house())
      const text = 'y'.repeat(4096)
      const first = await sealed(client, await freshKey(house()), text)
      let blob: Uint8Array = first
      for (let times = 0; times < 5; times++)
        blob = (await client.send(new ReEncryptCommand({ CiphertextBlob: blob, DestinationKeyId }))).CiphertextBlob!
      expect(blob.length).toBe(first.length)
      expect((await opened(client, blob)).text).toBe(text)
    })

    test('another source key than the one it is under is incorrect, before the algorithms are looked at', async () => {
      const client = kms(house())
      const send = new ReEncryptCommand({
        CiphertextBlob: await sealed(client, await freshKey(house())),
        SourceKeyId: await freshKey(house()),
        DestinationKeyId: await freshKey(house()),
        SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
        DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
      })
      expect(await refused(client.send(send))).toEqual(incorrectKey)
    })

    test.each(['SourceEncryptionAlgorithm', 'DestinationEncryptionAlgorithm'])(
      'a %s of another family is incompatible',
      async (member) => {
        const body = { ...(await from(await freshKey(house()))), [member]: 'RSAES_OAEP_SHA_1' }
        expect(refusalOf(await raw(house(), { operation: 'ReEncrypt', body }))).toEqual({
          name: 'InvalidKeyUsageException',
          message: 'Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT.',
          status: 400,
        })
      },
    )

    test('garbage is refused without a word', async () => {
      const good = await from(await freshKey(house()))
      const asked = async (CiphertextBlob: Buffer) =>
        plain(await raw(house(), { operation: 'ReEncrypt', body: { ...good, CiphertextBlob: base64(CiphertextBlob) } }))
      const blob = Buffer.from(good.CiphertextBlob, 'base64')
      for (const wrong of [
        Buffer.from('garbage'),
        tampered(blob, blob.length - 1),
        blob.subarray(1),
        Buffer.alloc(6144),
      ])
        expect(await asked(wrong)).toEqual(invalidCiphertext)
    })

    describe('DryRun', () => {
      describe('from a source', () => {
        dryRunRoom(house, 'ReEncrypt', from)
      })
      describe('to a destination', () => {
        dryRunRoom(house, 'ReEncrypt', to)
      })
      ignoreCiphertextRoom(house, 'ReEncrypt', from, 'SourceKeyId', ['SourceKeyId', 'DestinationKeyId'])

      test('of a request that would have failed is refused as it would have been', async () => {
        const good = { ...(await from(await freshKey(house()))), DryRun: true }
        const dry = (more: object) => raw(house(), { operation: 'ReEncrypt', body: { ...good, ...more } })
        expect(refusalOf(await dry({}))).toEqual(dryRunSucceeded)
        expect(plain(await dry({ SourceEncryptionContext: { a: 'b' } }))).toEqual(invalidCiphertext)
        expect(refusalOf(await dry({ SourceKeyId: await freshKey(house()) }))).toEqual(incorrectKey)
        expect(refusalOf(await dry({ DestinationKeyId: 'alias/nowhere' })).name).toBe('NotFoundException')
      })
    })

    test('a refused one leaves both keys unused', async () => {
      const client = kms(house())
      const [source, DestinationKeyId] = [await freshKey(house()), await freshKey(house())]
      const CiphertextBlob = tampered(await sealed(client, source), 80)
      const { KeyLastUsage: before } = await client.send(new GetKeyLastUsageCommand({ KeyId: source }))
      await refused(client.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId })))
      expect((await client.send(new GetKeyLastUsageCommand({ KeyId: source }))).KeyLastUsage).toEqual(before)
      expect((await client.send(new GetKeyLastUsageCommand({ KeyId: DestinationKeyId }))).KeyLastUsage).toEqual({})
    })

    test('the trail lists the source, then the destination, and both contexts', async () => {
      const client = kms(house())
      const [source, DestinationKeyId] = [await freshKey(house()), await freshKey(house())]
      const send = new ReEncryptCommand({
        CiphertextBlob: await sealed(client, source, 'attack at dawn', { from: 'here' }),
        SourceEncryptionContext: { from: 'here' },
        DestinationKeyId,
        DestinationEncryptionContext: { to: 'there' },
      })
      const { $metadata, ...rest } = await client.send(send)
      expect((await answer(client.send(send))).KeyId).toBe(rest.KeyId)
      const record = await trailOf(house(), $metadata.requestId!)
      const resource = (id: string) => ({ accountId: alice.account, type: 'AWS::KMS::Key', ARN: arnOfKey(id) })
      expect(record).toMatchObject({ eventName: 'ReEncrypt', readOnly: true, responseElements: null })
      expect(record['resources']).toEqual([resource(source), resource(DestinationKeyId)])
      expect(record['requestParameters']).toEqual({
        sourceEncryptionContext: { from: 'here' },
        sourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        destinationKeyId: DestinationKeyId,
        destinationEncryptionContext: { to: 'there' },
        destinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      })
    })
  })
})
