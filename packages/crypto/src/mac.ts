import { hash } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { inspect } from 'node:util'

const blockLength = 64
const digestLength = 32

/** What messages are laid out in, behind the inner block; longer ones get memory of their own. */
const room = 4096
const shared = Buffer.allocUnsafeSlow(blockLength + room)

const wiper = new FinalizationRegistry<Uint8Array>((blocks) => blocks.fill(0))

/**
 * HMAC-SHA-256 (RFC 2104) under one key, again and again: two one-shot hashes over blocks prepared beforehand, as
 * making an Hmac object of node's and collecting it again costs several times what it computes. The blocks lie outside
 * the heap, are never given away, and are wiped when nobody holds the key any more.
 */
export class MacKey {
  /** Inner block, outer block, room for the inner digest. */
  readonly #blocks = Buffer.allocUnsafeSlow(2 * blockLength + digestLength)
  readonly #outer = this.#blocks.subarray(blockLength)

  /** A key of at most 64 bytes; its own memory stays as it is. */
  constructor(key: KeyObject) {
    const bytes = key.export()
    if (bytes.length > blockLength) throw new RangeError('mac: a key has at most 64 bytes')
    for (let at = 0; at < blockLength; at++) {
      const byte = bytes[at] ?? 0
      this.#blocks[at] = byte ^ 0x36
      this.#outer[at] = byte ^ 0x5c
    }
    bytes.fill(0)
    wiper.register(this, this.#blocks)
  }

  /** The 32 bytes, in memory of their own. */
  digest(message: Uint8Array): Buffer {
    const { length } = message
    const input = length <= room ? shared : Buffer.allocUnsafeSlow(blockLength + length)
    input.set(message, blockLength)
    this.#inner(input, length)
    return hash('sha256', this.#outer, 'buffer')
  }

  /** Of a text of one byte a character, in lower-case hex digits. */
  hex(text: string): string {
    const { length } = text
    const input = length <= room ? shared : Buffer.allocUnsafeSlow(blockLength + length)
    input.write(text, blockLength, 'latin1')
    this.#inner(input, length)
    return hash('sha256', this.#outer, 'hex')
  }

  #inner(input: Buffer, length: number): void {
    this.#blocks.copy(input, 0, 0, blockLength)
    const digest = hash('sha256', input.subarray(0, blockLength + length), 'binary')
    this.#outer.write(digest, blockLength, 'latin1')
    input.fill(0, 0, blockLength)
  }

  toString() {
    return '[secret]'
  }

  toJSON() {
    return '[secret]'
  }

  [inspect.custom]() {
    return '[secret]'
  }
}
