import {
  CreateAliasCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateRandomCommand,
  GetKeyLastUsageCommand,
  type KMSClient,
  ListKeyRotationsCommand,
  ReEncryptCommand,
  RotateKeyOnDemandCommand,
  TagResourceCommand,
  UpdateKeyDescriptionCommand,
} from '@aws-sdk/client-kms'
import { trailStream } from '@keyledger/keys'
import { describe, expect, test } from 'vitest'
import { answer, namesRoom, sealed, tampered } from '../support/crypto-rooms.ts'
import {
  arnOfKey,
  authorizationRoom,
  day,
  doesNotExist,
  freshKey,
  intoState,
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
const Plaintext = Buffer.from('attack at dawn')
const usageOf = async (KeyId: string) =>
  (await answer(kms(house()).send(new GetKeyLastUsageCommand({ KeyId })))).KeyLastUsage

interface Sent {
  readonly $metadata: { readonly requestId?: string | undefined }
}
/** What GetKeyLastUsage has to say after the request, taken from the request's own record on the trail. */
const toldBy = async ({ $metadata }: Sent) => {
  const { eventName, eventID, requestID } = await trailOf(house(), $metadata.requestId!)
  expect(requestID).toBe($metadata.requestId)
  return {
    Operation: eventName,
    Timestamp: new Date(house().clock.now()),
    CloudTrailEventId: eventID,
    KmsRequestId: requestID,
  }
}

type Use = (client: KMSClient, KeyId: string, CiphertextBlob: Buffer) => Promise<Sent>
const uses: Readonly<Record<string, Use>> = {
  Encrypt: (client, KeyId) => client.send(new EncryptCommand({ KeyId, Plaintext })),
  Decrypt: (client, _, CiphertextBlob) => client.send(new DecryptCommand({ CiphertextBlob })),
  GenerateDataKey: (client, KeyId) => client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })),
  GenerateDataKeyWithoutPlaintext: (client, KeyId) =>
    client.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, NumberOfBytes: 8 })),
  ReEncrypt: (client, KeyId, CiphertextBlob) =>
    client.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: KeyId })),
}

