import { createHmac, createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { MacKey } from './mac.ts'

const blockLength = 32
const none = new Uint8Array(0)

/**
 * The KDF in counter mode over fixed input data that is already put together: HMAC-SHA-256, a 32-bit big-endian
 * counter before it. NIST SP 800-108r1, 4.1.
 * @param length how many bytes to derive, at most 255 blocks of 32
 */
export const kdfOverFixedInput = (key: KeyObject, fixedInput: Uint8Array, length: number): Buffer => {
  if (!Number.isInteger(length) || length < 1 || length > 255 * blockLength) throw new RangeError('kdf: bad length')
  const input = Buffer.allocUnsafe(4 + fixedInput.length)
  input.set(fixedInput, 4)
  input.writeUInt32BE(1, 0)
  // One whole block needs no assembling: the digest is memory of its own already.
  if (length === blockLength) return createHmac('sha256', key).update(input).digest()
  const derived = Buffer.allocUnsafeSlow(length)
  for (let block = 1, at = 0; at < length; block++, at += blockLength) {
    input.writeUInt32BE(block, 0)
    const bytes = createHmac('sha256', key).update(input).digest()
    bytes.copy(derived, at)
    bytes.fill(0)
  }
  return derived
}

/**
 * Derives `length` bytes bound to a purpose and its circumstances: fixed input = Label ‖ 0x00 ‖ Context ‖ [L]_32, with L
 * in bits (NIST SP 800-108r1, 4 and 4.1). The label must hold no zero byte, or two pairs could give one input.
 * The bytes are the caller's to wipe; `derivedKey` keeps them out of reach altogether.
 */
export const kdf = (key: KeyObject, label: string, context: Uint8Array = none, length = 32): Buffer => {
  const labelLength = Buffer.byteLength(label)
  const fixedInput = Buffer.allocUnsafe(labelLength + 1 + context.length + 4)
  fixedInput.write(label)
  fixedInput[labelLength] = 0
  fixedInput.set(context, labelLength + 1)
  fixedInput.writeUInt32BE(length * 8, fixedInput.length - 4)
  return kdfOverFixedInput(key, fixedInput, length)
}

/** A secret key from bytes that are wiped here: from now on they live in native memory only. */
export const secretKey = (bytes: Uint8Array): KeyObject => {
  const key = createSecretKey(bytes)
  bytes.fill(0)
  return key
}

/** A 256-bit key for one purpose. */
export const derivedKey = (key: KeyObject, label: string, context?: Uint8Array): KeyObject =>
  secretKey(kdf(key, label, context))

/**
 * `derivedKey` for a label and a length of context that are known beforehand: the input is laid out once, and a call
 * writes its context into it. Nothing in it is secret, and no call waits in the middle.
 */
export const keyDeriver = (label: string, contextLength: number): ((key: MacKey, context: Uint8Array) => KeyObject) => {
  const at = 4 + Buffer.byteLength(label) + 1
  const input = Buffer.alloc(at + contextLength + 4)
  input.writeUInt32BE(1, 0)
  input.write(label, 4)
  input.writeUInt32BE(blockLength * 8, at + contextLength)
  return (key, context) => {
    if (context.length !== contextLength) throw new RangeError('kdf: bad context length')
    input.set(context, at)
    return secretKey(key.digest(input))
  }
}
