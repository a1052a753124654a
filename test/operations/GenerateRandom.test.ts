import { GenerateRandomCommand } from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { answer } from '../support/crypto-rooms.ts'
import { bob } from '../support/house.ts'
import {
  type State,
  authorizationRoom,
  freshKey,
  intoState,
  kms,
  openHouse,
  raw,
  refusalOf,
  refused,
  serializationRoom,
  trailOf,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = () => ({ NumberOfBytes: 32 })
const bytesOf = async (NumberOfBytes: number, client = kms(house())) => {
  const { Plaintext } = await client.send(new GenerateRandomCommand({ NumberOfBytes }))
  return Buffer.from(Plaintext!)
}

describe('GenerateRandom', () => {
  describe('serialization', () => {
    serializationRoom(house, 'GenerateRandom', input)
  })
  describe('validation', () => {
    validationRoom(house, 'GenerateRandom', input)

    test.each([{}, { NumberOfBytes: null }])('how many bytes must be told (%j)', async (body) => {
      expect(refusalOf(await raw(house(), { operation: 'GenerateRandom', body }))).toEqual({
        name: 'ValidationException',
        message: 'NumberOfBytes is required.',
        status: 400,
      })
    })
    test.each([
      [
        0,
        "Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must have value greater than or equal to 1",
      ],
      [
        1025,
        "Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024",
      ],
    ])('%d bytes are refused in the recorded words', async (NumberOfBytes, words) => {
      expect(await refused(kms(house()).send(new GenerateRandomCommand({ NumberOfBytes })))).toEqual({
        name: 'ValidationException',
        message: `1 validation error detected: ${words}`,
        status: 400,
      })
    })
  })
  describe('authorization', () => {
    authorizationRoom(house, 'GenerateRandom', input)

    test('any account may ask', async () => {
      expect((await bytesOf(16, kms(house(), bob))).length).toBe(16)
    })
  })
  describe('state', () => {
    test.each<State>(['Disabled', 'PendingDeletion', 'deleted'])(
      'needs no key: one that is %s is not in its way',
      async (state) => {
        await intoState(house(), await freshKey(house()), state)
        expect((await bytesOf(8)).length).toBe(8)
      },
    )
  })

  describe('function', () => {
    test.each([1, 2, 31, 32, 1023, 1024])('%d bytes are as many', async (NumberOfBytes) => {
      const made = await answer(kms(house()).send(new GenerateRandomCommand({ NumberOfBytes })))
      expect(Object.keys(made)).toEqual(['Plaintext'])
      expect(made.Plaintext!.length).toBe(NumberOfBytes)
    })

    test('they are other bytes every time', async () => {
      const made = await Promise.all(Array.from({ length: 50 }, () => bytesOf(16)))
      expect(new Set(made.map((bytes) => bytes.toString('hex'))).size).toBe(50)
    })

    test('every bit is as often set as not', async () => {
      const bytes = Buffer.concat(await Promise.all(Array.from({ length: 64 }, () => bytesOf(1024))))
      // 65,536 throws of each bit: six standard deviations, 768, are never seen in a lifetime.
      for (let bit = 0; bit < 8; bit++) {
        const set = bytes.reduce((sum, byte) => sum + ((byte >> bit) & 1), 0)
        expect(Math.abs(set - bytes.length / 2)).toBeLessThan(768)
      }
    })

    test('a custom key store is not found', async () => {
      const send = new GenerateRandomCommand({ NumberOfBytes: 8, CustomKeyStoreId: 'cks-1234567890abcdef0' })
      expect((await refused(kms(house()).send(send))).name).toBe('CustomKeyStoreNotFoundException')
    })

    test('Recipient is refused: no plaintext for who asked for a sealed one', async () => {
      const Recipient = {
        KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
        AttestationDocument: Buffer.from('attested'),
      } as const
      expect(await refused(kms(house()).send(new GenerateRandomCommand({ NumberOfBytes: 8, Recipient })))).toEqual({
        name: 'UnsupportedOperationException',
        message: 'Recipient is not supported.',
        status: 400,
      })
    })

    test('the trail tells how many, no key, and none of them', async () => {
      const { $metadata, Plaintext } = await kms(house()).send(new GenerateRandomCommand({ NumberOfBytes: 32 }))
      const record = await trailOf(house(), $metadata.requestId!)
      expect(record).toMatchObject({ eventName: 'GenerateRandom', readOnly: true, responseElements: null })
      expect(record['requestParameters']).toEqual({ numberOfBytes: 32 })
      expect(record['resources']).toBeUndefined()
      for (const encoding of ['base64', 'hex'] as const)
        expect(JSON.stringify(record)).not.toContain(Buffer.from(Plaintext!).toString(encoding))
    })
  })
})
