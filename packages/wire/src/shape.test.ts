import { describe as group, expect, test } from 'vitest'
import { boolean, describe, integer, list, map, shape, string, structure, timestamp } from './shape.ts'
import { encrypt, tagging, refusal, one, detected, malformed } from './shape/testing.ts'

group('an input', () => {
  test('comes out typed, with defaults, blobs as bytes and without what nobody asked for', () => {
    expect(encrypt.parse({ KeyId: 'alias/app', Plaintext: 'aGVsbG8=', Unknown: { deep: [1] }, __type: 'x' })).toEqual({
      KeyId: 'alias/app',
      Plaintext: Buffer.from('hello'),
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    })
    const full = {
      KeyId: 'k',
      Plaintext: 'AA==',
      EncryptionContext: { a: 'b' },
      GrantTokens: ['t'],
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
      DryRun: true,
    }
    expect(encrypt.parse(full)).toEqual({ ...full, Plaintext: Buffer.from([0]) })
  })

  test('may say null for what it may leave out', () => {
    const nulls = { EncryptionContext: null, GrantTokens: null, EncryptionAlgorithm: null, DryRun: null }
    expect(encrypt.parse({ KeyId: 'k', Plaintext: 'AA==', ...nulls })).toEqual({
      KeyId: 'k',
      Plaintext: Buffer.from([0]),
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    })
    const nested = shape({ A: structure({ B: string().optional() }).optional() })
    expect(nested.parse({ A: { B: null } })).toEqual({ A: {} })
  })

  test('may not leave out or null what is required', () => {
    const missing = detected(
      "Value null at 'keyId' failed to satisfy constraint: Member must not be null",
      "Value null at 'plaintext' failed to satisfy constraint: Member must not be null",
    )
    expect(refusal(encrypt, {})).toEqual(missing)
    expect(refusal(encrypt, { KeyId: null, Plaintext: null })).toEqual(missing)
    expect(one({ A: list(string()), B: map(), C: structure({}), D: integer(), E: boolean() }, {})).toEqual(
      detected(
        ...['a', 'b', 'c', 'd', 'e'].map(
          (name) => `Value null at '${name}' failed to satisfy constraint: Member must not be null`,
        ),
      ),
    )
  })

  test('is an object', () => {
    for (const json of [[], [{}]])
      expect(refusal(encrypt, json)).toEqual(malformed('Start of list found where not expected'))
    for (const json of ['x', 1, true]) expect(refusal(encrypt, json)).toEqual(malformed('Expected null'))
    expect(refusal(encrypt, null)[0]).toBe('ValidationException')
  })

  test('is told all that is wrong with it at once', () => {
    expect(refusal(encrypt, { KeyId: '', Plaintext: '', EncryptionAlgorithm: 'ROT13' })).toEqual(
      detected(
        "Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1",
        "Value at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1",
        "Value 'ROT13' at 'encryptionAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [SYMMETRIC_DEFAULT, RSAES_OAEP_SHA_1]",
      ),
    )
  })

  test('of another JSON type is told that first', () => {
    expect(refusal(encrypt, { KeyId: '', Plaintext: 5 })).toEqual(
      malformed('NUMBER_VALUE can not be converted to a Blob'),
    )
  })
})

group('a description', () => {
  test("has the form of AWS's models", () => {
    expect(describe(encrypt)).toEqual({
      KeyId: { type: 'string', min: 1, max: 2048, required: true },
      Plaintext: { type: 'blob', min: 1, max: 4096, sensitive: true, required: true },
      EncryptionContext: { type: 'map', key: { type: 'string' }, value: { type: 'string' }, required: false },
      GrantTokens: { type: 'list', member: { type: 'string', min: 1, max: 8192 }, min: 0, max: 10, required: false },
      EncryptionAlgorithm: { type: 'string', enum: ['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_1'], required: false },
      DryRun: { type: 'boolean', required: false },
    })
    expect(describe(tagging)).toEqual({
      Tags: {
        type: 'list',
        required: true,
        member: {
          type: 'structure',
          fields: {
            TagKey: { type: 'string', min: 1, max: 128, required: true },
            TagValue: { type: 'string', min: 0, max: 256, required: true },
          },
        },
      },
    })
    expect(describe(shape({ N: integer({ min: 1 }).optional(), T: timestamp() }))).toEqual({
      N: { type: 'number', min: 1, required: false },
      T: { type: 'timestamp', required: true },
    })
  })

  test('is not guessed of what is no member', async () => {
    const { z } = await import('zod')
    expect(() => shape({ A: z.string() })).toThrow(TypeError)
  })
})
