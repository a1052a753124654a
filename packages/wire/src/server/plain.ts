import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** What is read of a request before its body. */
export type Head = Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'headers' | 'rawHeaders'>

/** A whole request; or `body` bytes of one are still to come. */
export type Plain = { readonly head: Head; readonly body: Buffer } | { readonly missing: number }

const start = 'POST / HTTP/1.1\r\n'
const mostHeaders = 64
/** Also the longest body length that is read here: seven digits. */
const length = /^\d{1,7}$/
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** RFC 9110 5.5: what a value cannot hold. Ends of lines have been taken off. */
const unspeakable = /[^\t\x20-\x7e\x80-\xff]/

/** Headers that say how the request is to be read, or what is to be done before; and those that node keeps in a way of its own. */
const meant: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'connection',
  'proxy-connection',
  'upgrade',
  'expect',
  'trailer',
  'te',
  'set-cookie',
  '__proto__',
])

interface Name {
  /** As it came. */
  readonly name: string
  /** In lower case; undefined for one that is not plain. */
  readonly plain: string | undefined
}
/** Clients have few names, and repeat them all day. */
const names = new Map<string, Name>()
const mostNames = 1000
const longestName = 64

const read = (part: string): Name => {
  // A copy: a part of a text keeps the whole of it in memory, and this one holds a signature.
  const name = Buffer.from(part, 'latin1').toString('latin1')
  const lower = name.toLowerCase()
  const known = { name, plain: token.test(name) && !meant.has(lower) ? lower : undefined }
  if (names.size < mostNames && name.length <= longestName) names.set(name, known)
  return known
}

const space = (code: number): boolean => code === 0x20 || code === 0x09

/**
 * Reads a request of the one form that AWS's clients send nearly always: POST / in HTTP/1.1, each header once, a length, a body of
 * that length, and nothing behind it. Undefined for anything else, whatever is the matter with it: that is for node:http to read,
 * and what is read here reads there the same (`plain.test.ts` holds one against the other).
 *
 * @param most bytes of the head, and of the body
 */
export const plain = (bytes: Buffer, most: { readonly headers: number; readonly body: number }): Plain | undefined => {
  const end = bytes.indexOf('\r\n\r\n', 0, 'latin1')
  if (end < 0 || end > most.headers) return undefined
  const text = bytes.toString('latin1', 0, end + 2)
  if (!text.startsWith(start)) return undefined

  const headers: IncomingHttpHeaders = {}
  const rawHeaders: string[] = []
  for (let at = start.length; at < text.length;) {
    const stop = text.indexOf('\n', at) - 1
    const colon = text.indexOf(':', at)
    if (colon < 0 || colon > stop || text.charCodeAt(stop) !== 0x0d) return undefined
    const part = text.slice(at, colon)
    const { name, plain: lower } = names.get(part) ?? read(part)
    if (lower === undefined || headers[lower] !== undefined || rawHeaders.length === 2 * mostHeaders) return undefined
    let first = colon + 1
    let last = stop
    while (first < last && space(text.charCodeAt(first))) first++
    while (last > first && space(text.charCodeAt(last - 1))) last--
    const value = text.slice(first, last)
    if (unspeakable.test(value)) return undefined
    headers[lower] = value
    rawHeaders.push(name, value)
    at = stop + 2
  }

  const said = headers['content-length']
  if (said === undefined || !length.test(said) || headers.host === undefined) return undefined
  const body = Number(said)
  const missing = end + 4 + body - bytes.length
  if (body > most.body || missing < 0) return undefined
  if (missing > 0) return { missing }
  return {
    head: { method: 'POST', url: '/', httpVersion: '1.1', headers, rawHeaders },
    body: bytes.subarray(end + 4),
  }
}
