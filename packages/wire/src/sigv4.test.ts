import fc from 'fast-check'
import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { WireFault } from './fault.ts'
import { verifier, type Claim } from './sigv4.ts'
import type { Signed } from './sigv4/canonical.ts'
import { derived, sign, signedRequest, suite } from './testing.ts'

const noon = Date.UTC(2015, 7, 30, 12, 36, 0)
const { secretAccessKey, cases } = suite()

const verify = ({ time = noon, asked = [] as string[], later = false } = {}) =>
  verifier({
    signingKey: (accessKeyId, scope) => {
      asked.push(`${accessKeyId}/${scope.date}/${scope.region}/${scope.service}`)
      const key = accessKeyId === 'AKIDEXAMPLE' ? derived(secretAccessKey, scope) : undefined
      return later ? Promise.resolve(key) : key
    },
    now: () => time,
    regions: ['us-east-1', 'eu-west-1'],
    services: ['kms', 'sts', 'service'],
  })

const refusal = (
  request: Signed,
  judge = verify(),
  service?: string,
): { code: string; status: number; message: string } => {
  try {
    void judge(request, service)
  } catch (error) {
    if (error instanceof WireFault) return { code: error.code, status: error.status, message: error.message }
    throw error
  }
  throw new Error('the request was let in')
}
const incomplete = (message: string) => ({ code: 'IncompleteSignatureException', status: 400, message })
const invalid = (message: string) => ({ code: 'InvalidSignatureException', status: 400, message })
const mismatch = invalid(
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
)
const withHeader = (request: Signed, name: string, value: string | undefined): Signed => {
  const headers = { ...request.headers, [name]: value }
  if (value === undefined) delete headers[name]
  return { ...request, headers, rawHeaders: Object.entries(headers).flat() as string[] }
}
const authorized = (authorization: string | undefined) => withHeader(sign(), 'authorization', authorization)
const digest = (header: string) => hash('sha256', header, 'base64')
const admin: Claim = {
  accessKeyId: 'AKIDEXAMPLE',
  date: '20150830',
  region: 'us-east-1',
  service: 'kms',
  sessionToken: undefined,
}

describe('a signature that is good', () => {
  test('says who signed, for which day, region and service', () => {
    expect(verify()(sign())).toEqual(admin)
    expect(verify()(sign({ region: 'eu-west-1', service: 'sts' }), 'sts')).toEqual({
      ...admin,
      region: 'eu-west-1',
      service: 'sts',
    })
  })

  test("is found good in each of AWS's published cases that signs its session token", () => {
    for (const one of cases.filter(({ name }) => name !== 'post-sts-header-after')) {
      const token = one.headers.find(([name]) => name === 'X-Amz-Security-Token')?.[1]
      expect(verify()(signedRequest(one)), one.name).toEqual({ ...admin, service: 'service', sessionToken: token })
    }
  })

  test('carries the session token', () => {
    expect(verify()(sign({ headers: { 'x-amz-security-token': 'token' } }))).toEqual({
      ...admin,
      sessionToken: 'token',
    })
  })

  test('is found good again and again, and the key asked for each time', () => {
    const asked: string[] = []
    const judge = verify({ asked })
    const first = sign({ body: '1' })
    expect([judge(first), judge(first), judge(sign({ body: '2' }))]).toEqual([admin, admin, admin])
    expect(asked).toEqual(Array(3).fill('AKIDEXAMPLE/20150830/us-east-1/kms'))
  })

  test('waits for a key that must be fetched', async () => {
    expect(await verify({ later: true })(sign())).toEqual(admin)
    await expect(verify({ later: true })({ ...sign(), body: Buffer.from('[]') })).rejects.toMatchObject(mismatch)
  })

  test('may date itself by Date alone', () => {
    const headers = { date: 'Sun, 30 Aug 2015 12:36:00 GMT' }
    const withBoth = sign({ headers, unsigned: ['x-amz-date'] })
    expect(verify()(withHeader(withBoth, 'x-amz-date', undefined))).toEqual(admin)
  })

  test('may state the hash of its body', () => {
    expect(verify()(sign({ headers: { 'x-amz-content-sha256': hash('sha256', '{}', 'hex') } }))).toEqual(admin)
  })

  test('need not cover what is added on the way', () => {
    const on = { 'user-agent': 'a', connection: 'close', 'x-amzn-trace-id': 'Root=1', 'x-amz-user-agent': 'b' }
    expect(verify()(sign({ headers: on, unsigned: Object.keys(on) }))).toEqual(admin)
  })

  test('may be written with commas alone and its parts in any order', () => {
    const { authorization } = sign().headers
    expect(verify()(authorized(authorization!.replaceAll(', ', ',')))).toEqual(admin)
    const [algorithm, credential, headers, signature] = authorization!.split(/,? /)
    expect(verify()(authorized(`${algorithm} ${signature}, ${credential},  ${headers}`))).toEqual(admin)
  })

  test('is good for five minutes to either side, and no longer', () => {
    const at = (time: number) => verify({ time })
    expect(at(noon + 300_000)(sign())).toEqual(admin)
    expect(at(noon - 300_000)(sign())).toEqual(admin)
    expect(refusal(sign(), at(noon + 301_000))).toEqual(
      invalid('Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)'),
    )
    expect(refusal(sign(), at(noon - 301_000))).toEqual(
      invalid(
        'Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)',
      ),
    )
  })

  test('expires also for a client that was let in before', () => {
    let time = noon
    const judge = verifier({
      signingKey: (_, scope) => derived(secretAccessKey, scope),
      now: () => time,
      regions: ['us-east-1'],
      services: ['kms'],
    })
    expect(judge(sign())).toEqual(admin)
    time += 300_001
    expect(refusal(sign(), judge).message).toMatch(/^Signature expired/)
  })
})

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

  test('by a credential that has not five elements', () => {
    const text =
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKID/EXAMPLE/20150830/us-east-1/kms/aws4_request'"
    expect(refusal(sign({ accessKeyId: 'AKID/EXAMPLE' }))).toEqual(incomplete(text))
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
      expect(refusal(withHeader(request, name, value)), name).toEqual(mismatch)
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
      expect(refusal(authorized(`${before}Signature=${signature}`)), signature).toEqual(mismatch)
  })
})

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
