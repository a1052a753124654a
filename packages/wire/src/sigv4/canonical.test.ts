import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { canonicalRequest, payloadHash, stringToSign } from './canonical.ts'
import { cases, signedRequest, type Case } from './testing.ts'

const named = (name: string): Case => cases.find((one) => one.name === name)!
const listed = (one: Case): string =>
  /SignedHeaders=([^,]+)/.exec(one.headers.find(([name]) => name === 'Authorization')![1])![1]!
const canonical = (one: Case) => {
  const request = signedRequest(one)
  return canonicalRequest(request, listed(one), payloadHash(request.body))
}
/** The suite's text as the bytes that went over the wire. */
const bytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

describe("AWS's published signature suite", () => {
  test.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) => {
    expect(canonical(one)).toBe(bytes(one.canonicalRequest))
    expect(stringToSign('20150830T123600Z', '20150830/us-east-1/service/aws4_request', canonical(one))).toBe(
      one.stringToSign,
    )
  })

  test('holds its 31 cases', () => {
    expect(cases).toHaveLength(31)
    expect(readFileSync(new URL('../../../../test/vectors/sigv4.json', import.meta.url), 'utf8')).toContain(
      'Apache-2.0',
    )
  })
})

describe('the canonical request', () => {
  const vanilla = signedRequest(named('get-vanilla'))
  const body = payloadHash(Buffer.alloc(0))
  const linesOf = (headers: readonly (readonly [string, string])[], signedHeaders: string) =>
    canonicalRequest(signedRequest({ ...named('get-vanilla'), headers }), signedHeaders, body)
      .split('\n')
      .slice(3, -3)

  test('writes every line of a header that came twice, in order, without blanks between', () => {
    expect(
      linesOf(
        [
          ['A', 'two'],
          ['B', 'x'],
          ['a', 'one'],
        ],
        'a;b',
      ),
    ).toEqual(['a:two,one', 'b:x'])
  })

  test('leaves a comma and blank of the value itself alone', () => {
    expect(linesOf([['Accept', 'text/html, text/plain']], 'accept')).toEqual(['accept:text/html, text/plain'])
  })

  test('makes runs of blanks and tabs one blank', () => {
    expect(linesOf([['A', 'x  y\tz']], 'a')).toEqual(['a:x y z'])
  })

  test('hashes the bytes of a header as they came, not their encoding', () => {
    const request = signedRequest({ ...named('get-vanilla'), headers: [['A', 'é']] })
    const utf8 = canonicalRequest(request, 'a', body)
    expect(stringToSign('d', 's', utf8).split('\n')[3]).toBe(payloadHash(Buffer.from(utf8, 'latin1')))
    expect(Buffer.from(utf8, 'latin1').toString('utf8')).toContain('a:é')
    // The second byte of à is 0xA0, which JavaScript takes for a blank.
    expect(linesOf([['A', 'à  à']], 'a')).toEqual([Buffer.from('a:à à').toString('latin1')])
  })

  test('names a header that was not sent', () => {
    for (const name of ['x-absent', '__proto__', 'constructor', 'hasOwnProperty'])
      expect(() => canonicalRequest(vanilla, name, body)).toThrow(
        expect.objectContaining({
          code: 'IncompleteSignatureException',
          status: 400,
          message: `'${name}' is named as a SignedHeader, but it does not exist in the HTTP request.`,
        }) as Error,
      )
  })

  test('sorts the query by name, then value, and keeps a plus a plus', () => {
    const { query: _, ...rest } = vanilla
    const query = (text: string) => canonicalRequest({ ...rest, query: text }, 'host', body).split('\n')[2]
    expect(query('b=2&a=2&a=1&c+d')).toBe('a=1&a=2&b=2&c%2Bd=')
    expect(query('a-1=x&a=y')).toBe('a=y&a-1=x')
    expect(query('%e1=%zz&x')).toBe('%E1=%25zz&x=')
  })
})
