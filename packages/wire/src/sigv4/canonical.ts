import { hash } from 'node:crypto'
import type { Exchange } from '../exchange.ts'
import { wireFault } from '../fault.ts'

/** What of a request its signature covers. Strings hold one byte a character, as node reads them from the socket. */
export type Signed = Pick<Exchange, 'method' | 'path' | 'query' | 'headers' | 'rawHeaders' | 'body'>

/** Values that node may have joined, runs of blanks: what the canonical form writes otherwise than node passes it on. */
const irregular = (lines: string): boolean => lines.includes(', ') || lines.includes('  ') || lines.includes('\t')

/** Hex of the payload's SHA-256. */
export const payloadHash = (body: Buffer): string => hash('sha256', body, 'hex')

const encode = (bytes: string): string =>
  bytes.replace(/[^A-Za-z0-9\-._~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
const decode = (text: string): string =>
  text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))

/** Dot segments resolved, empty ones dropped (RFC 3986 5.2.4, as every service but S3), each segment encoded once. */
const canonicalPath = (path: string): string => {
  if (path === '/') return path
  const segments: string[] = []
  for (const segment of path.split('/'))
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(encode(decode(segment)))
  const closing = /\/\.{0,2}$/.test(path) && segments.length > 0 ? '/' : ''
  return `/${segments.join('/')}${closing}`
}

/** By name, then by value: `-` and others come before the `=` that would part them in one string. */
const canonicalQuery = (query: string): string => {
  if (query === '') return ''
  const pairs = query.split('&').map((pair): readonly [string, string] => {
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(pair) ?? []
    return [encode(decode(name)), encode(decode(value))]
  })
  return pairs
    .sort(([a, x], [b, y]) => (a < b || (a === b && x < y) ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/** ASCII blanks alone: what JavaScript calls blank includes 0xA0, which may be half of a character here. */
const blanks = (value: string): string => value.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '')

/** Every line of a header, in order, trimmed and with runs of blanks made one: from the raw headers. */
const carefully = (names: readonly string[], rawHeaders: readonly string[]): string => {
  const lines = new Map<string, string[]>(names.map((name) => [name, []]))
  for (let at = 0; at < rawHeaders.length; at += 2)
    lines.get(rawHeaders[at]!.toLowerCase())?.push(blanks(rawHeaders[at + 1]!))
  return names.map((name) => `${name}:${lines.get(name)!.join(',')}\n`).join('')
}

const canonicalHeaders = ({ headers, rawHeaders }: Signed, names: readonly string[]): string => {
  let lines = ''
  for (const name of names) {
    const value = headers[name]
    // Not `in`: a header object inherits, and `constructor` or `__proto__` may be named by a hostile client.
    if (value === undefined || !Object.hasOwn(headers, name)) throw wireFault('signedHeaderAbsent', name)
    lines += `${name}:${String(value)}\n`
  }
  return irregular(lines) ? carefully(names, rawHeaders) : lines
}

/** The canonical request of SigV4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
export const canonicalRequest = (
  request: Signed,
  signedHeaders: string,
  payload: string,
  names: readonly string[] = signedHeaders.split(';'),
): string =>
  `${request.method}\n${canonicalPath(request.path)}\n${canonicalQuery(request.query)}\n` +
  `${canonicalHeaders(request, names)}\n${signedHeaders}\n${payload}`

/** `date` in ISO 8601 basic format, `scope` as `20150830/us-east-1/service/aws4_request`. */
export const stringToSign = (date: string, scope: string, canonical: string): string =>
  // latin1: the bytes as they came, where hashing the string itself would encode them anew.
  `AWS4-HMAC-SHA256\n${date}\n${scope}\n${hash('sha256', Buffer.from(canonical, 'latin1'), 'hex')}`
