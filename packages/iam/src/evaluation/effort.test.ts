import { describe, expect, test } from 'vitest'
import { type ContextValue, decide } from '../evaluation.ts'
import { mostSteps, spent } from './effort.ts'
import { arnOf, asks, context, onIdentity, onKey, user } from './told.ts'
import { trusts } from './trust.ts'

const a = 'kms:EncryptionContext:a'
const keys = 'kms:EncryptionContextKeys'
const endless = { StringLike: { [a]: `*${'a'.repeat(30_000)}?b` } }
const long = 'a'.repeat(1_000_000)
const longer = context({ 'kms:encryptioncontext:a': long })
const alice = user('Alice')
const all = { Principal: '*' }
const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at))

describe('a decision that takes too many steps is refused', () => {
  test('what might have denied denies', () => {
    const denying = { ...all, Effect: 'Deny', Condition: endless }
    expect(decide(asks(alice, { keyPolicy: onKey(all, denying), context: longer }))).toEqual({
      allowed: false,
      explicit: true,
      policyType: 'resource-based',
    })
  })

  test('what might have allowed does not, nor its negation', () => {
    const refused = { allowed: false, explicit: false, policyType: 'resource-based' }
    for (const Condition of [endless, { StringNotLike: endless.StringLike }])
      expect(decide(asks(alice, { keyPolicy: onKey({ ...all, Condition }), context: longer }))).toEqual(refused)
  })

  test('what is given in no more steps is given, before it and after, and what a grant gives', () => {
    const keyPolicy = onKey({ ...all, Condition: endless })
    expect(decide(asks(alice, { keyPolicy, context: longer, grant: () => 'g' })).allowed).toBe(true)
    for (const statements of [
      [{ ...all, Condition: endless }, all],
      [all, { ...all, Condition: endless }],
    ])
      expect(decide(asks(alice, { keyPolicy: onKey(...statements), context: longer })).allowed).toBe(true)
  })

  test('what cannot be told of an action', () => {
    const tangled = `?${'*?'.repeat(14_000)}zz`
    const caller = {
      ...alice,
      identityPolicies: [onIdentity({ Effect: 'Deny', Condition: { StringLike: { [a]: `*${'a'.repeat(60)}?b` } } })],
    }
    const asked = (length: number, ...statements: readonly object[]) =>
      decide(
        asks(caller, {
          keyPolicy: onKey(...statements),
          context: context({ 'kms:encryptioncontext:a': 'a'.repeat(length) }),
        }),
      ).allowed
    const costs = [100_000, 200_000].map((length) => (asked(length, all), spent()))
    const perCharacter = (costs[1]! - costs[0]!) / 100_000
    // A few thousand steps are left for the policy of the key, and its action takes more.
    const length = 200_000 + Math.floor((mostSteps - 8_000 - costs[1]!) / perCharacter)
    expect([asked(length, all), spent() < mostSteps]).toEqual([true, true])
    expect([asked(length, { ...all, Action: tangled }), spent() > mostSteps]).toEqual([false, true])
    expect(asked(length, all, { ...all, Action: tangled, Effect: 'Deny' })).toBe(false)
  })

  test('a user whose policy is so', () => {
    const caller = { ...alice, identityPolicies: [onIdentity({ Effect: 'Deny', Condition: endless })] }
    expect(decide(asks(caller, { keyPolicy: onKey(all), context: longer }))).toEqual({
      allowed: false,
      explicit: true,
      policyType: 'identity-based',
    })
  })

  test('an identity that a provider vouches for', () => {
    const federated = 'accounts.google.com'
    const policy = onKey({ Principal: { Federated: federated }, Action: '*', Condition: endless })
    const request = { federated, action: 'sts:AssumeRoleWithWebIdentity', resource: arnOf('x') }
    expect(trusts(policy, { ...request, context: longer })).toBe(false)
    expect(
      trusts(policy, { ...request, context: context({ 'kms:encryptioncontext:a': `${long.slice(0, 30_000)}?b` }) }),
    ).toBe(true)
  })

  test('and the next one is not', () => {
    const keyPolicy = onKey({ ...all, Condition: { StringLike: { [a]: 'x*?' } } })
    decide(asks(alice, { keyPolicy: onKey({ ...all, Condition: endless }), context: longer }))
    expect(decide(asks(alice, { keyPolicy, context: context({ 'kms:encryptioncontext:a': 'xyz' }) })).allowed).toBe(
      true,
    )
  })
})

// Without a bound these take from half a minute to hours: that they end is the test.
describe('no policy of 32 KB takes more than the steps there are', () => {
  const short = times(100_000, (at) => at.toString(36))
  /** One condition under as many names as there are ways to write it. */
  const written = (count: number, name: string, value: string) =>
    Object.fromEntries(
      times(count, (at) => [
        Array.from(name, (c, bit) => ((at >> bit) & 1 ? c.toUpperCase() : c.toLowerCase())).join(''),
        value,
      ]),
    )

  test.each<[string, object, { a?: string; b?: string; keys?: ContextValue }]>([
    ['many short patterns, one long text', { StringLike: { [a]: times(4000, () => '*a?b') } }, { a: long }],
    [
      'many patterns, many texts',
      { 'ForAnyValue:StringLike': { [keys]: times(3000, (at) => `*${at}?!`) } },
      { keys: short },
    ],
    [
      'many beginnings, many texts',
      { 'ForAnyValue:StringLike': { [keys]: times(3000, (at) => `${at}*!`) } },
      { keys: short },
    ],
    [
      'a pattern of the request',
      { StringLike: { [a]: '*${kms:EncryptionContext:b}?x' } },
      { a: long, b: long.slice(1000) },
    ],
    [
      'a long text named a thousand times',
      { StringEquals: { [a]: '${kms:EncryptionContext:a}'.repeat(1200) } },
      { a: long },
    ],
    [
      'a thousand names of a long text',
      { StringEquals: { [a]: times(1000, (at) => `\${kms:EncryptionContext:b}${at}`) } },
      { a: long, b: long.slice(4) },
    ],
    ['a part of an ARN', { ArnLike: { [a]: `*${'a'.repeat(30_000)}?b:::::` } }, { a: `${long}:::::` }],
    [
      'letters that are slow to lower',
      { StringNotEqualsIgnoreCase: written(1200, a, '${aws:username}') },
      { a: 'İ'.repeat(500_000) },
    ],
    ['a long number', { NumericEquals: { [a]: times(5000, (at) => at % 10) } }, { a: '1'.repeat(1_000_000) }],
    [
      'many addresses',
      { 'ForAllValues:NotIpAddress': written(1500, keys, '10.0.0.1') },
      { keys: times(40_000, () => '1:2:3:4:5:6:7:8') },
    ],
    [
      'many addresses, many networks',
      { 'ForAllValues:NotIpAddress': { [keys]: times(2000, () => '10.0.0.1') } },
      { keys: times(40_000, () => '10.0.0.2') },
    ],
  ])('%s', (_, Condition, { a, b, keys }) => {
    expect(JSON.stringify(Condition).length).toBeLessThan(32_000)
    const given = context({
      'kms:encryptioncontext:a': a ?? [],
      'kms:encryptioncontext:b': b ?? [],
      'kms:encryptioncontextkeys': keys ?? [],
      'aws:username': 'x',
    })
    expect(decide(asks(alice, { keyPolicy: onKey({ ...all, Condition }), context: given })).allowed).toBe(false)
    expect(spent()).toBeLessThan(mostSteps + 10_000_000)
  })
})
