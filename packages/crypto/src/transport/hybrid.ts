import {
  createPrivateKey,
  createPublicKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  hkdfSync,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { secretKey } from '../kdf.ts'

/**
 * A key encapsulation that stands as long as either of its halves does: X25519 (RFC 7748) against what may be wrong with
 * lattices, ML-KEM-768 (FIPS 203) against whoever records today and has a quantum computer tomorrow.
 */

/** Bytes: an X25519 public key, an ML-KEM-768 encapsulation key, its ciphertext. */
const size = { x: 32, kem: 1184, ciphertext: 1088 }
/** X25519 public key ‖ ML-KEM-768 encapsulation key. */
export const publicLength = size.x + size.kem
/** Ephemeral X25519 public key ‖ ML-KEM-768 ciphertext. */
export const capsuleLength = size.x + size.ciphertext

/** What stands before the key's own bytes in SPKI (RFC 8410, 4; RFC 9935, 4). */
const spki = {
  x: Buffer.from('302a300506032b656e032100', 'hex'),
  kem: Buffer.from('308204b2300b0609608648016503040402038204a100', 'hex'),
}
const raw = (key: KeyObject, length: number): Buffer => key.export({ format: 'der', type: 'spki' }).subarray(-length)
const read = (prefix: Buffer, bytes: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([prefix, bytes]), format: 'der', type: 'spki' })

export interface HybridKey {
  readonly x: KeyObject
  readonly kem: KeyObject
  /** `publicLength` bytes. */
  readonly publicKey: Buffer
}

const withPublic = (x: KeyObject, kem: KeyObject): HybridKey => ({
  x,
  kem,
  publicKey: Buffer.concat([raw(createPublicKey(x), size.x), raw(createPublicKey(kem), size.kem)]),
})

export const hybridKey = (): HybridKey =>
  withPublic(generateKeyPairSync('x25519').privateKey, generateKeyPairSync('ml-kem-768').privateKey)

/** Both private keys, in PKCS #8, the first with its length before it; the caller's to wipe. */
export const exposeHybridKey = ({ x, kem }: HybridKey): Buffer => {
  const [first, second] = [x, kem].map((key) => key.export({ format: 'der', type: 'pkcs8' }))
  const bytes = Buffer.concat([Buffer.of(first!.length), first!, second!])
  first!.fill(0)
  second!.fill(0)
  return bytes
}

/** What `exposeHybridKey` told. */
export const hybridKeyOf = (bytes: Uint8Array): HybridKey => {
  const end = 1 + bytes[0]!
  const key = (part: Uint8Array) => createPrivateKey({ key: Buffer.from(part), format: 'der', type: 'pkcs8' })
  return withPublic(key(bytes.subarray(1, end)), key(bytes.subarray(end)))
}

/**
 * Both secrets, and everything that was sent or addressed, into one key: HKDF-SHA-256 (RFC 5869). Binding the capsule and
 * the recipient's key makes a changed half give another key, whatever the other half alone would let pass.
 */
const combined = (secrets: readonly Uint8Array[], capsule: Uint8Array, recipient: Uint8Array): KeyObject => {
  const input = Buffer.concat(secrets)
  const salt = Buffer.concat([capsule, recipient])
  // The salt and not the info, which has at most 1024 bytes in node. Both are hashed in.
  const key = secretKey(new Uint8Array(hkdfSync('sha256', input, salt, 'keyledger/hybrid-kem/v1', 32)))
  for (const secret of [...secrets, input]) secret.fill(0)
  return key
}

/** A key for whoever has the private half of `publicKey`, and the capsule that gives it to them. Throws for no such key. */
export const encapsulated = (publicKey: Uint8Array): { readonly key: KeyObject; readonly capsule: Buffer } => {
  if (publicKey.length !== publicLength) throw new RangeError(`a transport key has ${publicLength} bytes`)
  const x = read(spki.x, publicKey.subarray(0, size.x))
  const kem = read(spki.kem, publicKey.subarray(size.x))
  const own = generateKeyPairSync('x25519')
  const shared = diffieHellman({ privateKey: own.privateKey, publicKey: x })
  const { sharedKey, ciphertext } = encapsulate(kem)
  const capsule = Buffer.concat([raw(own.publicKey, size.x), ciphertext])
  return { key: combined([shared, sharedKey], capsule, publicKey), capsule }
}

/** The key in a capsule; another key, not an error, for a capsule that was altered (FIPS 203, implicit rejection). */
export const decapsulated = ({ x, kem, publicKey }: HybridKey, capsule: Uint8Array): KeyObject => {
  const shared = diffieHellman({ privateKey: x, publicKey: read(spki.x, capsule.subarray(0, size.x)) })
  const sharedKey = decapsulate(kem, Buffer.from(capsule.subarray(size.x)))
  return combined([shared, sharedKey], capsule, publicKey)
}
