import { describe, expect, test } from 'vitest'
import type { Caller } from './caller.ts'
import { type Decision, type Policy, type PolicyType, type Question, decide, keyPolicy } from './evaluation.ts'
import { Ambiguous } from './evaluation/ambiguous.ts'
import {
  arnOf,
  asks,
  context,
  onIdentity,
  onKey,
  other,
  owner,
  root,
  rootUser,
  session,
  user,
} from './evaluation/told.ts'

const byKey: Decision = { allowed: true, by: 'key policy' }
const byIdentity: Decision = { allowed: true, by: 'identity policy' }
const lacks = (policyType: PolicyType): Decision => ({ allowed: false, explicit: false, policyType })
const denied = (policyType: PolicyType): Decision => ({ allowed: false, explicit: true, policyType })

const allows = onIdentity({})
const denies = onIdentity({ Effect: 'Deny' })
const elsewhere = onIdentity({ Action: 's3:*' })
const alice = user('Alice')
const stranger = user('Alice', other)
const worker = session('worker', 'w1')
const having = (caller: Caller, ...identityPolicies: readonly Policy[]): Caller => ({ ...caller, identityPolicies })
const limited = (caller: Caller, ...sessionPolicies: readonly Policy[]): Caller => ({ ...caller, sessionPolicies })

const toAlice = onKey({ Principal: { AWS: arnOf('Alice') } })
const toOwner = onKey({ Principal: { AWS: root(owner) } })
const toAll = onKey({ Principal: '*' })
const toRole = onKey({ Principal: { AWS: `arn:aws:iam::${owner}:role/worker` } })
const toSession = onKey({ Principal: { AWS: `arn:aws:sts::${owner}:assumed-role/worker/w1` } })
const toOther = onKey({ Principal: { AWS: other } })
const toStranger = onKey({ Principal: { AWS: arnOf('Alice', other) } })

