import { describe, expect, it } from 'vitest'
import { blankBlob, maxBlobLength, maxPlaintextLength, overhead, parseBlob } from './ciphertext-blob.ts'
import { CiphertextFault } from './fault.ts'

const materialId = '0123456789abcdef'.repeat(4)

describe('a ciphertext blob', () => {
  it('is version, material id, nonce, iv, ciphertext and tag', () => {
    const bytes = Buffer.concat([
      Buffer.of(1),
      Buffer.from(materialId, 'hex'),
      Buffer.alloc(16, 2),
      Buffer.alloc(12, 3),
      Buffer.alloc(5, 4),
      Buffer.alloc(16, 5),
    ])
    expect(parseBlob(bytes)).toEqual({
      materialId,
      header: bytes.subarray(0, 61),
      nonce: Buffer.alloc(16, 2),
      iv: Buffer.alloc(12, 3),
      ciphertext: Buffer.alloc(5, 4),
      tag: Buffer.alloc(16, 5),
    })
  })

  it('is 77 bytes longer than its plaintext, within the 96 that are allowed', () => {
    expect(overhead).toBe(77)
    expect(blankBlob(materialId, 0)).toHaveLength(77)
    expect(blankBlob(materialId, 4096)).toHaveLength(4096 + 77)
  })

  it('is at most 6144 bytes long', () => {
    expect(maxBlobLength).toBe(6144)
    expect(blankBlob(materialId, maxPlaintextLength)).toHaveLength(6144)
    expect(() => blankBlob(materialId, maxPlaintextLength + 1)).toThrow(RangeError)
    expect(parseBlob(Buffer.alloc(6144, 1)).ciphertext).toHaveLength(maxPlaintextLength)
    expect(() => parseBlob(Buffer.alloc(6145, 1))).toThrow(CiphertextFault)
  })

  it('is at least 77 bytes long and of version 1', () => {
    expect(() => parseBlob(Buffer.alloc(0))).toThrow(CiphertextFault)
    expect(() => parseBlob(Buffer.alloc(76, 1))).toThrow(CiphertextFault)
    expect(parseBlob(Buffer.alloc(77, 1)).ciphertext).toHaveLength(0)
    expect(() => parseBlob(Buffer.alloc(77, 0))).toThrow(CiphertextFault)
    expect(() => parseBlob(Buffer.alloc(77, 2))).toThrow(CiphertextFault)
  })

  it.each(['', '0123', `${materialId}00`, 'x'.repeat(64)])('names no material called "%s"', (bad) => {
    expect(() => blankBlob(bad, 1)).toThrow(RangeError)
  })

  it('parses bytes wherever they lie in memory', () => {
    const bytes = Buffer.alloc(100, 1)
    const inside = new Uint8Array(bytes.buffer, bytes.byteOffset + 10, 80)
    expect(parseBlob(inside).ciphertext).toEqual(Buffer.alloc(3, 1))
  })
})
