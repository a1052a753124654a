import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { alice } from '../support/house.ts'
import { type LeapingHouse, leapingHouse } from '../support/leaping-house.ts'
import { asker, exchangeBytes, factsIn, say } from '../support/raw.ts'
import { signed, signedBytes } from '../support/sign.ts'

/** Whatever comes over the wire gets an answer or a closed door; the house lives, and what it refused it did not write. */
let open: LeapingHouse
let key: string
const ask = asker(
  () => open.house.url,
  () => open.clock.now(),
)
const answered = async <T>(operation: string, input: unknown): Promise<T> => {
  const { status, body } = await ask(operation, input)
  if (status !== 200) throw new Error(body)
  return (body === '' ? {} : JSON.parse(body)) as T
}
const written = () => factsIn(open.data).filter(({ stream }) => !stream.startsWith('trail-'))

beforeAll(async () => {
  open = await leapingHouse()
  key = (await answered<{ KeyMetadata: { KeyId: string } }>('CreateKey', {})).KeyMetadata.KeyId
})
afterAll(async () => {
  await open[Symbol.asyncDispose]()
})

/** Around the tests of refusals: all was as before, and is well. */
const nothingHappens = () => {
  let before: unknown
  beforeEach(() => {
    before = written()
  })
  afterEach(async () => {
    expect(written()).toEqual(before)
    expect(open.faults).toEqual([])
    expect((await ask('DescribeKey', { KeyId: key })).status).toBe(200)
  })
}

/** How a request is refused: `400 SerializationException`. */
const refusal = async (operation: string, input: unknown): Promise<string> => {
  const { status, code, body } = await ask(operation, input)
  return `${status} ${code ?? body}`
}

describe('a body that is no JSON object', () => {
  nothingHappens()
  const bodies: Record<string, string | Buffer> = {
    'nothing at all': '',
    'a blank': ' ',
    'an object that breaks off': '{"Description":"a"',
    'a string that breaks off': '{"Description":"a',
    'an escape that breaks off': '{"Description":"\\ud8',
    'a comma too many': '{"Description":"a",}',
    'quotes of another kind': "{'Description':'a'}",
    'a comment': '{/* a */}',
    'two objects': '{}{}',
    'a byte order mark': '\ufeff{}',
    'a number that is none': '{"Limit":NaN}',
    'a raw line break in a string': '{"Description":"a\nb"}',
    'a zero byte': '{}\0',
    null: 'null',
    'a list': '[{"Description":"a"}]',
    'a string': '"Description"',
    'a number': '1',
    'bytes that are not UTF-8': Buffer.from('{"Description":"\xff\xfe"}', 'latin1'),
    'a surrogate in UTF-8': Buffer.from([...Buffer.from('{"Description":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}')]),
    'an overlong slash': Buffer.from([...Buffer.from('{"Description":"'), 0xc0, 0xaf, ...Buffer.from('"}')]),
    'UTF-16': Buffer.from('{"Description":"a"}', 'utf16le'),
    'random bytes': Buffer.from('9f3c41d2a7e60b5518c4f0997f02aa31ee', 'hex'),
    'a form': 'Description=a',
    XML: '<CreateKey/>',
    'a hundred thousand brackets': '['.repeat(100_000),
    'a hundred thousand nested lists': `{"Description":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    'a hundred thousand nested objects': `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    'nested deep in a member nobody knows': `{"Other":${'[['.repeat(40)}${']]'.repeat(40)}}`,
  }
  test.each(Object.keys(bodies))('%s', async (name) => {
    expect(await refusal('CreateKey', bodies[name])).toBe('400 SerializationException')
  })

  test('what is cut off anywhere is refused', async () => {
    const whole = JSON.stringify({ Description: 'a "quoted" ü \u{1f600}', Tags: [{ TagKey: 'a', TagValue: 'b' }] })
    const bytes = Buffer.from(whole)
    const codes = await Promise.all(
      Array.from({ length: bytes.length }, async (_, length) => {
        const heard = await ask('CreateKey', bytes.subarray(0, length))
        return heard.code
      }),
    )
    expect(new Set(codes)).toEqual(new Set(['SerializationException']))
  })
})

