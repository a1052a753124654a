import { ContextFault } from './fault.ts'

export type EncryptionContext = Readonly<Record<string, string>>

const domain = Buffer.from('keyledger/ciphertext/v1\0')
const surrogate = /[\ud800-\udfff]/

/**
 * Names in the order of their UTF-8 bytes. That is the order of their UTF-16 units, which the engine sorts by natively,
 * but for names with characters beyond U+FFFF.
 */
const sorted = (names: string[]): string[] =>
  names.length < 2
    ? names
    : names.some((name) => surrogate.test(name))
      ? names
          .map((name) => Buffer.from(name))
          .sort((a, b) => a.compare(b))
          .map((name) => name.toString())
      : names.sort()

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
  const names = Object.keys(context)
  let length = domain.length + header.length + 4 + keyId.length * 3 + 4
  for (const name of names) {
    const value = context[name]!
    if (!name.isWellFormed() || !value.isWellFormed()) throw new ContextFault()
    // A UTF-16 unit is at most three bytes of UTF-8.
    length += 8 + (name.length + value.length) * 3
  }
  const data = Buffer.allocUnsafe(length)
  data.set(domain)
  data.set(header, domain.length)
  let end = domain.length + header.length
  const put = (text: string) => {
    const written = data.write(text, end + 4)
    end = data.writeUInt32BE(written, end) + written
  }
  put(keyId)
  end = data.writeUInt32BE(names.length, end)
  for (const name of sorted(names)) {
    put(name)
    put(context[name]!)
  }
  return data.subarray(0, end)
}
