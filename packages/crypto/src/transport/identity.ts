import { createPrivateKey, createPublicKey, sign as signed, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { kdf } from '../kdf.ts'
import { exposeRoot } from '../seal/root-key.ts'
import type { RootKey } from '../seal/root-key.ts'

/** What stands before the 32 bytes of an Ed25519 key in PKCS #8 and in SPKI (RFC 8410, 7 and 4). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const spki = Buffer.from('302a300506032b6570032100', 'hex')
const keyLength = 32

const privateKey = (seed: Buffer): KeyObject => {
  const der = Buffer.concat([pkcs8, seed])
  seed.fill(0)
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  der.fill(0)
  return key
}

/** The public key of an identity; undefined if the text is none (43 characters of base64url, 32 bytes). */
const publicKey = (identity: string): KeyObject | undefined => {
  const bytes = Buffer.from(identity, 'base64url')
  if (bytes.length !== keyLength || bytes.toString('base64url') !== identity) return undefined
  try {
    return createPublicKey({ key: Buffer.concat([spki, bytes]), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

/** Whether the holder of `identity` signed the message (Ed25519, RFC 8032, 5.1.7). False for anything that is no signature. */
export const verifySignature = (identity: string, message: Uint8Array, signature: Uint8Array): boolean => {
  const key = publicKey(identity)
  return key !== undefined && signature.length === 64 && verify(null, message, key, signature)
}

/** Who a house is among regions: an Ed25519 key that follows from its root key, and so outlives every process and seal. */
export const identityOf = (root: RootKey) => {
  const key = privateKey(kdf(exposeRoot(root), 'keyledger/identity/v1', undefined, keyLength))
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    identity: der.subarray(-keyLength).toString('base64url'),
    sign: (message: Uint8Array): Uint8Array => signed(null, message, key),
  }
}
