import { createHash, createHmac } from 'node:crypto'
import { CreateKeyCommand, DescribeKeyCommand, KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alice, bob } from '../support/house.ts'
import { type LeapingHouse, leapingHouse } from '../support/leaping-house.ts'
import { type Asked, type Heard, asker, factsIn, recordsIn, say } from '../support/raw.ts'
import { type Unsigned, signed } from '../support/sign.ts'

/** Through the real server: each way in which a signature is wrong has AWS's own code, and says nothing more. */
let open: LeapingHouse
let key: string
beforeAll(async () => {
  open = await leapingHouse()
  const { body } = await ask('CreateKey', {})
  key = (JSON.parse(body) as { KeyMetadata: { KeyId: string } }).KeyMetadata.KeyId
})
afterAll(async () => {
  await open[Symbol.asyncDispose]()
})
const ask = asker(
  () => open.house.url,
  () => open.clock.now(),
)
const minute = 60_000
const body = '{"Description":"signed"}'
const host = () => new URL(open.house.url).host

/** A sound CreateKey of alice's, signed; `spoil` does something to it after that. */
const spoiled = (
  spoil: (headers: Record<string, string>) => Record<string, string>,
  sent: { body?: string; path?: string } = {},
  request: Partial<Unsigned> = {},
): Promise<Heard> => {
  const headers = signed({
    ...alice,
    host: host(),
    target: 'TrentService.CreateKey',
    body,
    time: open.clock.now(),
    ...request,
  })
  return say(open.house.url, { headers: spoil(headers), body: sent.body ?? body, path: sent.path ?? '/' })
}
const asIs = (headers: Record<string, string>) => headers
const authorization = (change: (value: string) => string) => (headers: Record<string, string>) => ({
  ...headers,
  authorization: change(headers['authorization']!),
})
const without = (name: string) => (headers: Record<string, string>) => {
  const { [name]: _, ...others } = headers
  return others
}
const mismatch =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
  'and signing method. Consult the service documentation for details.'
const invalidToken = 'The security token included in the request is invalid.'

const missing = 'MissingAuthenticationTokenException'
const incomplete = 'IncompleteSignatureException'
const invalid = 'InvalidSignatureException'
const unrecognized = 'UnrecognizedClientException'

