import { expect, test } from 'vitest'
import { type TestHouse, arnOfKey, freshKey, intoState, kms, raw, refusalOf, unknownKey } from './asking.ts'
import {
  base64,
  dryRunSucceeded,
  invalidCiphertext,
  opened,
  plain,
  sealed,
  tampered,
  valueNull,
} from './crypto-rooms.ts'
import { type Input, doesNotExist, isDisabled } from './rooms.ts'

/** Seals under one context and opens under another, both as they stand in the request. */
const underContexts = async (house: TestHouse, sealing: string, opening: string) => {
  const KeyId = await freshKey(house)
  const encrypt = `{"KeyId":"${KeyId}","Plaintext":"${base64('attack at dawn')}","EncryptionContext":${sealing}}`
  const encrypted = await raw(house, { operation: 'Encrypt', body: encrypt })
  expect(encrypted.status).toBe(200)
  const blob = encrypted.json!['CiphertextBlob'] as string
  const decrypted = await raw(house, {
    operation: 'Decrypt',
    body: `{"CiphertextBlob":"${blob}","EncryptionContext":${opening}}`,
  })
  return plain(decrypted)
}

/** What binds a ciphertext to its context: every name and value, byte for byte, in whatever order. */
export const encryptionContextRoom = (open: () => TestHouse): void => {
  test.each([
    ['in another order', '{"a":"1","b":"2","c":"3"}', '{"c":"3","a":"1","b":"2"}'],
    ['empty, then absent', '{}', 'null'],
    ['absent, then empty', 'null', '{}'],
    [
      'with numbers and booleans, then strings',
      '{"n":1,"m":-0.25,"t":true,"f":false}',
      '{"n":"1","m":"-0.25","t":"true","f":"false"}',
    ],
    ['with strings, then numbers and booleans', '{"n":"7","t":"true"}', '{"t":true,"n":7}'],
    [
      "with names of the language's own",
      '{"__proto__":"x","constructor":"y","toString":"z"}',
      '{"toString":"z","constructor":"y","__proto__":"x"}',
    ],
    [
      'with names and values beyond ASCII',
      '{"ключ":"значение","\u{1d11e}":"\\u0000"}',
      '{"\\ud834\\udd1e":"\\u0000","ключ":"значение"}',
    ],
    ['with empty values', '{"a":"","b":""}', '{"b":"","a":""}'],
    ["with the Encryption SDK's public key", '{"aws-crypto-public-key":"AvAX"}', '{"aws-crypto-public-key":"AvAX"}'],
  ])('opens %s', async (_, sealing, opening) => {
    const { status, json } = await underContexts(open(), sealing, opening)
    expect([status, json?.['Plaintext']]).toEqual([200, base64('attack at dawn')])
  })

  test.each([
    ['none where there was one', '{"a":"1"}', 'null'],
    ['one where there was none', 'null', '{"a":"1"}'],
    ['a pair less', '{"a":"1","b":"2"}', '{"a":"1"}'],
    ['a pair more', '{"a":"1"}', '{"a":"1","b":"2"}'],
    ['a name in other case', '{"Purpose":"test"}', '{"purpose":"test"}'],
    ['a value in other case', '{"Purpose":"test"}', '{"Purpose":"Test"}'],
    ['values that changed places', '{"a":"1","b":"2"}', '{"a":"2","b":"1"}'],
    ['a name that took from its value', '{"a":"bc"}', '{"ab":"c"}'],
    ['a value that took from its name', '{"ab":"c"}', '{"a":"bc"}'],
    ['a value that took the next pair', '{"a":"b","c":"d"}', '{"a":"bcd"}'],
    ['a pair with an empty value less', '{"a":""}', '{}'],
    ['a pair with an empty name less', '{"":""}', '{}'],
    ['a space more', '{"a":"1"}', '{"a":"1 "}'],
    ['the same letter decomposed', '{"a":"\u00e9"}', '{"a":"e\u0301"}'],
    ['no __proto__', '{"__proto__":"x"}', '{}'],
    ['another __proto__', '{"__proto__":"x"}', '{"__proto__":"y"}'],
    ['no constructor', '{"constructor":"x"}', '{}'],
    ["no public key of the Encryption SDK's", '{"aws-crypto-public-key":"AvAX"}', '{}'],
    [
      "another public key of the Encryption SDK's",
      '{"aws-crypto-public-key":"AvAX"}',
      '{"aws-crypto-public-key":"AvAY"}',
    ],
    ['another number', '{"n":1}', '{"n":2}'],
    ['a number written otherwise', '{"n":"1.0"}', '{"n":1}'],
  ])('does not open with %s', async (_, sealing, opening) => {
    expect(await underContexts(open(), sealing, opening)).toEqual(invalidCiphertext)
  })

  // The model sets no bound; 8 KiB is only where an external key store's would be.
  test.each([
    ['of one value of 100 KiB', { long: 'v'.repeat(100 * 1024) }],
    ['of 10,000 pairs', Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`name-${n}`, `value-${n}`]))],
  ])('may be one %s, and every character counts', async (_, context) => {
    const client = kms(open())
    const blob = await sealed(client, await freshKey(open()), 'large', context)
    expect((await opened(client, blob, context)).text).toBe('large')
    const [name, value] = Object.entries(context).at(-1)!
    const { status, json } = await raw(open(), {
      operation: 'Decrypt',
      body: { CiphertextBlob: base64(blob), EncryptionContext: { ...context, [name]: `${value.slice(0, -1)}!` } },
    })
    expect({ status, json }).toEqual(invalidCiphertext)
  })
}