describe('members of another type', () => {
  nothingHappens()
  const values = { null: 'null', number: '1', boolean: 'true', list: '["a"]', structure: '{"a":"b"}', string: '"a"' }
  const members: Record<string, readonly [operation: string, member: string, right: readonly (keyof typeof values)[]]> =
    {
      'a key id': ['DescribeKey', 'KeyId', ['string']],
      'a description': ['CreateKey', 'Description', ['string', 'null']],
      'a policy': ['CreateKey', 'Policy', ['string', 'null']],
      'a list of tags': ['CreateKey', 'Tags', ['null']],
      'a flag': ['CreateKey', 'MultiRegion', ['boolean', 'null']],
      'a number': ['GenerateRandom', 'NumberOfBytes', ['number', 'null']],
      'a blob': ['Encrypt', 'Plaintext', ['string']],
      'a context': ['Encrypt', 'EncryptionContext', ['null', 'structure']],
      'grant tokens': ['DescribeKey', 'GrantTokens', ['null', 'list']],
      'a recipient': ['GenerateRandom', 'Recipient', ['null', 'structure']],
    }
  const wrong = Object.entries(members).flatMap(([name, [operation, member, right]]) =>
    Object.entries(values)
      .filter(([type]) => !right.includes(type as keyof typeof values))
      .map(([type, value]) => ({ name, type, operation, member, value })),
  )
  test.each(wrong)('$name that is a $type', async ({ operation, member, value }) => {
    const body =
      operation === 'DescribeKey' && member !== 'KeyId'
        ? `{"KeyId":"${key}","${member}":${value}}`
        : `{"${member}":${value}}`
    // null is as good as absent, and these members must be there.
    const code = value === 'null' ? 'ValidationException' : 'SerializationException'
    expect(await refusal(operation, body)).toBe(`400 ${code}`)
  })

  test.each(['1e309', '1.5', '2147483648', '-2147483649', '9007199254740994'])(
    'a number of bytes of %s',
    async (value) => {
      expect(await refusal('GenerateRandom', `{"NumberOfBytes":${value}}`)).toBe('400 SerializationException')
    },
  )
})

describe('unpaired surrogates', () => {
  nothingHappens()
  const half = '\\ud800'
  const requests: Record<string, readonly [string, (half: string) => string]> = {
    'in a description': ['CreateKey', (x) => `{"Description":"a${x}"}`],
    'in a tag key': ['CreateKey', (x) => `{"Tags":[{"TagKey":"a${x}","TagValue":"b"}]}`],
    'in a tag value': ['CreateKey', (x) => `{"Tags":[{"TagKey":"a","TagValue":"${x}b"}]}`],
    'in a policy': ['CreateKey', (x) => `{"Policy":"{\\"Version\\":\\"${x}\\"}"}`],
    'in a key id': ['DescribeKey', (x) => `{"KeyId":"${x}"}`],
    'in an alias': ['CreateAlias', (x) => `{"TargetKeyId":"${key}","AliasName":"alias/${x}"}`],
    'in a name of the context': [
      'Encrypt',
      (x) => `{"KeyId":"${key}","Plaintext":"YQ==","EncryptionContext":{"${x}":"a"}}`,
    ],
    'in a value of the context': [
      'Encrypt',
      (x) => `{"KeyId":"${key}","Plaintext":"YQ==","EncryptionContext":{"a":"${x}"}}`,
    ],
    'in a marker': ['ListKeys', (x) => `{"Marker":"${x}"}`],
    'in a grant token': ['DescribeKey', (x) => `{"KeyId":"${key}","GrantTokens":["${x}"]}`],
    'in a blob': ['Encrypt', (x) => `{"KeyId":"${key}","Plaintext":"YQ==${x}"}`],
    'in an enumeration': ['CreateKey', (x) => `{"KeySpec":"${x}"}`],
  }
  for (const [name, [operation, body]] of Object.entries(requests))
    test.each([
      ['a high one', half],
      ['a low one', '\\udc00'],
      ['the wrong way round', '\\udc00\\ud800'],
    ])(`${name}: %s`, async (_, surrogate) => {
      const heard = await ask(operation, body(surrogate))
      expect(heard.status).toBe(400)
      expect(['SerializationException', 'ValidationException', 'MalformedPolicyDocumentException']).toContain(
        heard.code,
      )
      // Whatever is said of it is text again.
      expect(Buffer.from(heard.body).toString().isWellFormed()).toBe(true)
    })
})