type Case = readonly [act: () => Promise<Heard>, code: string, message: string | RegExp]
const cases: Record<string, Case> = {
  'no signature': [() => spoiled(without('authorization')), missing, 'Missing Authentication Token'],
  'an empty header': [() => spoiled(authorization(() => '')), missing, 'Missing Authentication Token'],

  'another scheme': [() => spoiled(authorization(() => 'Bearer abc')), incomplete, /^Invalid key=value pair/],
  'no credential': [
    () => spoiled(authorization((value) => value.replace(/Credential=[^,]*, /, ''))),
    incomplete,
    /^Authorization header requires 'Credential' parameter\. \(Hashed with SHA-256/,
  ],
  'no signed headers': [
    () => spoiled(authorization((value) => value.replace(/SignedHeaders=[^,]*, /, ''))),
    incomplete,
    /^Authorization header requires 'SignedHeaders' parameter\./,
  ],
  'no signature in it': [
    () => spoiled(authorization((value) => value.replace(/, Signature=.*/, ''))),
    incomplete,
    /^Authorization header requires 'Signature' parameter\./,
  ],
  'nothing but a scheme': [
    () => spoiled(authorization(() => 'AWS4-HMAC-SHA256')),
    incomplete,
    /requires 'Credential'.*requires 'Signature'.*requires 'SignedHeaders'/,
  ],
  'no date': [() => spoiled(without('x-amz-date')), incomplete, /'X-Amz-Date' or a 'Date' header/],
  'a date that is none': [
    () => spoiled((headers) => ({ ...headers, 'x-amz-date': 'yesterday' })),
    incomplete,
    /^Date must be in ISO-8601/,
  ],
  'a day no month has': [
    () => spoiled((headers) => ({ ...headers, 'x-amz-date': '20260231T120000Z' })),
    incomplete,
    /^Date must be in ISO-8601/,
  ],
  'another algorithm': [
    () => spoiled(authorization((value) => value.replace('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA512'))),
    incomplete,
    "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'.",
  ],
  SigV4a: [
    () =>
      spoiled(
        authorization((value) =>
          value.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256').replace('/us-east-1/', '/'),
        ),
        {},
        { headers: { 'x-amz-region-set': '*' } },
      ),
    incomplete,
    "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'.",
  ],
  'a credential of four parts': [
    () => spoiled(authorization((value) => value.replace('/kms/', '/'))),
    incomplete,
    /^Credential must have exactly 5 slash-delimited elements/,
  ],
  'a signed header that was not sent': [
    () => spoiled(authorization((value) => value.replace('SignedHeaders=', 'SignedHeaders=a-header;'))),
    incomplete,
    "'a-header' is named as a SignedHeader, but it does not exist in the HTTP request.",
  ],
  'a signature in the query': [
    () => spoiled(without('authorization'), { path: `/?${presigned()}` }),
    incomplete,
    /query string is not supported/,
  ],
  'a signature in the query, and one in the header': [
    () => spoiled(asIs, { path: `/?${presigned()}` }),
    incomplete,
    /query string is not supported/,
  ],

  'an access key nobody has': [
    () => spoiled(asIs, {}, { accessKeyId: 'AKIANOBODYNOBODYNOBO' }),
    unrecognized,
    invalidToken,
  ],
  'no access key at all': [() => spoiled(asIs, {}, { accessKeyId: '' }), unrecognized, invalidToken],
  'an access key in lower case': [
    () => spoiled(asIs, {}, { accessKeyId: alice.accessKeyId.toLowerCase() }),
    unrecognized,
    invalidToken,
  ],

  'too old': [
    () => spoiled(asIs, {}, { time: open.clock.now() - 5 * minute - 1000 }),
    invalid,
    /^Signature expired: 20260601T115459Z is now earlier than 20260601T115500Z \(20260601T120000Z - 5 min\.\)$/,
  ],
  'from the future': [
    () => spoiled(asIs, {}, { time: open.clock.now() + 5 * minute + 1000 }),
    invalid,
    /^Signature not yet current: 20260601T120501Z is still later than 20260601T120500Z \(20260601T120000Z \+ 5 min\.\)$/,
  ],
  'a date moved after signing': [
    () => spoiled((headers) => ({ ...headers, 'x-amz-date': '20260601T120001Z' })),
    invalid,
    mismatch,
  ],
  "somebody else's secret": [() => spoiled(asIs, {}, { secretAccessKey: bob.secretAccessKey }), invalid, mismatch],
  'an empty secret': [() => spoiled(asIs, {}, { secretAccessKey: '' }), invalid, mismatch],
  'a body changed': [() => spoiled(asIs, { body: '{"Description":"Signed"}' }), invalid, mismatch],
  'a blank added to the body': [() => spoiled(asIs, { body: `${body} ` }), invalid, mismatch],
  'a hash of another body': [
    () => spoiled(asIs, {}, { headers: { 'x-amz-content-sha256': createHash('sha256').update('{}').digest('hex') } }),
    invalid,
    mismatch,
  ],
  'an unsigned payload': [
    () => spoiled(asIs, {}, { headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }),
    invalid,
    mismatch,
  ],
  'another operation': [
    () => spoiled((headers) => ({ ...headers, 'x-amz-target': 'TrentService.ListKeys' })),
    invalid,
    mismatch,
  ],
  'another content type': [
    () => spoiled((headers) => ({ ...headers, 'content-type': 'application/x-amz-json-1.0' })),
    invalid,
    mismatch,
  ],
  'another host': [
    () => spoiled((headers) => ({ ...headers, host: 'kms.us-east-1.amazonaws.com' })),
    invalid,
    mismatch,
  ],
  'another session token': [
    () =>
      spoiled(
        (headers) => ({ ...headers, 'x-amz-security-token': 'b' }),
        {},
        { headers: { 'x-amz-security-token': 'a' } },
      ),
    'UnrecognizedClientException',
    /^The security token included in the request is invalid/,
  ],
  'a signed header changed': [
    () => spoiled((headers) => ({ ...headers, 'x-tenant': 'b' }), {}, { headers: { 'x-tenant': 'a' } }),
    invalid,
    mismatch,
  ],
  'a query added': [() => spoiled(asIs, { path: '/?a=b' }), invalid, mismatch],
  'a digit of the signature': [
    () => spoiled(authorization((value) => value.slice(0, -1) + (value.endsWith('0') ? '1' : '0'))),
    invalid,
    mismatch,
  ],
  'half the signature': [() => spoiled(authorization((value) => value.slice(0, -32))), invalid, mismatch],
  'a signature in capitals': [
    () => spoiled(authorization((value) => value.replace(/[0-9a-f]{64}$/, (hex) => hex.toUpperCase()))),
    invalid,
    mismatch,
  ],
  'a region that is not served': [
    () => spoiled(asIs, {}, { region: 'ap-south-1' }),
    invalid,
    /^Credential should be scoped to a valid region/,
  ],
  'another service': [
    () => spoiled(asIs, {}, { service: 's3' }),
    invalid,
    /^Credential should be scoped to correct service/,
  ],
  "STS' signature on a request to KMS": [
    () => spoiled(asIs, {}, { service: 'sts' }),
    invalid,
    /^Credential should be scoped to correct service: 'kms'/,
  ],
  "yesterday's scope": [
    () => spoiled(authorization((value) => value.replace('/20260601/', '/20260531/'))),
    invalid,
    /^Date in Credential scope does not match YYYYMMDD/,
  ],
  'another terminator': [
    () => spoiled(authorization((value) => value.replace('/aws4_request', '/aws5_request'))),
    invalid,
    /^Credential should be scoped with a valid terminator/,
  ],
  'a scope signed for one region, said for another': [
    () => spoiled(authorization((value) => value.replace('/us-east-1/', '/eu-west-1/'))),
    invalid,
    mismatch,
  ],
  'an unsigned host': [
    () => spoiled(authorization((value) => value.replace(';host', ''))),
    invalid,
    /must be a 'SignedHeader'/,
  ],
  'an unsigned operation': [
    () => spoiled(authorization((value) => value.replace(';x-amz-target', ''))),
    invalid,
    /'x-amz-target' must be a 'SignedHeader'/,
  ],
  'an unsigned session token': [
    () => spoiled((headers) => ({ ...headers, 'x-amz-security-token': 'smuggled' })),
    invalid,
    /'x-amz-security-token' must be a 'SignedHeader'/,
  ],
  'signed headers in another order': [
    () =>
      spoiled(
        authorization((value) =>
          value.replace(
            /SignedHeaders=([^,]*)/,
            (_, names: string) => `SignedHeaders=${names.split(';').toReversed().join(';')}`,
          ),
        ),
      ),
    invalid,
    mismatch,
  ],
}

/** As `aws4-presigned` would have it: everything in the query. */
const presigned = () =>
  new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${alice.accessKeyId}/20260601/us-east-1/kms/aws4_request`,
    'X-Amz-Date': '20260601T120000Z',
    'X-Amz-Expires': '60',
    'X-Amz-SignedHeaders': 'host',
    'X-Amz-Signature': createHmac('sha256', 'a').update('b').digest('hex'),
  }).toString()

describe('each way to be wrong', () => {
  test('the request that they spoil is sound', async () => {
    expect((await spoiled(asIs)).status).toBe(200)
  })

  test.each(Object.keys(cases))('%s', async (name) => {
    const [act, code, message] = cases[name]!
    const before = factsIn(open.data).filter(({ type }) => type !== 'ApiCall')
    const heard = await act()
    expect([heard.status, heard.code]).toEqual([400, code])
    expect(heard.message).toMatch(message)
    expect(Object.keys(JSON.parse(heard.body) as object).toSorted()).toEqual(['__type', 'message'])
    // Neither the text to sign nor the canonical request nor any right signature is told.
    expect(heard.body).not.toMatch(/[0-9a-f]{64}/)
    expect(factsIn(open.data).filter(({ type }) => type !== 'ApiCall')).toEqual(before)
    expect(recordsIn(open.data).at(-1)).toMatchObject({ errorCode: code, userIdentity: { type: 'Unknown' } })
  })

  test('in the query protocol they have the names they have there', async () => {
    const form = 'Action=GetCallerIdentity&Version=2011-06-15'
    const sts: Asked = { service: 'sts', headers: { 'content-type': 'application/x-www-form-urlencoded' } }
    const codeOf = ({ status, body: xml }: Heard) => [status, /<Code>(.*)<\/Code>/.exec(xml)?.[1]]
    expect((await ask('', form, sts)).status).toBe(200)
    expect(codeOf(await ask('', form, { ...sts, secretAccessKey: 'another' }))).toEqual([403, 'SignatureDoesNotMatch'])
    expect(codeOf(await ask('', form, { ...sts, accessKeyId: 'AKIANOBODYNOBODYNOBO' }))).toEqual([
      403,
      'InvalidClientTokenId',
    ])
    expect(codeOf(await ask('', form, { ...sts, service: 'kms' }))).toEqual([403, 'SignatureDoesNotMatch'])
    const unsigned = { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form }
    expect(codeOf(await say(open.house.url, unsigned))).toEqual([403, 'MissingAuthenticationToken'])
  })
})

describe('the edges of what is right', () => {
  test.each([
    ['five minutes old', -5 * minute],
    ['five minutes ahead', 5 * minute],
  ])('a signature that is %s', async (_, offset) => {
    expect((await ask('ListKeys', {}, { time: open.clock.now() + offset })).status).toBe(200)
  })

  test('a Date header instead of X-Amz-Date', async () => {
    const date = new Date(open.clock.now()).toUTCString()
    // The support's own signer always sends X-Amz-Date: here by hand, from the specification.
    const hash = (text: string) => createHash('sha256').update(text).digest('hex')
    const hmac = (by: string | Buffer, text: string) => createHmac('sha256', by).update(text).digest()
    const headers = { date, host: host(), 'x-amz-target': 'TrentService.ListKeys' }
    const canonical = [
      'POST',
      '/',
      '',
      ...Object.entries(headers).map((pair) => pair.join(':')),
      '',
      'date;host;x-amz-target',
      hash('{}'),
    ]
    const scope = '20260601/us-east-1/kms/aws4_request'
    const text = ['AWS4-HMAC-SHA256', '20260601T120000Z', scope, hash(canonical.join('\n'))].join('\n')
    const signing = ['us-east-1', 'kms', 'aws4_request'].reduce<Buffer>(
      hmac,
      hmac(`AWS4${alice.secretAccessKey}`, '20260601'),
    )
    const signature = createHmac('sha256', signing).update(text).digest('hex')
    const credential = `Credential=${alice.accessKeyId}/${scope}`
    const heard = await say(open.house.url, {
      headers: {
        ...headers,
        authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=date;host;x-amz-target, Signature=${signature}`,
      },
      body: '{}',
    })
    expect([heard.status, heard.message]).toEqual([200, undefined])
  })

  test('headers that were not signed may come along', async () => {
    const unsigned = {
      'x-forwarded-for': '203.0.113.7',
      'user-agent': 'a proxy',
      accept: '*/*',
      'x-amz-user-agent': 'a',
    }
    expect((await ask('ListKeys', {}, { unsigned })).status).toBe(200)
  })

  test('the content hash and headers of all kinds, when signed', async () => {
    const headers = {
      'x-amz-content-sha256': createHash('sha256').update('{}').digest('hex'),
      'x-blanks': '  a   b  ',
      'x-list': 'a, b,c',
      'x-empty': '',
      'user-agent': 'Ünusual/1.0 (a; b) \u00e9'.normalize('NFC').replaceAll(/[^\x20-\x7e]/g, '?'),
    }
    expect((await ask('ListKeys', {}, { headers })).status).toBe(200)
  })

  test('a session token that nobody here gave out is refused, however well the rest is signed', async () => {
    const kms = new KMSClient({
      endpoint: open.house.url,
      region: 'us-east-1',
      credentials: { ...alice, sessionToken: 'a-session-token-that-comes-along' },
      systemClockOffset: open.clock.now() - Date.now(),
      maxAttempts: 1,
    })
    await expect(kms.send(new DescribeKeyCommand({ KeyId: key }))).rejects.toThrow(
      'The security token included in the request is invalid.',
    )
    kms.destroy()
  })
})

