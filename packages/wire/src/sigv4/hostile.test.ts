import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WireFault } from '../fault.ts'
import type { Signed } from './canonical.ts'
import { authorized, sign, verify, withHeader } from './testing.ts'

describe('a hostile client', () => {
  const judge = verify()
  const anything = (request: Signed) => {
    try {
      void judge(request)
      return 'let in'
    } catch (error) {
      return error instanceof WireFault ? error.code : error
    }
  }
  const codes = [
    'IncompleteSignatureException',
    'InvalidSignatureException',
    'MissingAuthenticationTokenException',
    'UnrecognizedClientException',
  ]

  test('gets one of the four refusals for whatever header it makes up', () => {
    const good = sign().headers['authorization']!
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'AWS4-HMAC-SHA256',
        'Credential=',
        'SignedHeaders=',
        'Signature=',
        '/',
        ';',
        ',',
        ' ',
        '=',
        'host',
      ),
      fc.constantFrom(...good.split(/(?<=[ ,=/;])/)),
      fc.constantFrom('__proto__', 'constructor', 'toString', '\u0000', '\ud800'),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.string(), fc.string(), (pieces, date, query) => {
        const header = pieces.join('')
        const request = { ...withHeader(authorized(header), 'x-amz-date', date), query }
        expect(codes).toContain(anything(request))
        expect(codes).toContain(anything(authorized(header)))
      }),
      { numRuns: 500 },
    )
  })

  test('gets one of them for whatever it changes in a good request', () => {
    const request = sign({ headers: { 'x-amz-target': 'TrentService.Encrypt', 'x-amz-security-token': 'token' } })
    const names = Object.keys(request.headers)
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), fc.string({ minLength: 1, maxLength: 3 }), (name, at, put) => {
        const value = request.headers[name]!
        const place = at % (value.length + 1)
        const changed = withHeader(request, name, value.slice(0, place) + put + value.slice(place + put.length))
        fc.pre(String(changed.headers[name]).trim().replace(/\s+/g, ' ') !== value)
        // Blanks and commas between the parts of the Authorization header mean nothing.
        fc.pre(name !== 'authorization' || !/^[\s,]+$/.test(put))
        expect(codes).toContain(anything(changed))
      }),
      { numRuns: 500 },
    )
  })

  test('cannot make one refusal dear', () => {
    const names = Array.from({ length: 700 }, (_, index) => `h${index}`)
    const headers = Object.fromEntries(names.map((name) => [name, 'a, b']))
    const request = sign({ headers })
    const started = process.hrtime.bigint()
    expect(anything({ ...request, body: Buffer.from('x') })).toBe('InvalidSignatureException')
    expect(anything(authorized('A='.repeat(2000)))).toBe('IncompleteSignatureException')
    expect(anything(authorized(`a ${','.repeat(4000)}`))).toBe('IncompleteSignatureException')
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(500)
  })
})
