import { type Policy, PolicyFault, decide, identityPolicy, keyPolicy, trustPolicy } from '@keyledger/iam'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { documentOf } from '../model/arbitrary-policies.ts'
import { type Document, type Statement, interpret } from '../model/policy-interpreter.ts'
import table from '../vectors/decisions.json' with { type: 'json' }
import { people } from '../vectors/decisions.ts'

/**
 * Policy documents that someone got almost right, 100,000 of them: each is compiled, or refused with a reason; what is
 * compiled decides as the plain interpreter does, and lets nobody in if it says Allow nowhere.
 */
const wanted = 100_000
const seed = 20_261_124

// mulberry32: the same documents on every machine.
const dice = (start: number) => {
  let state = start
  return (sides: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides
  }
}
const roll = dice(seed)
const pick = <T>(list: readonly T[]): T => list[roll(list.length)]!

// ---- mutations

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
// prettier-ignore
const oddTexts = [
  '', ' ', '*', '**', '?', '${', '${}', '${ }', '${aws:username', '${aws:username}', "${a, 'b'}", "${a,'b'", '${*}', '${${a}}', '$', '\0', '\ud800', '\u{1f511}',
  '__proto__', 'constructor', 'toString', 'Allow', 'Deny', 'allow', 'kms:*', 'a*a*a*a*a*a*b', '*'.repeat(50), 'arn:aws:iam::111122223333:root', 'arn:aws:iam::*:user/*',
  '111122223333', 'AIDAALICE00000000001', '10.0.0.0/33', '10.0.0.0/', '::1/129', '1.2.3', ':::', '2026-13-45', '2026-02-30T00:00:00Z', '1e999', '0x10', '-0', 'NaN', 'Infinity',
  'true', 'TRUE', '2008-10-17', '2012-10-17', '2026-11-24', 'QUJD=', 'x'.repeat(3000), 'İ', 'ß',
]
// prettier-ignore
const names = [
  'Version', 'Id', 'Statement', 'Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition', 'AWS', 'Service', 'Federated',
  'CanonicalUser', '__proto__', 'constructor', 'hasOwnProperty', '', 'statement',
]
// prettier-ignore
const operators = [
  'StringEquals', 'StringNotLike', 'StringLike', 'NumericEquals', 'NumericNotEquals', 'NumericLessThan', 'DateEquals', 'DateGreaterThan', 'Bool', 'BinaryEquals', 'IpAddress',
  'NotIpAddress', 'ArnLike', 'ArnNotEquals', 'Null', 'StringEqualsIgnoreCase', 'BoolIfExists', 'ForAnyValue:StringLike', 'ForAllValues:NumericEquals', 'ForAnyValue:Null',
  'NullIfExists', 'ForSomeValues:Bool', 'IfExists', 'stringequals', 'ForAllValues:', '__proto__', 'StringEqualsIfExistsIfExists', 'Equals',
]
// prettier-ignore
const keys = [
  'kms:ViaService', 'kms:EncryptionContext:Tenant', 'kms:EncryptionContext:', 'aws:TagKeys', 'aws:SourceIp', 'aws:CurrentTime', 'aws:PrincipalArn', 'aws:SecureTransport',
  'kms:RotationPeriodInDays', 'example:blob', '', '__proto__', 'constructor', 'İ', '${aws:username}',
]
const value = (): Json =>
  pick<() => Json>([
    () => pick(oddTexts),
    () => pick(oddTexts),
    () => roll(100),
    () => roll(2) === 0,
    () => -1.5e300,
    () => null,
    () => ({}),
    () => [],
  ])()