describe('a decision about a key', () => {
  test.each<[string, Caller, Policy | undefined, Decision]>([
    [
      'the owner account has no access of its own',
      having(alice, allows),
      onKey({ Principal: { AWS: other } }),
      lacks('resource-based'),
    ],
    ['a key policy that names the user is enough', alice, toAlice, byKey],
    ['a key policy for everyone is enough', alice, toAll, byKey],
    ['a key policy that names somebody else is not', user('Bob'), toAlice, lacks('resource-based')],
    [
      'a key policy for another action is not',
      alice,
      onKey({ Principal: '*', Action: 'kms:Decrypt' }),
      lacks('resource-based'),
    ],
    ['a key policy that names the account delegates', having(alice, allows), toOwner, byIdentity],
    ['so does one that names it by its id', having(alice, allows), onKey({ Principal: { AWS: owner } }), byIdentity],
    ['it gives nothing by itself', alice, toOwner, lacks('identity-based')],
    ['nor with a policy for something else', having(alice, elsewhere), toOwner, lacks('identity-based')],
    ['the root user is its account, and needs no policy', rootUser(), toOwner, byKey],
    ['the root user has nothing without the key policy', rootUser(), toAlice, lacks('resource-based')],
    ['a Deny in an identity policy wins', having(alice, allows, denies), toAlice, denied('identity-based')],
    [
      'a Deny in the key policy wins',
      having(alice, allows),
      onKey({ Principal: '*' }, { Principal: { AWS: arnOf('Alice') }, Effect: 'Deny' }),
      denied('resource-based'),
    ],
    [
      'a Deny for an account denies everyone in it',
      alice,
      onKey({ Principal: '*' }, { Principal: { AWS: owner }, Effect: 'Deny' }),
      denied('resource-based'),
    ],
    [
      'a Deny for somebody else does not',
      alice,
      onKey({ Principal: '*' }, { Principal: { AWS: arnOf('Bob') }, Effect: 'Deny' }),
      byKey,
    ],
    [
      'a statement without a resource gives nothing',
      alice,
      keyPolicy(JSON.stringify({ Statement: { Effect: 'Allow', Principal: '*', Action: '*' } })),
      lacks('resource-based'),
    ],
    [
      'a statement without an action denies nothing',
      alice,
      keyPolicy(
        JSON.stringify({
          Statement: [
            { Effect: 'Deny', Principal: '*', Resource: '*' },
            { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' },
          ],
        }),
      ),
      byKey,
    ],
    [
      'a service principal is nobody who asks here',
      alice,
      onKey({ Principal: { Service: 'sns.amazonaws.com' } }),
      lacks('resource-based'),
    ],
  ])('%s', (_, caller, policy, expected) => {
    expect(decide(asks(caller, { keyPolicy: policy }))).toEqual(expected)
  })
})

describe('a decision about the key of another account', () => {
  test.each<[string, Caller, Policy, Decision]>([
    ['needs the key policy', having(stranger, allows), toOwner, lacks('resource-based')],
    ['and the identity policy, if the caller is named', stranger, toStranger, lacks('identity-based')],
    ['or the account is named', stranger, toOther, lacks('identity-based')],
    ['or everyone is', stranger, toAll, lacks('identity-based')],
    ['is yes with both, for who is named', having(stranger, allows), toStranger, byKey],
    ['for everyone', having(stranger, allows), toAll, byKey],
    ['for the account', having(stranger, allows), toOther, byIdentity],
    [
      'is no where the session policy lacks it',
      limited(having(stranger, allows), elsewhere),
      toOther,
      lacks('session'),
    ],
    ['is yes for a root user whose account is named', rootUser(other), toOther, byKey],
    ['is no for a namesake', having(alice, allows), toStranger, lacks('resource-based')],
  ])('%s', (_, caller, policy, expected) => {
    expect(decide(asks(caller, { keyPolicy: policy }))).toEqual(expected)
  })
})

describe('a session', () => {
  test.each<[string, Caller, Policy | undefined, Decision]>([
    ['is named by its role', worker, toRole, byKey],
    ['is named by itself', worker, toSession, byKey],
    ['is not named by another session', session('worker', 'w2'), toSession, lacks('resource-based')],
    ['is limited in what its role is given', limited(worker, elsewhere), toRole, lacks('session')],
    ['keeps of it what its policies allow too', limited(worker, elsewhere, allows), toRole, byKey],
    ['is not limited in what it is given itself', limited(worker, elsewhere), toSession, byKey],
    ['is not limited in what everyone is given', limited(worker, elsewhere), toAll, byKey],
    [
      'is given most if it is named twice',
      limited(worker, elsewhere),
      onKey({ Principal: { AWS: `arn:aws:iam::${owner}:role/worker` } }, { Principal: { AWS: worker.arn } }),
      byKey,
    ],
    [
      'is limited in what identity policies give',
      limited(having(worker, allows), elsewhere),
      toOwner,
      lacks('session'),
    ],
    ['is not given what only its own policies allow', limited(worker, allows), toOwner, lacks('identity-based')],
    ['is given what both allow', limited(having(worker, allows), allows), toOwner, byIdentity],
    ['is denied by its own policies whoever names it', limited(worker, denies), toSession, denied('session')],
    [
      'is told of its own policies first',
      limited(having(worker, denies), denies),
      onKey({ Principal: '*', Effect: 'Deny' }),
      denied('session'),
    ],
    [
      'and of its identity policies second',
      having(worker, denies),
      onKey({ Principal: '*', Effect: 'Deny' }),
      denied('identity-based'),
    ],
    ['without any policy in them is allowed nothing', limited(having(worker, allows)), toRole, lacks('session')],
  ])('%s', (_, caller, policy, expected) => {
    expect(decide(asks(caller, { keyPolicy: policy }))).toEqual(expected)
  })
})

describe('what only IAM decides', () => {
  test.each<[string, Caller, Decision]>([
    ['needs an identity policy', alice, lacks('identity-based')],
    ['is allowed by one', having(alice, allows), byIdentity],
    ['is denied by one', having(alice, allows, denies), denied('identity-based')],
    ['is limited by session policies', limited(having(worker, allows), elsewhere), lacks('session')],
    ['is allowed to the root user', rootUser(), byIdentity],
  ])('%s', (_, caller, expected) => {
    expect(decide(asks(caller, { action: 'kms:CreateKey', resource: '*' }))).toEqual(expected)
  })
})

describe('a grant', () => {
  const grant = () => 'g1'
  const byGrant: Decision = { allowed: true, by: 'grant', grantId: 'g1' }
  const unasked = () => {
    throw new Error('the grant was asked for')
  }

  test('is enough where no policy allows, in the account and out of it', () => {
    expect(decide(asks(alice, { keyPolicy: toOwner, grant }))).toEqual(byGrant)
    expect(decide(asks(stranger, { keyPolicy: toOwner, grant }))).toEqual(byGrant)
  })

  test('is not enough against a Deny, which is told without asking for it', () => {
    const denying = onKey({ Principal: '*', Effect: 'Deny' })
    expect(decide(asks(alice, { keyPolicy: denying, grant: unasked }))).toEqual(denied('resource-based'))
    expect(decide(asks(having(alice, denies), { keyPolicy: toAlice, grant: unasked }))).toEqual(
      denied('identity-based'),
    )
  })

  test('is not asked for where a policy allows, or only IAM decides', () => {
    expect(decide(asks(alice, { keyPolicy: toAlice, grant: unasked }))).toEqual(byKey)
    expect(decide(asks(alice, { grant: unasked }))).toEqual(lacks('identity-based'))
  })

  test('that there is not leaves the reason as it was', () => {
    expect(decide(asks(alice, { keyPolicy: toOwner, grant: () => undefined }))).toEqual(lacks('identity-based'))
  })
})

describe('names that only their case tells apart', () => {
  const name = 'kms:EncryptionContext:tenant'
  const asked = (...values: readonly string[]) => context({ [name.toLowerCase()]: new Ambiguous(values) })
  const given = (more: Partial<Question>) => decide(asks(alice, more)).allowed
  const orders = [asked('secret', 'x'), asked('x', 'secret')]

  test.each([
    ['StringEquals', 'x', [false, false]],
    ['StringLike', '*', [true, true]],
    ['StringNotEquals', 'secret', [false, false]],
    ['StringNotEquals', 'y', [true, true]],
    ['ForAnyValue:StringEquals', 'x', [false, false]],
    ['StringEqualsIfExists', 'x', [false, false]],
    ['Null', 'true', [false, false]],
    ['StringEquals', "${kms:EncryptionContext:tenant, 'x'}", [false, false]],
  ])('let nobody in unless each of their values does (%s %s)', (operator, value, expected) => {
    const keyPolicy = onKey({ Principal: '*', Condition: { [operator]: { [name]: value } } })
    expect(orders.map((context) => given({ keyPolicy, context }))).toEqual(expected)
  })

  test.each([
    ['StringEquals', 'x', [false, false]],
    ['StringNotEquals', 'x', [false, false]],
    ['StringNotLike', '*', [true, true]],
    ['ForAnyValue:StringEquals', 'secret', [false, false]],
    ['StringEquals', 'y', [true, true]],
    ['StringEquals', ['y', 'secret'], [false, false]],
  ])('keep out if any of their values does (%s %s)', (operator, value, expected) => {
    const keyPolicy = onKey(
      { Principal: '*' },
      { Effect: 'Deny', Principal: '*', Condition: { [operator]: { [name]: value } } },
    )
    expect(orders.map((context) => given({ keyPolicy, context }))).toEqual(expected)
  })

  test('are no way around a variable: what cannot be told denies, and does not allow', () => {
    const variable = `\${${name}, 'Alice'}`
    const tests = [
      { Condition: { StringEquals: { 'aws:username': variable } } },
      { Condition: { StringNotEquals: { 'aws:username': variable } } },
      { Condition: { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::*:user/${variable}` } } },
      { Resource: `arn:aws:kms:*:*:key/${variable}` },
      { Resource: undefined, NotResource: `arn:aws:kms:*:*:key/${variable}` },
    ]
    for (const statement of tests)
      for (const values of [{ 'aws:username': 'Alice', 'aws:principalarn': alice.arn }]) {
        const context = (key: string) =>
          key === name.toLowerCase() ? new Ambiguous(['Alice', 'x']) : (values as Record<string, string>)[key]
        const allowing = onKey({ Principal: '*', ...statement })
        const denying = onKey({ Principal: '*' }, { Effect: 'Deny', Principal: '*', ...statement })
        expect([statement, given({ keyPolicy: allowing, context }), given({ keyPolicy: denying, context })]).toEqual([
          statement,
          false,
          false,
        ])
      }
    // Where another value of the policy decides, it does.
    const Condition = { StringEquals: { 'aws:username': [variable, 'Alice'] } }
    const context = (key: string) => (key === 'aws:username' ? 'Alice' : new Ambiguous(['a', 'b']))
    expect(given({ keyPolicy: onKey({ Principal: '*', Condition }), context })).toBe(true)
  })

  test('of which there are too many to tell allow nothing, and deny', () => {
    const context = () => Ambiguous.untold
    for (const operator of ['StringEquals', 'StringNotEquals', 'ForAnyValue:StringLike', 'ForAllValues:StringLike']) {
      const statement = { Principal: '*', Condition: { [operator]: { 'aws:PrincipalArn': '*' } } }
      const policies = [onKey(statement), onKey({ Principal: '*' }, { ...statement, Effect: 'Deny' })]
      expect(policies.map((keyPolicy) => given({ keyPolicy, context }))).toEqual([false, false])
    }
  })
})

test('the policy of a key does not see what is there for identities alone, in a variable neither', () => {
  const context = (key: string) => (key === 'kms:resourcealiases' ? 'alias/open' : undefined)
  const given = (...statements: readonly object[]) =>
    decide(asks(alice, { keyPolicy: onKey(...statements), context })).allowed
  const variable = "${KMS:ResourceAliases, 'none'}"
  for (const statement of [
    { Condition: { StringEquals: { 'kms:ResourceAliases': 'alias/open' } } },
    { Condition: { Null: { 'kms:resourcealiases': 'false' } } },
    { Resource: 'arn:aws:kms:*:*:${kms:ResourceAliases}' },
  ])
    expect([statement, given({ Principal: '*', ...statement })]).toEqual([statement, false])
  expect(given({ Principal: '*', Resource: `*${variable}` })).toBe(false)
  const identity = onIdentity({ Condition: { StringEquals: { 'kms:ResourceAliases': 'alias/open' } } })
  expect(decide(asks(having(alice, identity), { keyPolicy: toOwner, context })).allowed).toBe(true)
})
