import { type Decision, decide, identityPolicy, keyPolicy } from '@keyledger/iam'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import table from '../vectors/decisions.json' with { type: 'json' }
import { people } from '../vectors/decisions.ts'
import { type Arbitrary, request, statement } from './arbitrary-policies.ts'
import { type Document, type Statement, interpret } from './policy-interpreter.ts'

const runs = { numRuns: 2000 }

const contextOf = ({ who, values }: Arbitrary) => {
  const all = { ...people[who]!.context, ...values }
  return (name: string) => all[name] ?? undefined
}
const identity = (document: Document) => identityPolicy(JSON.stringify(document))
const questionOf = (asked: Arbitrary) => {
  const { who, keyPolicy: document, principalIds, identityPolicies, sessionPolicies, action, resource, grant } = asked
  const { context: _, ...caller } = people[who]!
  return {
    caller: {
      ...caller,
      identityPolicies: identityPolicies.map(identity),
      sessionPolicies: sessionPolicies?.map(identity),
    },
    keyPolicy: document && keyPolicy(JSON.stringify(document), principalIds),
    action,
    resource,
    account: table.account,
    context: contextOf(asked),
    grant: () => (document ? grant : undefined),
  }
}
const decided = (asked: Arbitrary): Decision => decide(questionOf(asked))
const interpreted = (asked: Arbitrary) => {
  const { who, grant, keyPolicy: document } = asked
  return interpret({
    ...asked,
    caller: people[who]!,
    account: table.account,
    context: contextOf(asked),
    grant: document && grant,
  })
}

const statementsOf = ({ Statement }: Document) => Statement as readonly Statement[]
const extended = (document: Document, more: Statement): Document => ({
  ...document,
  Statement: [...statementsOf(document), more],
})
/** The request with a statement more in one of its policies; itself where there is no such policy. */
const withStatement = (asked: Arbitrary, place: 'key' | 'identity' | 'session', more: Statement): Arbitrary => {
  const { keyPolicy: document, identityPolicies, sessionPolicies } = asked
  const [first, ...rest] = (place === 'session' ? sessionPolicies : identityPolicies) ?? []
  if (place === 'key') return document ? { ...asked, keyPolicy: extended(document, more) } : asked
  if (!first) return asked
  const changed = [extended(first, more), ...rest]
  return place === 'session' ? { ...asked, sessionPolicies: changed } : { ...asked, identityPolicies: changed }
}
const addition = (effect: Statement['Effect']) =>
  fc.oneof(
    fc.record({ place: fc.constant('key' as const), more: statement('key', effect) }),
    fc.record({ place: fc.constantFrom('identity' as const, 'session' as const), more: statement('identity', effect) }),
  )

describe('policies and requests at random', () => {
  test('the compiled form decides as the plain interpreter does, and for one of its reasons', () => {
    const ends = new Map<string, number>()
    fc.assert(
      fc.property(request, (asked) => {
        const decision = decided(asked)
        const verdict = interpreted(asked)
        if (decision.allowed) {
          expect(verdict).toMatchObject({ allowed: true, by: expect.arrayContaining([decision.by]) as unknown })
          expect(decision.grantId).toBe(decision.by === 'grant' ? asked.grant : undefined)
        } else {
          const { explicit, policyType } = decision
          const policyTypes = expect.arrayContaining([policyType]) as unknown
          expect(verdict).toEqual({ allowed: false, explicit, policyTypes })
        }
        const end = decision.allowed ? decision.by : `${decision.explicit} ${decision.policyType}`
        ends.set(end, (ends.get(end) ?? 0) + 1)
      }),
      { numRuns: 20_000 },
    )
    // Else the policies had too little to do with the requests to say anything.
    for (const end of ['key policy', 'identity policy', 'grant']) expect(ends.get(end)).toBeGreaterThan(300)
    for (const type of ['identity-based', 'resource-based', 'session']) {
      expect(ends.get(`false ${type}`)).toBeGreaterThan(100)
      expect(ends.get(`true ${type}`)).toBeGreaterThan(100)
    }
  })

  test('a Deny more never allows what was refused', () => {
    fc.assert(
      fc.property(request, addition('Deny'), (asked, { place, more }) => {
        const [before, after] = [decided(asked), decided(withStatement(asked, place, more))]
        expect(before.allowed || !after.allowed).toBe(true)
      }),
      runs,
    )
  })

  test('an Allow more never refuses what was allowed', () => {
    fc.assert(
      fc.property(request, addition('Allow'), (asked, { place, more }) => {
        const [before, after] = [decided(asked), decided(withStatement(asked, place, more))]
        expect(!before.allowed || after.allowed).toBe(true)
      }),
      runs,
    )
  })

  test('the order of statements and of policies says nothing', () => {
    const shuffled = <T>(list: readonly T[], places: readonly number[]): readonly T[] =>
      list
        .map((value, at) => ({ value, place: places[at % places.length]! + at / 1000 }))
        .toSorted((a, b) => a.place - b.place)
        .map(({ value }) => value)
    fc.assert(
      fc.property(request, fc.array(fc.nat(9), { minLength: 4, maxLength: 8 }), (asked, places) => {
        const mixed = (document: Document): Document => ({
          ...document,
          Statement: shuffled(statementsOf(document), places),
        })
        const other: Arbitrary = {
          ...asked,
          keyPolicy: asked.keyPolicy && mixed(asked.keyPolicy),
          identityPolicies: shuffled(asked.identityPolicies.map(mixed), places),
          sessionPolicies: asked.sessionPolicies && shuffled(asked.sessionPolicies.map(mixed), places),
        }
        expect(decided(other)).toEqual(decided(asked))
      }),
      runs,
    )
  })

  test('a question asked again, of the same compiled policies, is answered the same', () => {
    fc.assert(
      fc.property(request, request, (asked, between) => {
        const [question, another] = [questionOf(asked), questionOf(between)]
        const first = decide(question)
        // What the policies remember of other actions and callers must not matter.
        decide({ ...another, keyPolicy: question.keyPolicy })
        decide({ ...question, action: another.action, context: another.context, resource: another.resource })
        expect(decide(question)).toEqual(first)
        expect(decided(asked)).toEqual(first)
      }),
      runs,
    )
  })

  test('without an Allow there is no way in but a grant and what no policy limits', () => {
    fc.assert(
      fc.property(request, (asked) => {
        const denying = (document: Document): Document => ({
          ...document,
          Statement: statementsOf(document).map((one) => ({ ...one, Effect: 'Deny' as const })),
        })
        const decision = decided({
          ...asked,
          keyPolicy: asked.keyPolicy && denying(asked.keyPolicy),
          identityPolicies: asked.identityPolicies.map(denying),
        })
        const isRoot = people[asked.who]!.principalType === 'Account'
        if (decision.allowed) expect(decision.by === 'grant' || (isRoot && !asked.keyPolicy)).toBe(true)
      }),
      runs,
    )
  })
})