const values = (): Json => (roll(3) === 0 ? Array.from({ length: roll(4) }, value) : value())
const named = (name: string, inside: Json): Json =>
  JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(inside)}}`) as Json
const block = (): Json =>
  roll(12) === 0
    ? value()
    : Object.assign(
        {},
        ...Array.from({ length: 1 + roll(2) }, () =>
          named(pick(operators), roll(12) === 0 ? value() : named(pick(keys), values())),
        ),
      )

/** Every place in a document: its holder and its name or index there. */
const placesIn = (holder: Json, found: { holder: Json[] | { [name: string]: Json }; at: string | number }[] = []) => {
  if (typeof holder !== 'object' || holder === null) return found
  for (const at of Array.isArray(holder) ? holder.keys() : Object.keys(holder)) {
    found.push({ holder, at })
    placesIn((holder as { [name: string]: Json })[at]!, found)
  }
  return found
}
const mutations: ((holder: { [name: string]: Json }, at: string) => void)[] = [
  (holder, at) => void (holder[at] = value()),
  (holder, at) => void delete holder[at],
  (holder, at) => void (holder[at] = [holder[at]!]),
  (holder, at) => void (holder[at] = [holder[at]!, value()]),
  (holder, at) =>
    void Object.defineProperty(holder, pick(names), {
      value: holder[at],
      enumerable: true,
      configurable: true,
      writable: true,
    }),
  (holder, at) => void (holder[pick(['Condition', 'Condition', at])] = block()),
  (holder, at) => {
    const text = holder[at]
    if (typeof text !== 'string') return
    const cut = roll(text.length + 1)
    holder[at] = text.slice(0, cut) + pick(oddTexts).slice(0, 20) + text.slice(cut + roll(3))
  },
]
const mutated = (document: Document, times: number): Json => {
  const root: { [name: string]: Json } = { root: structuredClone(document) as unknown as Json }
  for (let i = 0; i < times; i++) {
    const places = placesIn(root)
    if (places.length === 0) break
    // The later ones are deeper: a document is sooner almost right if its frame is left alone.
    const { holder, at } = places[Math.max(roll(places.length), roll(places.length))]!
    pick(mutations)(holder as { [name: string]: Json }, String(at))
  }
  return root['root'] ?? null
}

/** Some of the texts are no JSON any more, or have a member twice. */
const textOf = (document: Json): string => {
  const text = JSON.stringify(document)
  if (roll(10) > 0) return text
  const at = roll(text.length + 1)
  return (
    text.slice(0, at) +
    pick(['', '"', '{', '}', ',', '[', '\\', '"Effect":"Deny",', '\u0000', '1']) +
    text.slice(at + roll(2))
  )
}

// ---- judging

const compilers = { key: keyPolicy, identity: identityPolicy, trust: trustPolicy }
type Kind = keyof typeof compilers

/** The compiled policy, or why there is none. Anything thrown but a PolicyFault passes through, and fails the test. */
const compiled = (kind: Kind, text: string): Policy | string => {
  try {
    return compilers[kind](text)
  } catch (fault) {
    if (!(fault instanceof PolicyFault)) throw new Error(`${kind} policy ${text}`, { cause: fault })
    return fault.reason
  }
}

const whole = identityPolicy(
  JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }),
)
const wholeDocument: Document = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }
const delegating: Document = {
  Statement: { Effect: 'Allow', Principal: { AWS: table.account }, Action: '*', Resource: '*' },
}
const delegation = keyPolicy(JSON.stringify(delegating))
const context: Readonly<Record<string, string | readonly string[]>> = {
  'aws:username': 'alice',
  'kms:viaservice': 'a',
  'kms:encryptioncontext:tenant': 'alice',
  'aws:tagkeys': ['a', 'b'],
  'aws:sourceip': '10.1.2.3',
  'aws:currenttime': '2026-11-24T10:00:00Z',
  'aws:principalarn': people['alice']!.arn,
  'aws:securetransport': 'true',
  'kms:rotationperiodindays': '30',
}
const whoMayAsk = ['alice', 'dave', 'role app', 'bob']

/** Whether somebody may Encrypt, with the policy in its place among others that allow all: compiled, and plainly. */
const answers = (kind: 'key' | 'identity', policy: Policy, document: Document) => {
  const { context: _, ...caller } = people[pick(whoMayAsk)]!
  const asked = {
    action: 'kms:Encrypt',
    resource: table.key,
    account: table.account,
    context: (name: string) => (Object.hasOwn(context, name) ? context[name] : undefined),
  }
  const decision = decide({
    ...asked,
    caller: { ...caller, identityPolicies: [kind === 'identity' ? policy : whole], sessionPolicies: undefined },
    keyPolicy: kind === 'key' ? policy : delegation,
  })
  const verdict = interpret({
    ...asked,
    caller,
    keyPolicy: kind === 'key' ? document : delegating,
    identityPolicies: [kind === 'identity' ? document : wholeDocument],
    sessionPolicies: undefined,
  })
  return { allowed: decision.allowed, plainly: verdict.allowed }
}

const saysAllow = ({ Statement: all }: Document) =>
  (Array.isArray(all) ? (all as readonly Statement[]) : [all as Statement]).some(({ Effect }) => Effect === 'Allow')

describe('policies that are almost right', () => {
  test(`${wanted} documents compile or are refused with a reason, and allow what they say`, () => {
    const samples = (['key', 'identity'] as const).flatMap((kind) =>
      fc.sample(documentOf(kind), { numRuns: 1000, seed }).map((document) => ({ kind, document })),
    )
    const reasons = new Map<string, number>()
    const count = { compiled: 0, refused: 0, allowing: 0, withoutAllow: 0 }
    for (let made = 0; made < wanted; made++) {
      const { kind, document } = pick(samples)
      const text = textOf(mutated(document, roll(5)))
      compiled('trust', text)
      const result = compiled(kind, text)
      if (typeof result === 'string') {
        if (result === '') throw new Error(`refused without a reason: ${text}`)
        reasons.set(result, (reasons.get(result) ?? 0) + 1)
        count.refused++
        continue
      }
      count.compiled++
      const read = JSON.parse(text) as Document
      const { allowed, plainly } = answers(kind, result, read)
      if (allowed !== plainly) throw new Error(`compiled ${allowed}, plainly ${plainly}: ${kind} policy ${text}`)
      if (allowed) count.allowing++
      if (saysAllow(read)) continue
      count.withoutAllow++
      if (allowed) throw new Error(`allows and says so nowhere: ${kind} policy ${text}`)
    }
    // Else they were too right, or too wrong, to say anything.
    console.log(count)
    expect(count.compiled).toBeGreaterThan(wanted / 5)
    expect(count.refused).toBeGreaterThan(wanted / 5)
    expect(count.allowing).toBeGreaterThan(1000)
    expect(count.withoutAllow).toBeGreaterThan(1000)
    expect(reasons.size).toBeGreaterThan(25)
    expect(({} as Record<string, unknown>)['root']).toBeUndefined()
  })

  // Whatever goes back and forth over these would not be done before the end of the world.
  const long = 'a'.repeat(20_000)
  test.each([
    ['one after the other', `${'a*'.repeat(500)}b`],
    ['doubled', `${'*'.repeat(2000)}b`],
    ['with single characters between', `${'*a?'.repeat(300)}b`],
    ['around everything', `*${'a'.repeat(500)}*b`],
  ])('asterisks %s are compared in no time to speak of', (_, pattern) => {
    const asking = (statement: object, request: { action?: string; resource?: string; value?: string }) => {
      const policy = keyPolicy(
        JSON.stringify({
          Version: '2012-10-17',
          Statement: { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*', ...statement },
        }),
      )
      const { context: _context, ...caller } = people['alice']!
      const { allowed } = decide({
        caller: { ...caller, identityPolicies: [], sessionPolicies: undefined },
        keyPolicy: policy,
        account: table.account,
        action: request.action ?? 'kms:Encrypt',
        resource: request.resource ?? table.key,
        context: () => request.value,
      })
      return allowed
    }
    expect([
      asking({ Action: pattern }, { action: long }),
      asking({ Resource: pattern }, { resource: long }),
      asking({ Condition: { StringLike: { 'kms:ViaService': pattern } } }, { value: long }),
      asking({ Condition: { StringLike: { 'kms:ViaService': `\${aws:username}${pattern}` } } }, { value: long }),
      asking(
        { Condition: { ArnLike: { 'aws:SourceArn': `arn:*:*:*:*:${pattern}` } } },
        { value: `arn:aws:s3:::${long}` },
      ),
    ]).toEqual([false, false, false, false, false])
  })
})
