import { WireFault } from '../fault.ts'
import { blob, boolean, enumeration, list, map, shape, string, structure, type Fields, type Shape } from '../shape.ts'

/** What the tests of shapes share. */

export const encrypt = shape({
  KeyId: string({ min: 1, max: 2048 }),
  Plaintext: blob({ min: 1, max: 4096, sensitive: true }),
  EncryptionContext: map().optional(),
  GrantTokens: list(string({ min: 1, max: 8192 }), { min: 0, max: 10 }).optional(),
  EncryptionAlgorithm: enumeration(['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_1']).default('SYMMETRIC_DEFAULT'),
  DryRun: boolean().optional(),
})
export const tagging = shape({
  Tags: list(structure({ TagKey: string({ min: 1, max: 128 }), TagValue: string({ min: 0, max: 256 }) })),
})

export const refusal = (of: Shape, json: unknown): readonly [code: string, message: string] => {
  try {
    of.parse(json)
  } catch (error) {
    if (error instanceof WireFault && error.status === 400) return [error.code, error.message]
    throw error
  }
  throw new Error('it was accepted')
}
export const one = (fields: Fields, json: unknown) => refusal(shape(fields), json)
export const detected = (...violations: string[]) => [
  'ValidationException',
  `${violations.length} validation error${violations.length === 1 ? '' : 's'} detected: ${violations.join('; ')}`,
]
export const malformed = (message: string) => ['SerializationException', message]
