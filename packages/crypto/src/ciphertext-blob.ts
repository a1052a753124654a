import { CiphertextFault } from './fault.ts'

/**
 * What Encrypt and GenerateDataKey hand out:
 *
 *     version(1) ‖ materialId(32) ‖ nonce(16) ‖ iv(12) ‖ ciphertext ‖ tag(16)
 *
 * The first 61 bytes are the header; they stand in the clear and are authenticated. No account, region, key id or alias
 * can be read from it. A blob ever produced opens with every later version: a new layout takes a new version number.
 */
export interface CiphertextBlob {
  /** 64 lower-case hex digits. */
  readonly materialId: string
  /** Everything before the ciphertext. */
  readonly header: Buffer
  readonly nonce: Buffer
  readonly iv: Buffer
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

export const version = 1
/** Where each part begins. */
export const offset = { materialId: 1, nonce: 33, iv: 49, ciphertext: 61 }
export const tagLength = 16
/** Bytes that a blob is longer than its plaintext. */
export const overhead = offset.ciphertext + tagLength
/** AWS KMS's bound for CiphertextBlob, in bytes. */
export const maxBlobLength = 6144
export const maxPlaintextLength = maxBlobLength - overhead

/** The parts of a blob, as views of the same memory. Throws CiphertextFault when it cannot be one of ours. */
export const parseBlob = (bytes: Uint8Array): CiphertextBlob => {
  if (bytes.length < overhead || bytes.length > maxBlobLength || bytes[0] !== version) throw new CiphertextFault()
  const blob = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const end = blob.length - tagLength
  return {
    materialId: blob.toString('hex', offset.materialId, offset.nonce),
    header: blob.subarray(0, offset.ciphertext),
    nonce: blob.subarray(offset.nonce, offset.iv),
    iv: blob.subarray(offset.iv, offset.ciphertext),
    ciphertext: blob.subarray(offset.ciphertext, end),
    tag: blob.subarray(end),
  }
}

/**
 * A blob for a plaintext of this length with version and material id in place; nonce, iv, ciphertext and tag are the
 * sealer's to write, every byte of them. Throws RangeError beyond `maxPlaintextLength`.
 */
export const blankBlob = (materialId: string, plaintextLength: number): Buffer => {
  if (plaintextLength > maxPlaintextLength) throw new RangeError(`at most ${maxPlaintextLength} bytes can be sealed`)
  const blob = Buffer.allocUnsafe(overhead + plaintextLength)
  blob[0] = version
  if (blob.write(materialId, offset.materialId, 'hex') !== 32) throw new RangeError('a material id has 64 hex digits')
  return blob
}
