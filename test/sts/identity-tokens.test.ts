import { createHmac } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Issuer, issuers } from '@keyledger/command'
import { WireFault } from '@keyledger/wire'
import { type CryptoKey, type JWTPayload, exportSPKI, importJWK } from 'jose'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type TestIssuer, testIssuer } from '../support/issuer.ts'

let provider: TestIssuer
let time: number
const faults: unknown[] = []
beforeEach(async () => {
  provider = await testIssuer()
  time = Date.parse('2026-06-01T12:00:00Z')
  faults.length = 0
})
afterEach(() => provider[Symbol.asyncDispose]())

const seconds = () => time / 1000
const usual = (): JWTPayload => ({ sub: 'workload-1', aud: 'keyledger', iat: seconds(), exp: seconds() + 300 })
const configured = (change: Partial<Issuer> = {}) =>
  issuers({
    issuers: [{ issuer: provider.url, audiences: ['keyledger', 'other'], jwks: provider.jwksUrl, ...change }],
    now: () => time,
    onFault: (fault) => faults.push(fault),
  })

const outcome = async (asked: Promise<unknown>): Promise<unknown> => {
  try {
    return await asked
  } catch (error) {
    if (error instanceof WireFault) return { code: error.code, status: error.status }
    throw error
  }
}
const invalid = { code: 'InvalidIdentityToken', status: 400 }
const expired = { code: 'ExpiredIdentityTokenException', status: 400 }
const unreachable = { code: 'IDPCommunicationError', status: 400 }
const name = () => provider.url.slice('http://'.length)
const workload = () => ({ provider: name(), subject: 'workload-1', audiences: ['keyledger'] })

const without = (claims: JWTPayload, name: string) =>
  Object.fromEntries(Object.entries(claims).filter(([claim]) => claim !== name))