describe('names that JavaScript knows', () => {
  nothingHappens()
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype', '__defineGetter__']

  test.each(names)('an operation called %s', async (name) => {
    expect(await refusal(name, {})).toBe('400 UnknownOperationException')
    const form = await ask('', `Action=${name}&Version=2011-06-15`, {
      service: 'sts',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect([form.status, /<Code>(.*)<\/Code>/.exec(form.body)?.[1]]).toEqual([400, 'InvalidAction'])
  })

  test.each(names)('a member called %s gives nothing to the others', async (name) => {
    expect(await refusal('DescribeKey', `{"${name}":{"KeyId":"${key}"}}`)).toBe('400 ValidationException')
    expect(await refusal('DescribeKey', `{"${name}":"${key}"}`)).toBe('400 ValidationException')
    expect(await refusal('Encrypt', `{"KeyId":"${key}","${name}":{"Plaintext":"YQ=="}}`)).toBe(
      '400 ValidationException',
    )
    expect(
      await refusal('GenerateRandom', `{"Recipient":{"${name}":{"AttestationDocument":"YQ=="}},"NumberOfBytes":1}`),
    ).toBe('400 UnsupportedOperationException')
    expect(Object.hasOwn(Object.prototype, 'KeyId')).toBe(false)
  })

  test.each(names)('a key, a marker, a policy called %s', async (name) => {
    expect(await refusal('DescribeKey', { KeyId: name })).toBe('400 NotFoundException')
    expect(await refusal('DescribeKey', { KeyId: `alias/${name}` })).toBe('400 NotFoundException')
    expect(await refusal('ListKeys', { Marker: name })).toBe('400 InvalidMarkerException')
    expect(await refusal('GetKeyPolicy', { KeyId: key, PolicyName: name })).toBe('400 NotFoundException')
    expect(await refusal('CreateKey', { KeySpec: name })).toBe('400 ValidationException')
  })

  test.each(names)('an access key, a signed header, a region called %s', async (name) => {
    for (const [asked, code] of [
      [{ accessKeyId: name }, 'UnrecognizedClientException'],
      [{ region: name }, 'InvalidSignatureException'],
      [{ service: name }, 'InvalidSignatureException'],
    ] as const)
      expect((await ask('ListKeys', {}, asked)).code).toBe(code)
    const headers = signed({ ...alice, host: new URL(open.house.url).host, body: '{}', time: open.clock.now() })
    headers['authorization'] = headers['authorization']!.replace(
      'SignedHeaders=',
      `SignedHeaders=${name.toLowerCase()};`,
    )
    expect((await say(open.house.url, { headers, body: '{}' })).status).toBe(400)
  })
})

test('names that JavaScript knows are good names: in a context, as a tag, as an alias', async () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
  // Written by hand: an object literal would lose its __proto__.
  const context = (pairs: readonly string[]) => `{${pairs.map((name) => `"${name}":"of ${name}"`).join(',')}}`
  const heard = await ask('Encrypt', `{"KeyId":"${key}","Plaintext":"YQ==","EncryptionContext":${context(names)}}`)
  const { CiphertextBlob } = JSON.parse(heard.body) as { CiphertextBlob: string }
  const decrypt = (pairs: readonly string[]) =>
    ask('Decrypt', `{"CiphertextBlob":"${CiphertextBlob}","EncryptionContext":${context(pairs)}}`)
  expect((await decrypt(names.toReversed())).status).toBe(200)
  for (const missing of names)
    expect((await decrypt(names.filter((name) => name !== missing))).code).toBe('InvalidCiphertextException')

  const Tags = names.map((TagKey) => ({ TagKey, TagValue: `of ${TagKey}` }))
  await answered('TagResource', { KeyId: key, Tags })
  const listed = await answered<{ Tags: object[] }>('ListResourceTags', { KeyId: key })
  expect(listed.Tags).toHaveLength(4)
  expect(listed.Tags).toEqual(expect.arrayContaining(Tags))
  await answered('UntagResource', { KeyId: key, TagKeys: names })
  expect((await answered<{ Tags: object[] }>('ListResourceTags', { KeyId: key })).Tags).toEqual([])

  for (const name of names) {
    await answered('CreateAlias', { TargetKeyId: key, AliasName: `alias/${name}` })
    await answered('DescribeKey', { KeyId: `alias/${name}` })
    await answered('DeleteAlias', { AliasName: `alias/${name}` })
  }
})

test('pairs of surrogates and every other text go in and come out as they were', async () => {
  const texts = ['\u{1f600}', 'e\u0301', '\u00e9', '\u2028\u2029', '\u0000\u0001', '\ufffe\uffff', '\u202e']
  for (const text of texts) {
    await answered('UpdateKeyDescription', { KeyId: key, Description: text })
    const { KeyMetadata } = await answered<{ KeyMetadata: { Description: string } }>('DescribeKey', { KeyId: key })
    expect(KeyMetadata.Description).toBe(text)
    const { CiphertextBlob } = await answered<{ CiphertextBlob: string }>('Encrypt', {
      KeyId: key,
      Plaintext: 'YQ==',
      EncryptionContext: { [text]: text },
    })
    await answered('Decrypt', { CiphertextBlob, EncryptionContext: { [text]: text } })
    const others = texts.filter((other) => other !== text)
    const refusals = others.map((other) => refusal('Decrypt', { CiphertextBlob, EncryptionContext: { [other]: text } }))
    expect(new Set(await Promise.all(refusals))).toEqual(new Set(['400 InvalidCiphertextException']))
  }
})

describe('large bodies', () => {
  nothingHappens()
  const mebibyte = 1_048_576
  const padded = (length: number) => {
    const bare = JSON.stringify({ KeyId: key, Other: '' })
    return JSON.stringify({ KeyId: key, Other: 'x'.repeat(length - bare.length) })
  }

  test('one of exactly 1 MiB is read; with one byte more it is too large', async () => {
    expect(Buffer.byteLength(padded(mebibyte))).toBe(mebibyte)
    expect((await ask('DescribeKey', padded(mebibyte))).status).toBe(200)
    const heard = await ask('DescribeKey', padded(mebibyte + 1))
    expect([heard.status, heard.code]).toEqual([413, 'RequestEntityTooLarge'])
  })

  test('the same in chunks', async () => {
    const sent = async (length: number) => {
      const body = padded(length)
      const { host } = new URL(open.house.url)
      const headers = signed({ ...alice, host, target: 'TrentService.DescribeKey', body, time: open.clock.now() })
      return (await say(open.house.url, { headers: { ...headers, 'transfer-encoding': 'chunked' }, body })).status
    }
    expect([await sent(mebibyte), await sent(mebibyte + 1)]).toEqual([200, 413])
  })

  test('a body without an end is cut off', async () => {
    const head = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999\r\n\r\n'
    const heard = await exchangeBytes(open.house.url, head, ...Array.from({ length: 10 }, () => 'x'.repeat(mebibyte)))
    expect(heard).not.toContain('200 OK')
  })

  test('a context of ten thousand pairs does what one of one pair does', async () => {
    const pairs = Array.from({ length: 10_000 }, (_, index) => [`name-${index}`, `value-${index}`] as const)
    const { CiphertextBlob } = await answered<{ CiphertextBlob: string }>('Encrypt', {
      KeyId: key,
      Plaintext: 'YQ==',
      EncryptionContext: Object.fromEntries(pairs),
    })
    const opened = await answered<{ Plaintext: string }>('Decrypt', {
      CiphertextBlob,
      EncryptionContext: Object.fromEntries(pairs.toReversed()),
    })
    expect(opened.Plaintext).toBe('YQ==')
    const EncryptionContext = Object.fromEntries(pairs.slice(1))
    expect(await refusal('Decrypt', { CiphertextBlob, EncryptionContext })).toBe('400 InvalidCiphertextException')
  })

  test('lists of a hundred thousand members are refused, not walked', async () => {
    const TagKeys = Array.from({ length: 100_000 }, (_, index) => String(index))
    expect(await refusal('UntagResource', { KeyId: key, TagKeys: TagKeys.slice(0, 90_000) })).toBe(
      '400 ValidationException',
    )
    expect(await refusal('DescribeKey', { KeyId: key, GrantTokens: TagKeys.slice(0, 90_000) })).toBe(
      '400 ValidationException',
    )
    const Tags = TagKeys.slice(0, 20_000).map((TagKey) => ({ TagKey, TagValue: '' }))
    expect(await refusal('CreateKey', { Tags })).toBe('400 ValidationException')
  })
})

describe('HTTP that is not what it should be', () => {
  nothingHappens()

  test.each(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])('the method %s', async (method) => {
    const heard = await ask('ListKeys', {}, { method })
    expect([heard.status, heard.code]).toEqual([404, 'UnknownOperationException'])
  })

  test('HEAD is answered without a body', async () => {
    const heard = await say(open.house.url, { method: 'HEAD', headers: {}, body: '' })
    expect([heard.status, heard.body]).toEqual([404, ''])
  })

  test.each(['//', '/kms', '/../', '/%00', '/%2e%2e/%2e%2e/etc/passwd', '/?a=b&c', '*', 'http://elsewhere/x'])(
    'the path %s',
    async (path) => {
      const heard = await ask('ListKeys', {}, { path })
      // A query that was not signed, or another path: neither is a request for us.
      expect([400, 404]).toContain(heard.status)
    },
  )

  test('CONNECT and upgrades are not taken up', async () => {
    expect(await exchangeBytes(open.house.url, 'CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n')).not.toMatch(/^HTTP\/1.1 2/)
    const upgrade = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n'
    expect(await exchangeBytes(open.house.url, upgrade)).toMatch(/^HTTP\/1.1 404 /)
  })

  const time = () => ({ ...alice, host: new URL(open.house.url).host, time: open.clock.now() })
  test('headers that come twice', async () => {
    const body = '{}'
    const headers = signed({ ...time(), target: 'TrentService.ListKeys', body })
    const twice = async (name: string, values: string[]) => {
      const heard = await say(open.house.url, { headers: { ...headers, [name]: values }, body })
      return [heard.status, heard.code]
    }
    expect(await twice('x-amz-target', ['TrentService.ListKeys', 'TrentService.ListAliases'])).toEqual([
      400,
      'UnknownOperationException',
    ])
    expect(await twice('x-amz-date', [headers['x-amz-date']!, headers['x-amz-date']!])).toEqual([
      400,
      'IncompleteSignatureException',
    ])
    expect((await twice('x-amz-security-token', ['a', 'b']))[0]).toBe(400)
  })

  const garbage: Record<string, string | Buffer> = {
    'random bytes': randomBytes(4096),
    'zero bytes': Buffer.alloc(4096),
    'a TLS handshake': Buffer.concat([Buffer.from('16030100f0010000ec0303', 'hex'), randomBytes(240)]),
    'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a version of the future': 'POST / HTTP/9.9\r\nhost: a\r\n\r\n',
    'HTTP/0.9': 'GET /\r\n\r\n',
    'no host': 'POST / HTTP/1.1\r\n\r\n',
    'two lengths': 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x',
    'a negative length': 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n',
    'a length and chunks':
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'a coding nobody knows': 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: rot13\r\n\r\n{}',
    'a chunk without a size': 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n',
    'a header without a colon': 'POST / HTTP/1.1\r\nhost: a\r\nheader\r\n\r\n',
    'a header with a zero byte': 'POST / HTTP/1.1\r\nhost: a\r\nb: \0\r\n\r\n',
    'a blank before a colon': 'POST / HTTP/1.1\r\nhost: a\r\nb : c\r\n\r\n',
    'a header that goes on': 'POST / HTTP/1.1\r\nhost: a\r\nb: c\r\n d\r\n\r\n',
    'bare line feeds': 'POST / HTTP/1.1\nhost: a\n\n',
    'headers of 20 KiB': `POST / HTTP/1.1\r\nhost: a\r\nb: ${'c'.repeat(20_480)}\r\n\r\n`,
    'a path of 20 KiB': `POST /${'c'.repeat(20_480)} HTTP/1.1\r\nhost: a\r\n\r\n`,
    'ten thousand headers': `POST / HTTP/1.1\r\nhost: a\r\n${'b: c\r\n'.repeat(10_000)}\r\n`,
    'an expectation nobody can meet': 'POST / HTTP/1.1\r\nhost: a\r\nexpect: money\r\nconnection: close\r\n\r\n',
    'a request and then garbage': 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n\x00\x01garbage\r\n\r\n',
  }
  test.each(Object.keys(garbage))('%s', async (name) => {
    const heard = await new Promise<string>((resolve) => {
      const { hostname, port } = new URL(open.house.url)
      const socket = connect(Number(port), hostname)
      let text = ''
      socket.on('data', (chunk) => (text += String(chunk)))
      socket.on('error', () => undefined)
      socket.on('close', () => resolve(text))
      socket.end(garbage[name]!)
    })
    expect(
      heard
        .split('HTTP/1.1 ')
        .slice(1)
        .map((answer) => answer[0]),
    ).toSatisfy((statuses: string[]) => statuses.every((status) => status === '4'))
  })
})