/** Whatever is wrong with a ciphertext, Decrypt says one and the same thing. */
export const forgeryRoom = (open: () => TestHouse): void => {
  const withKey = async (change: (blob: Buffer) => Buffer) => {
    const KeyId = await freshKey(open())
    const CiphertextBlob = base64(change(await sealed(kms(open()), KeyId)))
    return plain(await raw(open(), { operation: 'Decrypt', body: { KeyId, CiphertextBlob } }))
  }

  test('with a single bit turned in any byte is refused without a word', async () => {
    const KeyId = await freshKey(open())
    const blob = await sealed(kms(open()), KeyId)
    for (let index = 0; index < blob.length; index++) {
      const body = { KeyId, CiphertextBlob: base64(tampered(blob, index)) }
      expect(plain(await raw(open(), { operation: 'Decrypt', body }))).toEqual(invalidCiphertext)
    }
  })

  test.each<[string, (blob: Buffer) => Buffer]>([
    ['a single byte', () => Buffer.from([1])],
    ['zeros', () => Buffer.alloc(200)],
    ['6144 bytes of anything', () => Buffer.alloc(6144, 0xa5)],
    ['the plaintext itself', () => Buffer.from('attack at dawn')],
    ['the first half', (blob) => blob.subarray(0, blob.length / 2)],
    ['a byte short', (blob) => blob.subarray(0, -1)],
    ['a byte long', (blob) => Buffer.concat([blob, Buffer.alloc(1)])],
    ['twice itself', (blob) => Buffer.concat([blob, blob])],
  ])('that is %s is refused without a word', async (_, change) => {
    expect(await withKey(change)).toEqual(invalidCiphertext)
  })

  test('that is broken and comes without a key is refused without a word', async () => {
    const asked = async (blob: Buffer) =>
      plain(await raw(open(), { operation: 'Decrypt', body: { CiphertextBlob: base64(blob) } }))
    const blob = await sealed(kms(open()), await freshKey(open()))
    expect(await asked(Buffer.from('garbage'))).toEqual(invalidCiphertext)
    expect(await asked(Buffer.alloc(300))).toEqual(invalidCiphertext)
    expect(await asked(tampered(blob, blob.length - 1))).toEqual(invalidCiphertext)
  })

  test('made of two halves of two good ones is refused without a word', async () => {
    const client = kms(open())
    const KeyId = await freshKey(open())
    const [one, other] = [await sealed(client, KeyId, 'attack at dawn'), await sealed(client, KeyId, 'retreat at ten')]
    const half = one.length - 20
    const CiphertextBlob = base64(Buffer.concat([one.subarray(0, half), other.subarray(half)]))
    expect(plain(await raw(open(), { operation: 'Decrypt', body: { CiphertextBlob } }))).toEqual(invalidCiphertext)
  })
}