const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('an identity token', () => {
  test.each(['RS256', 'ES256', 'EdDSA'])('signed with %s says who its bearer is', async (alg) => {
    await provider.rotate('second', { alg })
    expect(await configured().verify(await provider.token(usual()))).toEqual(workload())
  })

  test('may name no key where there is but one', async () => {
    const { verify } = configured()
    expect(await verify(await provider.token(usual(), { kid: undefined }))).toEqual(workload())
  })

  test('for several audiences is good when one of them is known, and only those count', async () => {
    const { verify } = configured()
    const both = await provider.token({ ...usual(), aud: ['stranger', 'other', 'keyledger'] })
    expect(await verify(both)).toEqual({ ...workload(), audiences: ['other', 'keyledger'] })
  })

  const wrong: readonly (readonly [string, (claims: JWTPayload) => JWTPayload, object])[] = [
    ['for nobody known', (claims) => ({ ...claims, aud: 'stranger' }), invalid],
    ['for no audience', (claims) => without(claims, 'aud'), invalid],
    ['without a subject', (claims) => without(claims, 'sub'), invalid],
    ['of an empty subject', (claims) => ({ ...claims, sub: '' }), invalid],
    ['of a subject too long', (claims) => ({ ...claims, sub: 'x'.repeat(256) }), invalid],
    ['of a subject with a line break', (claims) => ({ ...claims, sub: 'a\nb' }), invalid],
    ['without an end', (claims) => without(claims, 'exp'), invalid],
    ['without a beginning', (claims) => without(claims, 'iat'), invalid],
    ['that ended', (claims) => ({ ...claims, exp: seconds() - 5 }), expired],
    ['that has not begun', (claims) => ({ ...claims, nbf: seconds() + 6 }), invalid],
    ['issued in the future', (claims) => ({ ...claims, iat: seconds() + 6 }), invalid],
    ['of another issuer', (claims) => ({ ...claims, iss: 'https://stranger.example.com' }), invalid],
    ['of an issuer with a slash more', (claims) => ({ ...claims, iss: `${provider.url}/` }), invalid],
  ]
  test.each(wrong)('%s is refused', async (_, change, refused) => {
    expect(await outcome(configured().verify(await provider.token(change(usual()))))).toEqual(refused)
  })

  test('may be off by the five seconds that clocks differ', async () => {
    const { verify } = configured()
    const claims = { ...usual(), exp: seconds() - 4, nbf: seconds() + 5, iat: seconds() + 5 }
    expect(await verify(await provider.token(claims))).toEqual(workload())
  })

  test('is judged by the time of the house, not of the machine', async () => {
    const { verify } = configured()
    const token = await provider.token(usual())
    time += 400_000
    expect(await outcome(verify(token))).toEqual(expired)
  })

  test('that was altered anywhere is refused', async () => {
    const { verify } = configured()
    const [header, , signature] = (await provider.token(usual())).split('.')
    const forged = segment({ ...usual(), iss: provider.url, sub: 'administrator' })
    expect(await outcome(verify(`${header}.${forged}.${signature}`))).toEqual(invalid)
    const token = await provider.token(usual())
    const flipped = token.slice(0, -6) + (token.at(-6) === 'A' ? 'B' : 'A') + token.slice(-5)
    expect(await outcome(verify(flipped))).toEqual(invalid)
  })

  test('that nobody signed (alg none) is refused', async () => {
    const payload = segment({ iss: provider.url, ...usual() })
    const { verify } = configured()
    for (const alg of ['none', 'None', 'NONE', ''])
      for (const signature of ['', 'AAAA'])
        expect(await outcome(verify(`${segment({ alg, kid: 'first' })}.${payload}.${signature}`))).toEqual(invalid)
  })

  test('whose HMAC key is the public key of the issuer is refused', async () => {
    const { verify } = configured()
    const jwk = provider.publicKey()
    const pem = await exportSPKI((await importJWK(jwk, 'RS256', { extractable: true })) as CryptoKey)
    const payload = segment({ iss: provider.url, ...usual() })
    for (const secret of [pem, JSON.stringify(jwk), Buffer.from(jwk.n!, 'base64url')]) {
      const text = `${segment({ alg: 'HS256', kid: 'first', typ: 'JWT' })}.${payload}`
      const signature = createHmac('sha256', secret).update(text).digest('base64url')
      expect(await outcome(verify(`${text}.${signature}`))).toEqual(invalid)
    }
  })

  test('that brings its own key along is refused', async () => {
    await using stranger = await testIssuer()
    const jwk = stranger.publicKey()
    const token = await stranger.token({ ...usual(), iss: provider.url })
    const [, payload, signature] = token.split('.')
    const { verify } = configured()
    expect(await outcome(verify(token))).toEqual(invalid)
    const header = segment({ alg: 'RS256', kid: 'first', jwk, jku: stranger.jwksUrl })
    expect(await outcome(verify(`${header}.${payload}.${signature}`))).toEqual(invalid)
    expect(stranger.asked()).toBe(0)
  })

  test.each(['PS256', 'RS384', 'ES384'])('of the algorithm %s is refused', async (alg) => {
    await provider.rotate('second', { alg })
    expect(await outcome(configured().verify(await provider.token(usual())))).toEqual(invalid)
  })

  test.each(['', 'x', 'a.b', 'a.b.c', 'a.b.c.d.e', '....', `${segment({})}.${segment([])}.`, '\0'.repeat(20_000)])(
    'is refused when it is none: %j',
    async (text) => {
      expect(await outcome(configured().verify(text))).toEqual(invalid)
      expect(provider.asked()).toBe(0)
    },
  )

  test('of an issuer that nobody configured causes no request to anyone', async () => {
    await using stranger = await testIssuer()
    expect(await outcome(configured().verify(await stranger.token(usual())))).toEqual(invalid)
    expect([stranger.asked(), provider.asked()]).toEqual([0, 0])
  })
})

