import { createSecretKey } from 'node:crypto'
import { gcmsiv } from '@noble/ciphers/aes.js'
import { describe, expect, it } from 'vitest'
import vectors from '../../../test/vectors/aes-256-gcm-siv-rfc8452.json' with { type: 'json' }
import { unwrap, wrap, wrapName } from './wrapping.ts'

const hex = (text: string) => Buffer.from(text, 'hex')
const key = createSecretKey(Buffer.alloc(32, 1))
const name = wrapName('a test', 'of one thing')
const bytes = Buffer.alloc(32, 2)

describe('AES-256-GCM-SIV', () => {
  it.each(vectors.cases)('agrees with RFC 8452: $sealed', ({ key, nonce, aad, plaintext, sealed }) => {
    expect(Buffer.from(gcmsiv(hex(key), hex(nonce), hex(aad)).encrypt(hex(plaintext))).toString('hex')).toBe(sealed)
    const raw = Buffer.concat([hex(nonce), hex(sealed)])
    expect(Buffer.from(unwrap(createSecretKey(hex(key)), hex(aad), raw)!).toString('hex')).toBe(plaintext)
  })
})

describe('a wrap', () => {
  it('opens under its own key and name, and is 28 bytes longer than what it holds', () => {
    const sealed = wrap(key, name, bytes)
    expect(sealed.length).toBe(32 + 28)
    expect(unwrap(key, name, sealed)).toEqual(Uint8Array.from(bytes))
  })

  it('has memory of its own, so that handing it to a thread hands over nothing else', () => {
    const sealed = wrap(key, name, bytes)
    expect(sealed.buffer.byteLength).toBe(sealed.length)
  })

  it('leaves the bytes that it wrapped as they were', () => {
    const copy = Buffer.from(bytes)
    wrap(key, name, copy)
    expect(copy).toEqual(bytes)
  })

  it('opens under no other key, no other name and with no bit changed', () => {
    const sealed = wrap(key, name, bytes)
    expect(unwrap(createSecretKey(Buffer.alloc(32, 3)), name, sealed)).toBeUndefined()
    expect(unwrap(key, wrapName('a test', 'of another'), sealed)).toBeUndefined()
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const flipped = Uint8Array.from(sealed)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      expect(unwrap(key, name, flipped)).toBeUndefined()
    }
    for (let length = 0; length < sealed.length; length++)
      expect(unwrap(key, name, sealed.subarray(0, length))).toBeUndefined()
  })

  it('tells names apart that only their borders tell apart', () => {
    expect(wrapName('ab', 'c')).not.toEqual(wrapName('a', 'bc'))
    expect(wrapName('a', '')).not.toEqual(wrapName('a'))
  })
})