describe('connections', () => {
  nothingHappens()
  const bytes = (operation: string, input: object) =>
    signedBytes({
      ...alice,
      host: new URL(open.house.url).host,
      target: `TrentService.${operation}`,
      body: JSON.stringify(input),
      time: open.clock.now(),
    })
  const dial = (): Promise<Socket & Disposable> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(open.house.url)
      const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true }, () =>
        resolve(Object.assign(socket, { [Symbol.dispose]: () => socket.destroy() })),
      )
      socket.once('error', reject)
    })
  const heardOn = (socket: Socket, until: (text: string) => boolean): Promise<string> =>
    new Promise((resolve) => {
      let text = ''
      socket.on('data', (chunk) => {
        text += String(chunk)
        if (until(text)) resolve(text)
      })
      socket.on('close', () => resolve(text))
    })

  test('requests sent without waiting are answered in their order', async () => {
    using socket = await dial()
    const lengths = Array.from({ length: 30 }, (_, index) => index + 1)
    const hearing = heardOn(socket, (text) => text.split('"Plaintext":').length > 30)
    socket.write(Buffer.concat(lengths.map((NumberOfBytes) => bytes('GenerateRandom', { NumberOfBytes }))))
    const plaintexts = [...(await hearing).matchAll(/"Plaintext":"([^"]*)"/g)].map(([, text]) => text!)
    expect(plaintexts.map((text) => Buffer.from(text, 'base64').length)).toEqual(lengths)
  })

  test('a request that comes byte by byte is a request', async () => {
    using socket = await dial()
    socket.setNoDelay(true)
    const hearing = heardOn(socket, (text) => text.includes('KeyMetadata'))
    for (const byte of bytes('DescribeKey', { KeyId: key })) {
      socket.write(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await hearing).toMatch(/^HTTP\/1.1 200 /)
  })

  test('whoever has said all and closed their half hears the answer or nothing, and the next one is served', async () => {
    using socket = await dial()
    const hearing = heardOn(socket, () => false)
    socket.end(bytes('DescribeKey', { KeyId: key }))
    // Node takes the end of the one half for the end of the other, unless the answer was faster.
    expect(await hearing).toMatch(/^(HTTP\/1.1 200 |$)/)
  })

  test('whoever closes their half in the middle of a request gets no answer but an end', async () => {
    for (const share of [0.2, 0.9, 0.99]) {
      using socket = await dial()
      const hearing = heardOn(socket, () => false)
      const whole = bytes('CreateKey', { Description: 'half' })
      socket.end(whole.subarray(0, Math.floor(whole.length * share)))
      expect(await hearing).not.toContain('200 OK')
    }
  })

  test('five hundred connections that are opened and dropped leave none behind', async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    const before = sockets()
    const whole = bytes('DescribeKey', { KeyId: key })
    const starts = [
      Buffer.alloc(0),
      whole.subarray(0, 40),
      whole.subarray(0, whole.length - 5),
      whole,
      Buffer.alloc(99, 7),
    ]
    const opened = await Promise.all(Array.from({ length: 500 }, dial))
    opened.forEach((socket, index) => {
      socket.on('error', () => undefined)
      socket.write(starts[index % starts.length]!)
    })
    expect((await ask('DescribeKey', { KeyId: key })).status).toBe(200)
    opened.forEach((socket, index) => {
      if (index % 2 === 0) socket.destroy()
      else socket.resetAndDestroy()
    })
    await expect.poll(sockets, { timeout: 20_000 }).toBeLessThanOrEqual(before)
  })
})

