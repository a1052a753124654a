import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MacKey } from './mac.ts'

const keyOf = (bytes: Uint8Array) => new MacKey(createSecretKey(bytes))
const hmac = (key: Uint8Array, message: Uint8Array | string) => createHmac('sha256', key).update(message)

describe('a MAC key', () => {
  it("computes what node's own HMAC computes, of messages that fit the shared memory and of longer ones", () => {
    const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength, size: 'max' })
    fc.assert(
      fc.property(bytes(32, 32), fc.oneof(bytes(0, 200), bytes(4000, 4200)), (secret, message) => {
        const key = keyOf(secret)
        expect(key.digest(message).equals(hmac(secret, message).digest())).toBe(true)
        const text = Buffer.from(message).toString('latin1')
        expect(key.hex(text)).toBe(hmac(secret, message).digest('hex'))
      }),
    )
  })

  it('is one of many, and none is mistaken for another', () => {
    const many = Array.from({ length: 2000 }, () => randomBytes(32)).map((secret) => ({ secret, key: keyOf(secret) }))
    const wrong = many.filter(({ secret, key }) => !key.digest(secret).equals(hmac(secret, secret).digest()))
    expect(wrong).toEqual([])
  })

  it('has 32 bytes and no other number', () => {
    for (const length of [16, 31, 33, 64]) expect(() => keyOf(randomBytes(length))).toThrow(RangeError)
  })

  it('shows nothing of itself', () => {
    const key = keyOf(Buffer.alloc(32, 7))
    expect([String(key), JSON.stringify({ key }), Object.keys(key)]).toEqual(['[secret]', '{"key":"[secret]"}', []])
  })
})
