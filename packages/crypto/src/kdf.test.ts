import { createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import vectors from '../../../test/vectors/kdf-sp800-108.json' with { type: 'json' }
import { derivedKey, kdf, kdfOverFixedInput, keyDeriver, secretKey } from './kdf.ts'
import { MacKey } from './mac.ts'

const hex = (text: string) => Buffer.from(text, 'hex')

describe('the SP 800-108 KDF in counter mode', () => {
  it.each(vectors.cavp.cases)('agrees with NIST CAVP, $bits bits, COUNT=$count', (vector) => {
    const derived = kdfOverFixedInput(createSecretKey(hex(vector.key)), hex(vector.fixedInput), vector.bits / 8)
    expect(derived.toString('hex')).toBe(vector.derived)
  })

  it.each(vectors.labelled.cases)(
    'puts label, context and length together as others do: $label, $length bytes',
    (vector) => {
      const derived = kdf(createSecretKey(hex(vector.key)), vector.label, hex(vector.context), vector.length)
      expect(derived.toString('hex')).toBe(vector.derived)
    },
  )

  it('has all 40 of the CAVP cases to agree with', () => {
    expect(vectors.cavp.cases).toHaveLength(40)
  })

  it.each([0, -1, 1.5, 255 * 32 + 1])('derives no %s bytes', (length) => {
    expect(() => kdf(createSecretKey(Buffer.alloc(32)), 'label', undefined, length)).toThrow(RangeError)
  })

  it('wipes the bytes that it makes a key of', () => {
    const bytes = Buffer.alloc(32, 7)
    expect(secretKey(bytes).export()).toEqual(Buffer.alloc(32, 7))
    expect(bytes).toEqual(Buffer.alloc(32))
  })
})

describe('a key deriver laid out beforehand', () => {
  it('derives the very key that the general way derives, call after call', () => {
    const key = createSecretKey(Buffer.alloc(32, 7))
    const derive = keyDeriver('keyledger/test', 16)
    for (const byte of [1, 2, 1]) {
      const context = Buffer.alloc(16, byte)
      expect(derive(new MacKey(key), context).equals(derivedKey(key, 'keyledger/test', context))).toBe(true)
    }
  })

  it('refuses a context of another length', () => {
    const derive = keyDeriver('keyledger/test', 16)
    expect(() => derive(new MacKey(createSecretKey(Buffer.alloc(32))), Buffer.alloc(15))).toThrow(RangeError)
  })
})
