import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { wireFault } from './fault.ts'
import { verifier } from './sigv4.ts'
import {
  admin,
  authorized,
  cases,
  derived,
  invalid,
  mismatch,
  noon,
  refusal,
  secretAccessKey,
  sign,
  signedRequest,
  verify,
  withHeader,
} from './sigv4/testing.ts'

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
      expect([one.name, verify()(signedRequest(one))]).toEqual([
        one.name,
        { ...admin, service: 'service', sessionToken: token },
      ])
    }
  })

  test('carries the session token', () => {
    expect(verify()(sign({ headers: { 'x-amz-security-token': 'token' } }))).toEqual({
      ...admin,
      sessionToken: 'token',
    })
  })

  test('shows its session token to whoever has the keys, which may refuse it', () => {
    const shown: (string | undefined)[] = []
    const judge = verifier({
      signingKey: (_, scope, sessionToken) => {
        shown.push(sessionToken)
        if (sessionToken === 'expired') throw wireFault('expiredToken')
        return sessionToken === 'genuine' ? derived(secretAccessKey, scope) : undefined
      },
      now: () => noon,
      regions: ['us-east-1'],
      services: ['kms'],
    })
    const withToken = (token?: string) =>
      sign(token === undefined ? {} : { headers: { 'x-amz-security-token': token } })
    expect(judge(withToken('genuine'))).toEqual({ ...admin, sessionToken: 'genuine' })
    expect(refusal(withToken('expired'), judge)).toEqual({
      code: 'ExpiredTokenException',
      status: 400,
      message: 'The security token included in the request is expired',
    })
    for (const token of [undefined, 'another'])
      expect(refusal(withToken(token), judge).code).toBe('UnrecognizedClientException')
    // A token that came on the way is not the signer's.
    const added = withHeader(sign(), 'x-amz-security-token', 'genuine')
    expect(refusal(added, judge)).toEqual(
      invalid("'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization."),
    )
    expect(shown).toEqual(['genuine', 'expired', undefined, 'another'])
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
