import { randomFillSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { gcmsiv } from '@noble/ciphers/aes.js'

export const nonceLength = 12

/** Says exactly what is being wrapped, so that no wrap can stand in for another: texts with their lengths before them. */
export const wrapName = (...names: readonly string[]): Uint8Array => {
  const texts = names.map((name) => Buffer.from(name))
  const lengths = texts.map(({ length }) => Buffer.of(length >>> 24, length >>> 16, length >>> 8, length))
  return Buffer.concat(texts.flatMap((text, index) => [lengths[index]!, text]))
}

/**
 * Wraps key bytes at rest with AES-256-GCM-SIV (RFC 8452): nonce(12) ‖ ciphertext ‖ tag(16), 28 bytes longer. Should a
 * nonce ever come twice (a cloned machine, a bad generator), that gives away no more than whether two wraps are equal.
 * The answer has memory of its own: Buffers of node's shared pool would take their neighbours along to another thread.
 */
export const wrap = (key: KeyObject, what: Uint8Array, bytes: Uint8Array): Uint8Array => {
  const raw = key.export()
  try {
    const nonce = randomFillSync(new Uint8Array(nonceLength))
    const sealed = gcmsiv(raw, nonce, what).encrypt(bytes)
    const out = new Uint8Array(nonceLength + sealed.length)
    out.set(nonce)
    out.set(sealed, nonceLength)
    return out
  } finally {
    raw.fill(0)
  }
}

/** The bytes inside, the caller's to wipe, or undefined: another key, another thing, or bytes that were altered. */
export const unwrap = (key: KeyObject, what: Uint8Array, bytes: Uint8Array): Uint8Array | undefined => {
  const raw = key.export()
  try {
    return gcmsiv(raw, bytes.subarray(0, nonceLength), what).decrypt(bytes.subarray(nonceLength))
  } catch {
    return undefined
  } finally {
    raw.fill(0)
  }
}