describe('what the SDK really sends', () => {
  const systemClockOffset = () => open.clock.now() - Date.now()
  const credentials = { accessKeyId: alice.accessKeyId, secretAccessKey: alice.secretAccessKey }

  test('custom headers, an unusual user agent, an application id', async () => {
    const kms = new KMSClient({
      endpoint: open.house.url,
      region: 'us-east-1',
      credentials,
      systemClockOffset: systemClockOffset(),
      customUserAgent: [['a tool', '1.0 beta'], ['odd/(name)#!', '2'], ['x'.repeat(300)]],
      userAgentAppId: 'the-app',
    })
    kms.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { headers: Record<string, string> }).headers, {
          'x-tenant': 'a,  b ,c',
          'x-amz-meta-note': '  blanks  inside  ',
          'x-trace-id': '1-67891233-abcdef012345678912345678',
          accept: 'application/json, */*;q=0.1',
        })
        return next(args)
      },
      { step: 'build', name: 'customHeaders' },
    )
    expect((await kms.send(new ListKeysCommand({}))).Truncated).toBe(false)
    expect(recordsIn(open.data).at(-1)!['userAgent']).toContain('app/the-app a-tool/1.0-beta')
    kms.destroy()
  })

  test('text of every script', async () => {
    const kms = open.kms()
    for (const Description of [
      'Ключ',
      '鍵',
      'مفتاح',
      '🔑🗝️',
      'e\u0301',
      '\u0000',
      'a\u2028b',
      '\\"\n\t/',
      'x'.repeat(8192),
    ]) {
      const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description }))
      expect(KeyMetadata!.Description).toBe(Description)
    }
  })

  test('both services, both regions, many at once', async () => {
    const clients = ['us-east-1', 'eu-west-1'].map((region) => open.kms(alice, region))
    const sts = new STSClient({
      endpoint: open.house.url,
      region: 'eu-west-1',
      credentials,
      systemClockOffset: systemClockOffset(),
    })
    const answers = await Promise.all([
      ...clients.flatMap((kms) => Array.from({ length: 50 }, () => kms.send(new ListKeysCommand({})))),
      sts.send(new GetCallerIdentityCommand({})),
    ])
    expect(answers).toHaveLength(101)
    expect(answers.at(-1)).toMatchObject({ Arn: 'arn:aws:iam::111122223333:user/alice', Account: alice.account })
    sts.destroy()
  })
})

test('what one signature vouched for does not vouch for the next', async () => {
  // The house remembers who signed; the same header with another body, time or target is looked at again.
  const headers = signed({
    ...alice,
    host: host(),
    target: 'TrentService.ListKeys',
    body: '{}',
    time: open.clock.now(),
  })
  const sent = async (change: Record<string, string>, text = '{}') => {
    const heard = await say(open.house.url, { headers: { ...headers, ...change }, body: text })
    return heard.code ?? heard.status
  }
  expect(await sent({})).toBe(200)
  expect(await sent({})).toBe(200)
  expect(await sent({}, '{"Limit":1}')).toBe(invalid)
  expect(await sent({ 'x-amz-target': 'TrentService.CreateKey' })).toBe(invalid)
  expect(await sent({ 'x-amz-date': '20260601T120100Z' })).toBe(invalid)
  expect(await sent({ 'x-amz-security-token': 'a' })).toBe(invalid)
  expect(await sent({})).toBe(200)
  open.clock.leap(5 * minute + 1000)
  expect(await sent({})).toBe(invalid)
})

test('and behind the scenes all is well', () => {
  expect(open.faults).toEqual([])
})
