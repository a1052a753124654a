import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { cache } from '../cache.ts'
import { derivedKey, kdf, keyDeriver } from '../kdf.ts'
import { MacKey } from '../mac.ts'
import { randomInto } from '../random.ts'
import { exposeRoot } from '../seal/root-key.ts'
import type { RootKey } from '../seal/root-key.ts'
import type { Vault } from './index.ts'

/** version(1) ‖ nonce(16) ‖ iv(12) ‖ ciphertext ‖ tag(16), in base64. */
const version = 1
const offset = { nonce: 1, iv: 17, ciphertext: 29 }
const tagLength = 16
const overhead = offset.ciphertext + tagLength
/** Characters; what AWS allows a grant token, and what fits a request's headers beside the rest. */
const longest = 8192
/** Purposes are few and come from the code: this is a bound, not a size. */
const purposes = 100
/** 30 bytes are 40 characters of base64, the length of a secret access key. */
const secretLength = 30

const options = { authTagLength: tagLength }
// A key of its own for every token, as for every ciphertext: no bound on how many are made (SP 800-38D, 8.3).
const tokenKey = keyDeriver('keyledger/token-key/v1', offset.iv - offset.nonce)

/** The part of the vault that seals what others carry for it. Nothing of it is kept: all follows from the root key. */
export const tokens = (root: RootKey): Pick<Vault, 'sealToken' | 'openToken'> => {
  const keys = cache<{ key: MacKey; used: boolean }>(purposes)

  const keyOf = (purpose: string, bytes: Uint8Array): KeyObject => {
    let entry = keys.find(purpose)
    if (!entry) {
      entry = { key: new MacKey(derivedKey(exposeRoot(root), 'keyledger/token/v1', Buffer.from(purpose))), used: false }
      keys.put(purpose, entry)
    }
    return tokenKey(entry.key, bytes.subarray(offset.nonce, offset.iv))
  }

  return {
    sealToken(purpose, payload) {
      const plain = Buffer.from(payload)
      const bytes = Buffer.allocUnsafe(overhead + plain.length)
      bytes[0] = version
      randomInto(bytes, offset.nonce, offset.ciphertext - offset.nonce)
      const iv = bytes.subarray(offset.iv, offset.ciphertext)
      const cipher = createCipheriv('aes-256-gcm', keyOf(purpose, bytes), iv)
      cipher.setAAD(bytes.subarray(0, offset.ciphertext))
      bytes.set(cipher.update(plain), offset.ciphertext)
      cipher.final()
      bytes.set(cipher.getAuthTag(), offset.ciphertext + plain.length)
      const token = bytes.toString('base64')
      if (token.length > longest) throw new RangeError(`a token has at most ${longest} characters`)
      return token
    },

    openToken(purpose, token) {
      if (token.length > longest) return undefined
      const bytes = Buffer.from(token, 'base64')
      // One text for one token: Buffer.from reads over what is no base64, and over bits that mean nothing.
      if (bytes.length < overhead || bytes[0] !== version || bytes.toString('base64') !== token) return undefined
      const iv = bytes.subarray(offset.iv, offset.ciphertext)
      const decipher = createDecipheriv('aes-256-gcm', keyOf(purpose, bytes), iv, options)
      decipher.setAAD(bytes.subarray(0, offset.ciphertext))
      decipher.setAuthTag(bytes.subarray(-tagLength))
      const plain = decipher.update(bytes.subarray(offset.ciphertext, -tagLength))
      try {
        decipher.final()
        return plain.toString()
      } catch {
        return undefined
      } finally {
        plain.fill(0)
      }
    },
  }
}

/** The secret access key of a session, derived: 40 characters of base64 that only the root key gives. */
export const sessionSecret = (root: RootKey, accessKeyId: string): string => {
  const bytes = kdf(exposeRoot(root), 'keyledger/session-secret/v1', Buffer.from(accessKeyId), secretLength)
  const secret = bytes.toString('base64')
  bytes.fill(0)
  return secret
}
