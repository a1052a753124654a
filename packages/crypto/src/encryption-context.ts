import { ContextFault } from './fault.ts'

export type EncryptionContext = Readonly<Record<string, string>>

const domain = Buffer.from('keyledger/ciphertext/v1\0')
const ascii = /^[\0-\x7f]*$/

/** The UTF-8 of a text, a character a byte. Of most texts that is the text itself. */
const utf8 = (text: string): string => {
  if (ascii.test(text)) return text
  if (!text.isWellFormed()) throw new ContextFault()
  return Buffer.from(text).toString('latin1')
}
const u32 = (value: number): string =>
  String.fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
const prefixed = (bytes: string): string => u32(bytes.length) + bytes

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
  const pairs = Object.entries(context).map(([name, value]) => [utf8(name), utf8(value)] as const)
  pairs.sort(([one], [other]) => (one < other ? -1 : 1))
  // Put together as one text and written at once: every write of its own is a call out of the engine.
  let text = prefixed(utf8(keyId)) + u32(pairs.length)
  for (const [name, value] of pairs) text += prefixed(name) + prefixed(value)
  const data = Buffer.allocUnsafe(domain.length + header.length + text.length)
  data.set(domain)
  data.set(header, domain.length)
  data.write(text, domain.length + header.length, 'latin1')
  return data
}
