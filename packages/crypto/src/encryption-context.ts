import { ContextFault } from './fault.ts'

export type EncryptionContext = Readonly<Record<string, string>>

const domain = Buffer.from('keyledger/ciphertext/v1\0')

const isAscii = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false
  return true
}

/** The UTF-8 of a text, a character a byte. Of most texts that is the text itself. */
const utf8 = (text: string): string => {
  if (isAscii(text)) return text
  if (!text.isWellFormed()) throw new ContextFault()
  return Buffer.from(text).toString('latin1')
}

type Pair = readonly [name: string, value: string]

/** By name. Most contexts have a pair or two, for which Array.sort makes more fuss than it takes. */
const inOrder = (pairs: Pair[]): void => {
  if (pairs.length > few) pairs.sort(([one], [other]) => (one < other ? -1 : 1))
  else
    for (let end = 1; end < pairs.length; end++)
      for (let at = end; at > 0 && pairs[at]![0] < pairs[at - 1]![0]; at--)
        [pairs[at], pairs[at - 1]] = [pairs[at - 1]!, pairs[at]!]
}
const few = 8

/** Longer texts are worth a call out of the engine. */
const short = 64

/** Length (u32, big-endian), then the bytes; answers where they end. */
const put = (data: Buffer, at: number, bytes: string): number => {
  const { length } = bytes
  const from = putNumber(data, at, length)
  if (length > short) return from + data.write(bytes, from, 'latin1')
  for (let index = 0; index < length; index++) data[from + index] = bytes.charCodeAt(index)
  return from + length
}
const putNumber = (data: Buffer, at: number, value: number): number => {
  data[at] = value >>> 24
  data[at + 1] = value >>> 16
  data[at + 2] = value >>> 8
  data[at + 3] = value
  return at + 4
}

/**
 * The additional authenticated data of a ciphertext:
 *
 *     domain tag ‖ blob header(61) ‖ key id ‖ pair count(4) ‖ pairs by the UTF-8 bytes of their names
 *
 * Key id and every name and value carry their length (u32, big-endian) before them. With plain concatenation
 * {"ab":"c"} would open what {"a":"bc"} sealed. No Unicode normalisation: exact bytes only. An empty context and none
 * are one and the same. Throws ContextFault on an unpaired surrogate: it has no UTF-8, and a replacement character in
 * its place would let one context open what another sealed.
 */
export const authenticatedData = (header: Uint8Array, keyId: string, context: EncryptionContext = {}): Buffer => {
  const key = utf8(keyId)
  let length = domain.length + header.length + 4 + key.length + 4
  const pairs: Pair[] = []
  for (const name of Object.keys(context)) {
    const pair: Pair = [utf8(name), utf8(context[name]!)]
    pairs.push(pair)
    length += 4 + pair[0].length + 4 + pair[1].length
  }
  if (pairs.length > 1) inOrder(pairs)

  const data = Buffer.allocUnsafe(length)
  data.set(domain)
  data.set(header, domain.length)
  let at = put(data, domain.length + header.length, key)
  at = putNumber(data, at, pairs.length)
  for (const [name, value] of pairs) at = put(data, put(data, at, name), value)
  return data
}
