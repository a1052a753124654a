import { hash } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { inspect } from 'node:util'

const blockLength = 64
const keyLength = 32
const digestLength = 32

/** ipad and opad of RFC 2104, four bytes at once. */
const inner = 0x36363636
const outer = 0x5c5c5c5c
const wordsOf = (length: number) => length / Int32Array.BYTES_PER_ELEMENT
const keyWords = wordsOf(keyLength)

/** A block's memory as bytes, and the words of the key in it; what stands behind the key is the bare pad. */
const blockOf = (pad: number, room: number) => {
  const bytes = Buffer.allocUnsafeSlow(blockLength + room)
  bytes.fill(pad & 0xff, keyLength, blockLength)
  return { bytes, words: new Int32Array(bytes.buffer, 0, keyWords) }
}

/** What messages are laid out in, behind the inner block; longer ones get memory of their own. */
const room = 4096
const shared = blockOf(inner, room)
const last = blockOf(outer, digestLength)

/**
 * Where all keys lie: outside the heap, side by side, never given away. A buffer for each would cost more than ten times
 * what it holds, and leave the allocator's free memory in splinters.
 */
const keysPerSlab = 512
const slabs: Int32Array[] = []
const vacant: number[] = []

const vacancy = (): number => {
  if (vacant.length === 0) {
    const first = slabs.push(new Int32Array(keysPerSlab * keyWords)) * keysPerSlab
    for (let place = first - 1; place >= first - keysPerSlab; place--) vacant.push(place)
  }
  return vacant.pop()!
}
const slabOf = (place: number): Int32Array => slabs[Math.floor(place / keysPerSlab)]!
const startOf = (place: number): number => (place % keysPerSlab) * keyWords

const clear = (place: number): void => {
  const start = startOf(place)
  slabOf(place).fill(0, start, start + keyWords)
}
const abandoned = new FinalizationRegistry<number>((place) => {
  clear(place)
  vacant.push(place)
})
/** Where a wiped key lies. */
const nowhere = -1

/**
 * HMAC-SHA-256 (RFC 2104) under one key of 32 bytes, again and again: two one-shot hashes, as making an Hmac object of
 * node's and collecting it again costs several times what it computes. The key is wiped when nobody holds it any more, or
 * before that by `wipe`.
 */
export class MacKey {
  #place: number

  /** The key's own memory stays as it is. Throws RangeError unless it has 32 bytes. */
  constructor(key: KeyObject) {
    const bytes = key.export()
    if (bytes.length !== keyLength) throw new RangeError('mac: a key has 32 bytes')
    const place = vacancy()
    new Uint8Array(slabOf(place).buffer).set(bytes, startOf(place) * Int32Array.BYTES_PER_ELEMENT)
    bytes.fill(0)
    this.#place = place
    abandoned.register(this, place)
  }

  /**
   * At once and for good: whoever still holds the key has an error from it. Its place stays its own until nobody does, so
   * that no mistake here could ever compute with the key of another.
   */
  wipe(): void {
    if (this.#place === nowhere) return
    clear(this.#place)
    this.#place = nowhere
  }

  /** The 32 bytes, in memory of their own. */
  digest(message: Uint8Array): Buffer {
    const { length } = message
    const { bytes, words } = length <= room ? shared : blockOf(inner, length)
    bytes.set(message, blockLength)
    this.#first(bytes, words, length)
    const mac = hash('sha256', last.bytes, 'buffer')
    last.words.fill(0)
    return mac
  }

  /** Of a text of one byte a character, in lower-case hex digits. */
  hex(text: string): string {
    const { length } = text
    const { bytes, words } = length <= room ? shared : blockOf(inner, length)
    bytes.write(text, blockLength, 'latin1')
    this.#first(bytes, words, length)
    const mac = hash('sha256', last.bytes, 'hex')
    last.words.fill(0)
    return mac
  }

  /** The inner hash, into the last block beside the key. */
  #first(bytes: Buffer, words: Int32Array, length: number): void {
    const place = this.#place
    if (place === nowhere) throw new Error('a key was used after it had been wiped')
    const slab = slabOf(place)
    const start = startOf(place)
    for (let at = 0; at < keyWords; at++) {
      const word = slab[start + at]!
      words[at] = word ^ inner
      last.words[at] = word ^ outer
    }
    const digest = hash('sha256', bytes.subarray(0, blockLength + length), 'binary')
    words.fill(0)
    last.bytes.write(digest, blockLength, 'latin1')
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
