import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { blankBlob, offset, parseBlob, tagLength } from './ciphertext-blob.ts'
import { authenticatedData } from './encryption-context.ts'
import type { EncryptionContext } from './encryption-context.ts'
import { CiphertextFault } from './fault.ts'
import { keyDeriver } from './kdf.ts'
import { exposeKey } from './material.ts'
import type { Material } from './material.ts'
import { randomInto } from './random.ts'

const options = { authTagLength: tagLength }

// A key of its own for every call, so no 2^32-message bound on the material (SP 800-38D, 8.3): two calls share a key
// only if their 128-bit nonces collide, and even then their 96-bit IVs must as well.
const derive = keyDeriver('keyledger/encrypt/v1', offset.iv - offset.nonce)
const callKey = (material: Material, nonce: Uint8Array): KeyObject => derive(exposeKey(material), nonce)

/**
 * Seals at most `maxPlaintextLength` bytes under a key's material with AES-256-GCM; the answer is a ciphertext blob,
 * `overhead` (77) bytes longer. Only the same key id and the same context, in whatever order, open it again.
 * Throws RangeError when the plaintext is too long, ContextFault when the context is not Unicode text.
 */
export const seal = (
  material: Material,
  keyId: string,
  plaintext: Uint8Array,
  context?: EncryptionContext,
): Uint8Array => {
  const blob = blankBlob(material.materialId, plaintext.length)
  randomInto(blob, offset.nonce, offset.ciphertext - offset.nonce)
  const key = callKey(material, blob.subarray(offset.nonce, offset.iv))
  const cipher = createCipheriv('aes-256-gcm', key, blob.subarray(offset.iv, offset.ciphertext))
  cipher.setAAD(authenticatedData(blob.subarray(0, offset.ciphertext), keyId, context))
  blob.set(cipher.update(plaintext), offset.ciphertext)
  cipher.final()
  blob.set(cipher.getAuthTag(), offset.ciphertext + plaintext.length)
  return blob
}

/**
 * Opens a blob. The plaintext is in memory of its own, the caller's to wipe.
 * Throws CiphertextFault, without a word, on anything wrong: bytes, material, key id, context.
 */
export const unseal = (material: Material, keyId: string, blob: Uint8Array, context?: EncryptionContext): Buffer => {
  const { materialId, header, nonce, iv, ciphertext, tag } = parseBlob(blob)
  if (materialId !== material.materialId) throw new CiphertextFault()
  const key = callKey(material, nonce)
  let plaintext: Buffer | undefined
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv, options)
    decipher.setAAD(authenticatedData(header, keyId, context))
    decipher.setAuthTag(tag)
    plaintext = decipher.update(ciphertext)
    decipher.final()
    return plaintext
  } catch {
    // GCM yields bytes before it has judged them; nobody may see those.
    plaintext?.fill(0)
    throw new CiphertextFault()
  }
}