describe('slow clients', () => {
  let patient: LeapingHouse
  beforeAll(async () => {
    patient = await leapingHouse({ limits: { headersTime: 400, requestTime: 800 } })
  })
  afterAll(async () => {
    await patient[Symbol.asyncDispose]()
  })
  const slowly = (head: string, drop: string): Promise<string> =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(patient.house.url)
      const socket = connect(Number(port), hostname)
      let text = ''
      socket.write(head)
      const dripping = setInterval(() => socket.write(drop), 50)
      socket.on('data', (chunk) => (text += String(chunk)))
      socket.on('error', () => undefined)
      socket.on('close', () => {
        clearInterval(dripping)
        resolve(text)
      })
    })
  const askPatient = asker(
    () => patient.house.url,
    () => patient.clock.now(),
  )

  test('whoever drips headers or a body is told that it took too long, and keeps nobody else waiting', async () => {
    const slow = Array.from({ length: 100 }, (_, index) =>
      index % 2 === 0
        ? slowly('POST / HTTP/1.1\r\nhost: a\r\n', 'b: c\r\n')
        : slowly('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n', 'x'),
    )
    for (let count = 0; count < 50; count++) expect((await askPatient('ListKeys', {})).status).toBe(200)
    const heard = await Promise.all(slow)
    expect(new Set(heard.map((text) => text.split('\r\n')[0]))).toEqual(new Set(['HTTP/1.1 408 Request Timeout']))
    expect((await askPatient('ListKeys', {})).status).toBe(200)
    expect(patient.faults).toEqual([])
  })
})
