import { createSecretKey } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import vectors from '../../../test/vectors/ciphertext-blob-v1.json' with { type: 'json' }
import { maxPlaintextLength } from './ciphertext-blob.ts'
import type { EncryptionContext } from './encryption-context.ts'
import { CiphertextFault, ContextFault } from './fault.ts'
import { MacKey } from './mac.ts'
import { Material } from './material.ts'
import { seal, unseal } from './symmetric.ts'
import { materialIdOf } from './vault/hierarchy.ts'

const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab'
const material = () => new Material('ab'.repeat(32), new MacKey(createSecretKey(Buffer.alloc(32, 1))))
const plaintext = Buffer.from('attack at dawn')

/** What opening throws, if anything. */
const refusal = (open: () => unknown): unknown => {
  try {
    open()
    return undefined
  } catch (error) {
    return error
  }
}
const withoutAWord = new CiphertextFault()

describe('a blob that was written once', () => {
  it.each(vectors.cases)('opens for ever: case %#', (vector) => {
    const key = createSecretKey(Buffer.from(vector.material, 'hex'))
    expect(materialIdOf(key, vector.account, vector.keyId)).toBe(vector.materialId)
    const context = Object.fromEntries(vector.context) as EncryptionContext
    const opened = unseal(
      new Material(vector.materialId, new MacKey(key)),
      vector.keyId,
      Buffer.from(vector.blob, 'hex'),
      context,
    )
    expect(opened.toString('hex')).toBe(vector.plaintext)
  })
})

describe('what was sealed', () => {
  it('opens with the same key and context, whatever its bytes', () => {
    using secret = material()
    const contexts = fc.dictionary(fc.string(), fc.string())
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), contexts, (bytes, context) => {
        const reversed = Object.fromEntries(Object.entries(context).toReversed())
        expect(unseal(secret, keyId, seal(secret, keyId, bytes, context), reversed)).toEqual(Buffer.from(bytes))
      }),
    )
  })

  it('never looks the same twice, nor shows its plaintext, key id or context', () => {
    using secret = material()
    const blobs = Array.from({ length: 500 }, () => Buffer.from(seal(secret, keyId, plaintext, { tenant: 'acme' })))
    expect(new Set(blobs.map((blob) => blob.subarray(33, 61).toString('hex'))).size).toBe(500)
    for (const blob of blobs)
      for (const text of [plaintext.toString(), keyId, 'tenant', 'acme']) expect(blob.includes(text)).toBe(false)
  })

  it('does not open with any bit of it flipped', () => {
    using secret = material()
    const blob = seal(secret, keyId, plaintext, { tenant: 'acme' })
    for (let bit = 0; bit < blob.length * 8; bit++) {
      const flipped = Uint8Array.from(blob)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      expect(refusal(() => unseal(secret, keyId, flipped, { tenant: 'acme' }))).toEqual(withoutAWord)
    }
  })

  it('does not open cut short or made longer', () => {
    using secret = material()
    const blob = seal(secret, keyId, plaintext)
    for (let length = 0; length < blob.length; length++)
      expect(refusal(() => unseal(secret, keyId, blob.subarray(0, length)))).toEqual(withoutAWord)
    expect(refusal(() => unseal(secret, keyId, Buffer.concat([blob, Buffer.of(0)])))).toEqual(withoutAWord)
  })

  it('does not open with {"a":"bc"} when it was {"ab":"c"}', () => {
    using secret = material()
    const blob = seal(secret, keyId, plaintext, { ab: 'c' })
    expect(unseal(secret, keyId, blob, { ab: 'c' })).toEqual(plaintext)
    expect(refusal(() => unseal(secret, keyId, blob, { a: 'bc' }))).toEqual(withoutAWord)
  })

  it('does not open with the pair aws-crypto-public-key missing or another', () => {
    using secret = material()
    const blob = seal(secret, keyId, plaintext, { 'aws-crypto-public-key': 'one', a: 'b' })
    expect(refusal(() => unseal(secret, keyId, blob, { a: 'b' }))).toEqual(withoutAWord)
    expect(refusal(() => unseal(secret, keyId, blob, { 'aws-crypto-public-key': 'two', a: 'b' }))).toEqual(withoutAWord)
  })

  it('opens with no context if it was empty, and with an empty one if there was none', () => {
    using secret = material()
    expect(unseal(secret, keyId, seal(secret, keyId, plaintext, {}))).toEqual(plaintext)
    expect(unseal(secret, keyId, seal(secret, keyId, plaintext), {})).toEqual(plaintext)
    expect(refusal(() => unseal(secret, keyId, seal(secret, keyId, plaintext), { '': '' }))).toEqual(withoutAWord)
  })

  it('does not open under another key id, other material or the same material by another name', () => {
    using secret = material()
    using other = new Material('ab'.repeat(32), new MacKey(createSecretKey(Buffer.alloc(32, 2))))
    using renamed = new Material('cd'.repeat(32), new MacKey(createSecretKey(Buffer.alloc(32, 1))))
    const blob = seal(secret, keyId, plaintext)
    expect(refusal(() => unseal(secret, `${keyId}0`, blob))).toEqual(withoutAWord)
    expect(refusal(() => unseal(other, keyId, blob))).toEqual(withoutAWord)
    expect(refusal(() => unseal(renamed, keyId, blob))).toEqual(withoutAWord)
  })

  it('may be anything between nothing and 6067 bytes', () => {
    using secret = material()
    expect(unseal(secret, keyId, seal(secret, keyId, Buffer.alloc(0)))).toEqual(Buffer.alloc(0))
    const longest = Buffer.alloc(maxPlaintextLength, 3)
    expect(unseal(secret, keyId, seal(secret, keyId, longest))).toEqual(longest)
    expect(() => seal(secret, keyId, Buffer.alloc(maxPlaintextLength + 1))).toThrow(RangeError)
  })
})

describe('a context that is not Unicode text', () => {
  it('seals nothing and opens nothing', () => {
    using secret = material()
    expect(() => seal(secret, keyId, plaintext, { a: '\ud800' })).toThrow(ContextFault)
    expect(
      refusal(() => unseal(secret, keyId, seal(secret, keyId, plaintext, { a: '\ufffd' }), { a: '\ud800' })),
    ).toEqual(withoutAWord)
  })
})