describe('GetKeyLastUsage', () => {
  describe('serialization', () => {
    serializationRoom(house, 'GetKeyLastUsage', input)
  })
  describe('validation', () => {
    validationRoom(house, 'GetKeyLastUsage', input)
    namesRoom(house, 'GetKeyLastUsage', input)
  })
  describe('authorization', () => {
    authorizationRoom(house, 'GetKeyLastUsage', input)
  })
  describe('state', () => {
    stateRoom(house, 'GetKeyLastUsage', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: 'ok',
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test('a key that was never used has an empty KeyLastUsage, tracked since it was made', async () => {
      const KeyId = await freshKey(house())
      const made = house().clock.now() / 1000
      await house().pass(day)
      const { status, json } = await raw(house(), { operation: 'GetKeyLastUsage', body: { KeyId } })
      expect({ status, json }).toEqual({
        status: 200,
        json: { KeyId: arnOfKey(KeyId), KeyLastUsage: {}, TrackingStartDate: made, KeyCreationDate: made },
      })
    })

    test.each(Object.entries(uses))('after %s it is that, with the ids of its record on the trail', async (_, use) => {
      const KeyId = await freshKey(house())
      const blob = await sealed(kms(house()), KeyId)
      const CreationDate = new Date(house().clock.now())
      house().clock.leap(90_000)
      const told = await toldBy(await use(kms(house()), KeyId, blob))
      house().clock.leap(60_000)
      expect(await answer(kms(house()).send(new GetKeyLastUsageCommand({ KeyId })))).toEqual({
        KeyId: arnOfKey(KeyId),
        KeyLastUsage: { ...told, Timestamp: new Date(CreationDate.getTime() + 90_000) },
        TrackingStartDate: CreationDate,
        KeyCreationDate: CreationDate,
      })
    })

    test('the last use wins, whoever named the key how', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const AliasName = 'alias/last-usage'
      await client.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyId }))
      const all: object[] = []
      for (const name of [KeyId, arnOfKey(KeyId), AliasName, arnOfKey(KeyId).replace(`key/${KeyId}`, AliasName)]) {
        all.push(await toldBy(await client.send(new EncryptCommand({ KeyId: name, Plaintext }))))
        expect(await usageOf(KeyId)).toEqual(all.at(-1))
      }
      expect(new Set(all.map((told) => JSON.stringify(told))).size).toBe(4)
    })

    test('ReEncrypt marks both keys, with one and the same record', async () => {
      const client = kms(house())
      const [source, DestinationKeyId] = [await freshKey(house()), await freshKey(house())]
      const CiphertextBlob = await sealed(client, source)
      const told = await toldBy(await client.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId })))
      expect(told.Operation).toBe('ReEncrypt')
      expect([await usageOf(source), await usageOf(DestinationKeyId)]).toEqual([told, told])
    })

    test('what only reads or manages the key is no use of it', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      await client.send(new DescribeKeyCommand({ KeyId }))
      await client.send(new ListKeyRotationsCommand({ KeyId }))
      await client.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] }))
      await client.send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'described' }))
      await client.send(new RotateKeyOnDemandCommand({ KeyId }))
      await client.send(new GenerateRandomCommand({ NumberOfBytes: 8 }))
      await client.send(new GetKeyLastUsageCommand({ KeyId }))
      expect(await usageOf(KeyId)).toEqual({})
    })

    test('what was refused, or only tried, is no use of it', async () => {
      const client = kms(house())
      const KeyId = await freshKey(house())
      const blob = await sealed(client, KeyId)
      const last = await usageOf(KeyId)
      expect(last).toMatchObject({ Operation: 'Encrypt' })
      const attempts = [
        new DecryptCommand({ KeyId, CiphertextBlob: tampered(blob, blob.length - 1) }),
        new DecryptCommand({ CiphertextBlob: blob, EncryptionContext: { a: 'b' } }),
        new DecryptCommand({ CiphertextBlob: blob, DryRun: true }),
      ]
      for (const attempt of attempts) await refused(client.send(attempt))
      await refused(client.send(new EncryptCommand({ KeyId, Plaintext, EncryptionAlgorithm: 'SM2PKE' })))
      await refused(client.send(new GenerateDataKeyCommand({ KeyId })))
      await intoState(house(), KeyId, 'Disabled')
      await refused(client.send(new EncryptCommand({ KeyId, Plaintext })))
      expect(await usageOf(KeyId)).toEqual(last)
    })

    test('each key has its own', async () => {
      const client = kms(house())
      const [one, other] = [await freshKey(house()), await freshKey(house())]
      const told = await toldBy(await client.send(new EncryptCommand({ KeyId: one, Plaintext })))
      expect([await usageOf(one), await usageOf(other)]).toEqual([told, {}])
    })

    test('a house that was closed and opened again still knows', async () => {
      const KeyId = await freshKey(house())
      const never = await freshKey(house())
      const told = await toldBy(await kms(house()).send(new EncryptCommand({ KeyId, Plaintext })))
      await house().restart()
      expect([await usageOf(KeyId), await usageOf(never)]).toEqual([told, {}])
      await house().pass(day)
      await house().restart()
      expect([await usageOf(KeyId), await usageOf(never)]).toEqual([told, {}])
      const later = await toldBy(await uses['GenerateDataKey']!(kms(house()), KeyId, Buffer.alloc(0)))
      expect(await usageOf(KeyId)).toEqual(later)
    })

    test('a use whose record is not on the trail any more is told by its time, and not as if there had been none', async () => {
      const KeyId = await freshKey(house())
      const never = await freshKey(house())
      const { Timestamp } = await toldBy(await kms(house()).send(new EncryptCommand({ KeyId, Plaintext })))
      const [, region, account] = /^arn:aws:kms:(.*):(.*):/.exec(arnOfKey(KeyId))!
      await house().pass(day)
      await house().house.log.erase(trailStream(region!, account!, Timestamp.toISOString().slice(0, 10)))
      expect([await usageOf(KeyId), await usageOf(never)]).toEqual([{ Timestamp }, {}])
    })
  })
})
