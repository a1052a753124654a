import { describe, expect, test } from 'vitest'
import type { Role, User } from './account.ts'
import { account } from './account.ts'
import { noNames, withName } from './account/names.ts'
import type { SessionClaims } from './caller.ts'
import { sessionCaller, sessionSubject, userCaller } from './callers.ts'
import { decide } from './evaluation.ts'

const accountId = '111122223333'
const allow = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] })
const user: User = {
  name: 'alice',
  userId: 'AIDA1',
  path: '/team/',
  createdAt: 0,
  tags: [{ key: 'team', value: 'red' }],
  policies: { p: allow },
}
const role: Role = {
  name: 'reader',
  roleId: 'AROA1',
  path: '/',
  createdAt: 0,
  description: undefined,
  maxSessionDuration: 3600,
  tags: [
    { key: 'Team', value: 'red' },
    { key: 'site', value: 'x' },
  ],
  trustPolicy: '{}',
  principalIds: {},
  policies: { p: allow },
}
const claims: SessionClaims = {
  accessKeyId: 'ASIA1',
  accountId,
  of: { kind: 'role', roleName: 'reader', roleId: 'AROA1', sessionName: 'morning' },
  issuedAt: Date.parse('2026-06-01T12:00:00Z'),
  expiresAt: Date.parse('2026-06-01T13:00:00Z'),
  policies: [],
  tags: { team: 'blue' },
  transitiveTagKeys: [],
  sourceIdentity: 'alice',
  federation: undefined,
}
const may = (caller: ReturnType<typeof userCaller>) =>
  decide({
    caller,
    action: 'kms:ListKeys',
    resource: '*',
    account: accountId,
    keyPolicy: undefined,
    context: () => undefined,
  }).allowed

test('a user is called by the unique id and the ARN', () => {
  const caller = userCaller(accountId, user, 'AKIA1')
  const arn = 'arn:aws:iam::111122223333:user/team/alice'
  expect({ ...caller, identityPolicies: caller.identityPolicies.length }).toEqual({
    principal: { type: 'IAMUser', principalId: 'AIDA1', arn, accountId, accessKeyId: 'AKIA1', userName: 'alice' },
    arn,
    accountId,
    names: ['AIDA1', arn],
    sessionNames: [],
    principalArn: arn,
    principalType: 'User',
    userId: 'AIDA1',
    userName: 'alice',
    tags: { team: 'red' },
    identityPolicies: 1,
    sessionPolicies: undefined,
    issuedAt: undefined,
  })
  expect(may(caller)).toBe(true)
})

test('policies are compiled once for as long as the user does not change', () => {
  expect(userCaller(accountId, user, 'AKIA2').identityPolicies).toBe(
    userCaller(accountId, user, 'AKIA1').identityPolicies,
  )
})

test('who has a policy that cannot be understood may nothing, whatever the others allow', () => {
  for (const damaged of ['', '{}', '{"Statement":[{"Effect":"Allow","Action":"kms:*"}]}', '\0'])
    expect(may(userCaller(accountId, { ...user, policies: { a: allow, b: damaged } }, 'AKIA1'))).toBe(false)
  const limited = sessionCaller(role, { ...claims, policies: ['{}'] })
  expect([may(sessionCaller(role, claims)), may(limited)]).toEqual([true, false])
})

describe('a session', () => {
  test('of a role is called by its own ARN, the unique id and the ARN of the role', () => {
    const caller = sessionCaller(role, claims)
    const arn = 'arn:aws:sts::111122223333:assumed-role/reader/morning'
    const issuer = 'arn:aws:iam::111122223333:role/reader'
    expect({ ...caller, identityPolicies: caller.identityPolicies.length }).toEqual({
      principal: {
        type: 'AssumedRole',
        principalId: 'AROA1:morning',
        arn,
        accountId,
        accessKeyId: 'ASIA1',
        sessionContext: {
          sessionIssuer: { type: 'Role', principalId: 'AROA1', arn: issuer, accountId, userName: 'reader' },
          attributes: { creationDate: '2026-06-01T12:00:00Z', mfaAuthenticated: 'false' },
          sourceIdentity: 'alice',
        },
      },
      arn,
      accountId,
      names: [arn, 'AROA1:morning', 'AROA1', issuer],
      sessionNames: [arn, 'AROA1:morning'],
      principalArn: issuer,
      principalType: 'AssumedRole',
      userId: 'AROA1:morning',
      userName: undefined,
      tags: { site: 'x', team: 'blue' },
      identityPolicies: 1,
      sessionPolicies: undefined,
      issuedAt: claims.issuedAt,
    })
  })
  test('of a user is the user under another access key', () => {
    const caller = sessionCaller(user, {
      ...claims,
      of: { kind: 'user', userName: 'alice', userId: 'AIDA1' },
      tags: {},
      policies: [allow],
    })
    expect(caller.principal).toEqual({
      ...userCaller(accountId, user, 'ASIA1').principal,
      sessionContext: { attributes: { creationDate: '2026-06-01T12:00:00Z', mfaAuthenticated: 'false' } },
    })
    expect([caller.userName, caller.sessionPolicies?.length, caller.issuedAt]).toEqual(['alice', 1, claims.issuedAt])
  })
  test('is of nobody once its role or user is gone, even if there is a namesake', () => {
    const state = {
      ...account.initial,
      id: accountId,
      users: withName(noNames, 'alice', user),
      roles: withName(noNames, 'reader', role),
    }
    const ofUser = { ...claims, of: { kind: 'user', userName: 'alice', userId: 'AIDA1' } } as const
    expect([sessionSubject(state, claims), sessionSubject(state, ofUser)]).toEqual([role, user])
    const namesakes = {
      ...state,
      users: withName(noNames, 'alice', { ...user, userId: 'AIDA2' }),
      roles: withName(noNames, 'reader', { ...role, roleId: 'AROA2' }),
    }
    expect([sessionSubject(namesakes, claims), sessionSubject(namesakes, ofUser)]).toEqual([undefined, undefined])
    expect([sessionSubject(account.initial, claims), sessionSubject(account.initial, ofUser)]).toEqual([
      undefined,
      undefined,
    ])
  })
})