describe("an issuer's key set", () => {
  test('is asked for once, by however many at a time, until it is ten minutes old', async () => {
    const { verify } = configured()
    const token = await provider.token({ ...usual(), exp: seconds() + 3_600 })
    expect(await Promise.all([verify(token), verify(token), verify(token)])).toEqual(Array(3).fill(workload()))
    time += 599_999
    await verify(token)
    expect(provider.asked()).toBe(1)
    time += 1
    await verify(token)
    expect(provider.asked()).toBe(2)
  })

  test('is asked for again for a key it does not have, but not again and again', async () => {
    const { verify } = configured()
    await verify(await provider.token(usual()))
    const unknown = await provider.token(usual(), { kid: 'nobody-s' })
    expect(await outcome(verify(unknown))).toEqual(invalid)
    expect(provider.asked()).toBe(1)
    time += 30_000
    expect(await outcome(verify(unknown))).toEqual(invalid)
    expect(await outcome(verify(unknown))).toEqual(invalid)
    expect(provider.asked()).toBe(2)
  })

  test('may get a new key, while tokens of the old one stay good', async () => {
    const { verify } = configured()
    const old = await provider.token({ ...usual(), exp: seconds() + 3_600 })
    await verify(old)
    await provider.rotate('second', { alg: 'ES256' })
    time += 30_000
    expect(await verify(await provider.token(usual()))).toEqual(workload())
    expect(await verify(old)).toEqual(workload())
    expect(provider.asked()).toBe(2)
  })

  test('may lose a key: its tokens are refused once the set was read again', async () => {
    const { verify } = configured()
    const old = await provider.token({ ...usual(), exp: seconds() + 3_600 })
    await verify(old)
    await provider.rotate('second', { alone: true })
    time += 600_000
    expect(await outcome(verify(old))).toEqual(invalid)
  })

  test.each<[string, number, string]>([
    ['fails', 500, ''],
    ['leads elsewhere', 302, ''],
    ['is no JSON', 200, '<html>'],
    ['is no key set', 200, '{"keys":1}'],
    ['is too large', 200, `{"keys":[],"padding":"${'x'.repeat(300_000)}"}`],
  ])('that %s is a failure to communicate, until it recovers', async (_, status, body) => {
    provider.answers(status, body)
    const { verify } = configured()
    const token = await provider.token(usual())
    expect(await outcome(verify(token))).toEqual(unreachable)
    provider.recovers()
    // Not at once: whoever sends tokens must not be able to send the house to the issuer as often.
    expect(await outcome(verify(token))).toEqual(unreachable)
    expect([provider.asked(), faults.length]).toEqual([1, 1])
    time += 1_000
    expect(await verify(token)).toEqual(workload())
  })

  test('that nobody answers for is a failure to communicate', async () => {
    const token = await provider.token(usual())
    expect(await outcome(configured({ jwks: 'http://127.0.0.1:9/keys' }).verify(token))).toEqual(unreachable)
  })

  test('may be a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keyledger-'))
    try {
      const jwks = join(folder, 'keys.json')
      await writeFile(jwks, JSON.stringify({ keys: [provider.publicKey()] }))
      expect(await configured({ jwks }).verify(await provider.token(usual()))).toEqual(workload())
      expect(provider.asked()).toBe(0)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('with a secret or a private key in it verifies nothing by them', async () => {
    const k = Buffer.alloc(32, 7).toString('base64url')
    provider.answers(200, JSON.stringify({ keys: [{ kty: 'oct', k, kid: 'shared', alg: 'HS256' }] }))
    const text = `${segment({ alg: 'HS256', kid: 'shared' })}.${segment({ iss: provider.url, ...usual() })}`
    const signature = createHmac('sha256', Buffer.alloc(32, 7)).update(text).digest('base64url')
    expect(await outcome(configured().verify(`${text}.${signature}`))).toEqual(invalid)
  })
})
