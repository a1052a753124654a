import { createHmac } from 'node:crypto'
import type { Vault } from '@keyledger/crypto'
import type { SessionClaims } from '@keyledger/iam'
import { WireFault, wireFault } from '@keyledger/wire'
import { describe, expect, test } from 'vitest'
import { issue, sessions } from './sessions.ts'

const noon = Date.parse('2026-06-01T12:00:00Z')
const scope = { date: '20260601', region: 'us-east-1', service: 'kms' }

/** The parts of a vault that sessions need, without any secrecy: what it was asked is on a list. */
const testVault = () => {
  const asked: string[] = []
  const key = (text: string) => ({ hex: () => createHmac('sha256', text).digest('hex') })
  const vault = {
    sessionSecret: (id: string) => `secret of ${id}`,
    sealToken: (purpose: string, payload: string) => Buffer.from(`${purpose}:${payload}`).toString('base64'),
    openToken: (purpose: string, token: string) => {
      asked.push('open')
      const text = Buffer.from(token, 'base64').toString()
      return text.startsWith(`${purpose}:`) ? text.slice(purpose.length + 1) : undefined
    },
    signingKey: (id: string, _: unknown, session?: true) => {
      asked.push(`${session ? 'session' : 'user'} ${id}`)
      return key(id)
    },
  } as unknown as Vault
  return { vault, asked }
}

const of: SessionClaims['of'] = { kind: 'user', userName: 'alice', userId: 'AIDAALICE' }
const claims = {
  accountId: '111122223333',
  of,
  issuedAt: noon,
  expiresAt: noon + 900_000,
  policies: [],
  tags: { team: 'ledger' },
  transitiveTagKeys: [],
  sourceIdentity: undefined,
  federation: undefined,
}
const refusal = (act: () => unknown): unknown => {
  try {
    return act()
  } catch (error) {
    if (error instanceof WireFault) return error.code
    throw error
  }
}

describe('credentials of a session', () => {
  test('have an id of their own, the secret that goes with it, and an end', () => {
    const { vault } = testVault()
    const one = issue(vault, claims)
    expect(one).toEqual({
      AccessKeyId: expect.stringMatching(/^ASIA[A-Z2-7]{16}$/) as string,
      SecretAccessKey: `secret of ${one.AccessKeyId}`,
      SessionToken: expect.any(String) as string,
      Expiration: '2026-06-01T12:15:00Z',
    })
    expect(issue(vault, claims).AccessKeyId).not.toBe(one.AccessKeyId)
  })
})

describe('a session', () => {
  test('is what was issued, one object as long as it is remembered, opened once', () => {
    const { vault, asked } = testVault()
    const { AccessKeyId, SessionToken } = issue(vault, claims)
    const { open } = sessions({ vault, now: () => noon })
    const { sourceIdentity: _, federation: __, ...kept } = claims
    expect(open(AccessKeyId, SessionToken)).toEqual({ ...kept, accessKeyId: AccessKeyId })
    expect(open(AccessKeyId, SessionToken)).toBe(open(AccessKeyId, SessionToken))
    expect(asked).toEqual(['open'])
  })

  test('is nobody with a token that was made up, or with that of another access key', () => {
    const { vault } = testVault()
    const one = issue(vault, claims)
    const other = issue(vault, claims)
    const { open } = sessions({ vault, now: () => noon })
    expect(open(one.AccessKeyId, 'made up')).toBeUndefined()
    expect(open(one.AccessKeyId, other.SessionToken)).toBeUndefined()
    expect(open('AKIAALICEALICEALICE1', one.SessionToken)).toBeUndefined()
    expect(open(one.AccessKeyId, one.SessionToken)?.accessKeyId).toBe(one.AccessKeyId)
  })

  test('ends when its time is over, remembered or not', () => {
    const { vault } = testVault()
    const { AccessKeyId, SessionToken } = issue(vault, claims)
    let time = claims.expiresAt - 1
    const known = sessions({ vault, now: () => time })
    expect(known.open(AccessKeyId, SessionToken)?.accessKeyId).toBe(AccessKeyId)
    time = claims.expiresAt
    const expired = wireFault('expiredToken').code
    const fresh = sessions({ vault, now: () => time })
    expect([known, fresh].map(({ open }) => refusal(() => open(AccessKeyId, SessionToken)))).toEqual([expired, expired])
  })

  test('is still known after more sessions than are remembered', () => {
    const { vault } = testVault()
    const all = Array.from({ length: 12_000 }, () => issue(vault, claims))
    const { open } = sessions({ vault, now: () => noon })
    for (const { AccessKeyId, SessionToken } of all) open(AccessKeyId, SessionToken)
    for (const { AccessKeyId, SessionToken } of [all[0]!, all[11_999]!])
      expect(open(AccessKeyId, SessionToken)?.accessKeyId).toBe(AccessKeyId)
  })
})

describe('the signing key', () => {
  test("of a user is the vault's, of a session it is derived once its token is found genuine", () => {
    const { vault, asked } = testVault()
    const { AccessKeyId, SessionToken } = issue(vault, claims)
    const { signingKey } = sessions({ vault, now: () => noon })
    expect(signingKey('AKIAALICEALICEALICE1', scope, undefined)).toBeDefined()
    expect(signingKey(AccessKeyId, scope, SessionToken)).toBeDefined()
    expect(asked).toEqual(['user AKIAALICEALICEALICE1', 'open', `session ${AccessKeyId}`])
  })

  test("is nobody's, and none is derived, without the token, with another, or for a user who brings one", () => {
    const { vault, asked } = testVault()
    const one = issue(vault, claims)
    const other = issue(vault, claims)
    const { signingKey } = sessions({ vault, now: () => noon })
    expect([
      signingKey(one.AccessKeyId, scope, undefined),
      signingKey(one.AccessKeyId, scope, ''),
      signingKey(one.AccessKeyId, scope, 'made up'),
      signingKey(one.AccessKeyId, scope, other.SessionToken),
      signingKey('AKIAALICEALICEALICE1', scope, one.SessionToken),
    ]).toEqual(Array(5).fill(undefined))
    expect(asked.filter((one) => one !== 'open')).toEqual([])
  })
})