/** DryRun says in an error what would have been; `input` makes a request that succeeds. */
export const dryRunRoom = (open: () => TestHouse, operation: string, input: Input): void => {
  test('of a request that would have succeeded is refused with those words and nothing else', async () => {
    const body = { ...(await input(await freshKey(open()))), DryRun: true }
    const { name, message } = dryRunSucceeded
    expect(plain(await raw(open(), { operation, body }))).toEqual({ status: 400, json: { __type: name, message } })
  })

  test('of a request on a disabled key is refused as the request would have been', async () => {
    const KeyId = await freshKey(open())
    const body = { ...(await input(KeyId)), DryRun: true }
    await intoState(open(), KeyId, 'Disabled')
    const refusal = { ...isDisabled(arnOfKey(KeyId)), status: 400 }
    expect(refusalOf(await raw(open(), { operation, body }))).toEqual(refusal)
  })

  test('false is none', async () => {
    const body = { ...(await input(await freshKey(open()))), DryRun: false }
    expect((await raw(open(), { operation, body })).status).toBe(200)
  })
}

/**
 * DryRunModifiers=[IGNORE_CIPHERTEXT]. `source` is the member that names the ciphertext's key, `input` makes a request
 * that has it and succeeds.
 */
export const ignoreCiphertextRoom = (
  open: () => TestHouse,
  operation: string,
  input: Input,
  source: string,
  members: readonly string[] = [source],
): void => {
  const ignoring = { DryRun: true, DryRunModifiers: ['IGNORE_CIPHERTEXT'] }
  const asked = async (more: object) => {
    const { CiphertextBlob: _, ...named } = (await input(await freshKey(open()))) as { CiphertextBlob: string }
    return refusalOf(await raw(open(), { operation, body: { ...named, ...ignoring, ...more } }))
  }

  test('with IGNORE_CIPHERTEXT needs no ciphertext', async () => {
    expect(await asked({})).toEqual(dryRunSucceeded)
  })
  test('with IGNORE_CIPHERTEXT ignores the ciphertext that comes all the same', async () => {
    expect(await asked({ CiphertextBlob: base64('garbage') })).toEqual(dryRunSucceeded)
  })
  test('with IGNORE_CIPHERTEXT needs the key by name, as no ciphertext names it', async () => {
    expect(await asked({ [source]: null })).toEqual(valueNull(source.charAt(0).toLowerCase() + source.slice(1)))
  })
  test.each(members)('with IGNORE_CIPHERTEXT says what is wrong with %s', async (member) => {
    const missing = unknownKey()
    expect(await asked({ [member]: missing })).toEqual({ ...doesNotExist(arnOfKey(missing)), status: 400 })
    const disabled = await freshKey(open())
    await intoState(open(), disabled, 'Disabled')
    expect(await asked({ [member]: disabled })).toEqual({ ...isDisabled(arnOfKey(disabled)), status: 400 })
  })
  test.each([null, false])('is a must with IGNORE_CIPHERTEXT: %s is refused', async (DryRun) => {
    expect(await asked({ DryRun })).toEqual({
      name: 'ValidationException',
      message: 'DryRunModifiers can be specified only when DryRun is set.',
      status: 400,
    })
  })
}
