import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { verifier } from '../sigv4.ts'
import {
  admin,
  authorized,
  derived,
  digest,
  incomplete,
  invalid,
  mismatch,
  noon,
  refusal,
  secretAccessKey,
  sign,
  verify,
  withHeader,
} from './testing.ts'

describe('nobody is let in', () => {
  test('without a signature', () => {
    const missing = {
      code: 'MissingAuthenticationTokenException',
      status: 400,
      message: 'Missing Authentication Token',
    }
    expect(refusal(authorized(undefined))).toEqual(missing)
    expect(refusal(authorized(''))).toEqual(missing)
  })

  test('by a signature in the query', () => {
    const text = 'Signing in the query string is not supported; use the Authorization header.'
    for (const query of ['X-Amz-Signature=00', 'a=b&X-Amz-Algorithm=AWS4-HMAC-SHA256', 'x-amz-credential=x'])
      expect(refusal({ ...sign(), query })).toEqual(incomplete(text))
  })

  test('with parts missing, all of which are named', () => {
    const lacks = (header: string, ...names: string[]) =>
      incomplete(
        `${names.map((name) => `Authorization header requires '${name}' parameter.`).join(' ')} (Hashed with SHA-256 and encoded with Base64) Authorization=${digest(header)}`,
      )
    const check = (header: string, ...names: string[]) => {
      expect(refusal(authorized(header))).toEqual(lacks(header, ...names))
    }
    check('AWS4-HMAC-SHA256', 'Credential', 'Signature', 'SignedHeaders')
    check('eyJhbGciOiJub25lIn0', 'Credential', 'Signature', 'SignedHeaders')
    check('AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host', 'Signature')
    check('AWS4-HMAC-SHA256 Credential=, SignedHeaders=host, Signature=00', 'Credential')
    check(
      `AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=${'a;'.repeat(3000)}host, Signature=00`,
      'Credential',
      'Signature',
      'SignedHeaders',
    )
  })

  test('with something that is no pair', () => {
    const text = (header: string) =>
      incomplete(
        `Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '${digest(header)}'.`,
      )
    for (const header of [
      'Bearer abc',
      'Basic dXNlcjpwYXNz',
      'AWS4-HMAC-SHA256 Credential= a/b/c/d/e, SignedHeaders=host',
    ])
      expect(refusal(authorized(header))).toEqual(text(header))
  })

  test('without a date, or with one that is none', () => {
    const undated = withHeader(sign(), 'x-amz-date', undefined)
    expect(refusal(undated)).toEqual(
      incomplete(
        `Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) Authorization=${digest(undated.headers.authorization!)}`,
      ),
    )
    expect(refusal(withHeader(sign(), 'x-amz-date', '2015-08-30'))).toEqual(
      incomplete(
        "Date must be in ISO-8601 'basic format'. Got '2015-08-30'. See http://en.wikipedia.org/wiki/ISO_8601",
      ),
    )
    const judge = verify()
    expect(judge(sign())).toEqual(admin)
    expect(refusal(undated, judge)).toEqual(refusal(undated))
  })

  test('by another algorithm', () => {
    for (const algorithm of ['AWS4-ECDSA-P256-SHA256', 'AWS4-HMAC-SHA1', 'AWS4-HMAC-SHA25'])
      expect(refusal(authorized(sign().headers['authorization']!.replace('AWS4-HMAC-SHA256', algorithm)))).toEqual(
        incomplete(`Unsupported AWS 'algorithm': '${algorithm}'.`),
      )
  })

  test('by a credential that has not five elements, which is not repeated: it may be a secret in the wrong place', () => {
    const swapped = digest('SE/CRET/20150830/us-east-1/kms/aws4_request')
    expect(refusal(sign({ accessKeyId: 'SE/CRET' }))).toEqual(
      incomplete(
        `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got (hashed with SHA-256 and encoded with Base64): '${swapped}'`,
      ),
    )
  })

  test('and no more of what was made up is repeated than tells what it was', () => {
    const long = 'x'.repeat(3000)
    for (const made of [
      withHeader(sign(), 'x-amz-date', long),
      authorized(sign().headers['authorization']!.replace('AWS4-HMAC-SHA256', long)),
      authorized(sign().headers['authorization']!.replace('host', `host;${long}`)),
    ])
      expect(refusal(made).message).toMatch(/^[^x]*[^]{0,200}$/)
  })

  test('for another region, service, terminator or day; all that is wrong is named', () => {
    expect(refusal(sign({ region: 'us-west-2' }))).toEqual(
      invalid("Credential should be scoped to a valid region, not 'us-west-2'. "),
    )
    expect(refusal(sign({ service: 'sqs' }))).toEqual(
      invalid("Credential should be scoped to correct service: 'kms'. "),
    )
    expect(refusal(sign({ service: 'kms' }), verify(), 'sts')).toEqual(
      invalid("Credential should be scoped to correct service: 'sts'. "),
    )
    const { authorization } = sign().headers
    expect(refusal(authorized(authorization!.replace('20150830/us-east-1/kms/aws4_request', 'b/c/d/e')))).toEqual(
      invalid(
        "Credential should be scoped to a valid region, not 'c'. Credential should be scoped to correct service: 'kms'. " +
          "Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. " +
          "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: 'b' != '20150830', from '20150830T123600Z'.",
      ),
    )
  })

  test('for another day, even by a client that was let in before', () => {
    let time = noon
    const judge = verifier({
      signingKey: (_, scope) => derived(secretAccessKey, scope),
      now: () => time,
      regions: ['us-east-1'],
      services: ['kms'],
    })
    void judge(sign())
    time += 86_400_000
    const stale = sign().headers['authorization']!
    const request = withHeader(sign({ date: '20150831T123600Z' }), 'authorization', stale)
    expect(refusal(request, judge).message).toMatch(/^Date in Credential scope does not match/)
  })

  test('who leaves the host, the date or what AWS acts upon unsigned', () => {
    const unsigned = (name: string, value: string) => refusal(sign({ headers: { [name]: value }, unsigned: [name] }))
    const text = (name: string) => invalid(`${name} must be a 'SignedHeader' in the AWS Authorization.`)
    expect(unsigned('host', 'localhost')).toEqual(text("'Host' or ':authority'"))
    expect(unsigned('x-amz-date', '20150830T123600Z')).toEqual(text("'x-amz-date'"))
    expect(unsigned('x-amz-target', 'TrentService.Decrypt')).toEqual(text("'x-amz-target'"))
    expect(unsigned('x-amz-security-token', 'token')).toEqual(text("'x-amz-security-token'"))
    expect(unsigned('x-amz-content-sha256', 'x')).toEqual(text("'x-amz-content-sha256'"))
    const dated = sign({ headers: { date: 'Sun, 30 Aug 2015 12:36:00 GMT' }, unsigned: ['date', 'x-amz-date'] })
    expect(refusal(withHeader(dated, 'x-amz-date', undefined))).toEqual(text("'Date'"))
  })

  test('who adds to a request that a client let in before had signed', () => {
    const judge = verify()
    const request = sign()
    expect(judge(request)).toEqual(admin)
    expect(refusal(withHeader(request, 'x-amz-target', 'TrentService.DisableKey'), judge)).toEqual(
      invalid("'x-amz-target' must be a 'SignedHeader' in the AWS Authorization."),
    )
  })

  test('who names a header and does not send it', () => {
    const request = withHeader(sign({ headers: { accept: '*/*' } }), 'accept', undefined)
    expect(refusal(request)).toEqual(
      incomplete("'accept' is named as a SignedHeader, but it does not exist in the HTTP request."),
    )
  })

  test('with an access key nobody has', () => {
    expect(refusal(sign({ accessKeyId: 'AKIDNOBODY' }))).toEqual({
      code: 'UnrecognizedClientException',
      status: 400,
      message: 'The security token included in the request is invalid.',
    })
  })

  test('with the wrong secret', () => {
    expect(refusal(sign({ secret: 'wrong' }))).toEqual(mismatch)
  })

  test('who changes anything that was signed', () => {
    const request = sign({ headers: { 'x-amz-target': 'TrentService.Encrypt' } })
    expect(refusal({ ...request, body: Buffer.from('{} ') })).toEqual(mismatch)
    expect(refusal({ ...request, method: 'PUT' })).toEqual(mismatch)
    expect(refusal({ ...request, path: '/other' })).toEqual(mismatch)
    expect(refusal({ ...request, query: 'a=b' })).toEqual(mismatch)
    for (const [name, value] of [
      ['host', 'elsewhere'],
      ['x-amz-target', 'TrentService.Decrypt'],
      ['x-amz-date', '20150830T123601Z'],
      ['content-type', 'application/x-amz-json-1.0'],
    ] as const)
      expect([name, refusal(withHeader(request, name, value))]).toEqual([name, mismatch])
  })

  test('who signs another hash than the body has, or none', () => {
    for (const claimed of ['UNSIGNED-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', hash('sha256', '', 'hex')])
      expect(refusal(sign({ headers: { 'x-amz-content-sha256': claimed } }))).toEqual(mismatch)
  })

  test('with a signature of another form', () => {
    const { authorization } = sign().headers
    const [before, hex] = authorization!.split('Signature=')
    for (const signature of [
      hex!.slice(2),
      `${hex}00`,
      `0x${hex}`,
      hex!.replace(/.$/, 'g'),
      hex!.toUpperCase(),
      '0'.repeat(64),
      'é',
    ])
      expect([signature, refusal(authorized(`${before}Signature=${signature}`))]).toEqual([signature, mismatch])
  })
})
