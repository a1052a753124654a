import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allow, policy, refusal, root } from './policy/told.ts'

describe('whatever comes', () => {
  // Shapes near a policy get further into the reading than arbitrary JSON does.
  const leaf = fc.oneof(
    fc.constantFrom(
      '*',
      'Allow',
      'Deny',
      'kms:*',
      root,
      '2012-10-17',
      '__proto__',
      'StringEquals',
      'sns.amazonaws.com',
    ),
    fc.jsonValue({ maxDepth: 1 }),
  )
  const fine = fc.record(
    {
      Sid: fc.string(),
      Effect: fc.constantFrom('Allow', 'Deny'),
      Principal: fc.constantFrom('*', { AWS: root }, { AWS: ['*', '111122223333'], Service: 'sns.amazonaws.com' }),
      Action: fc.oneof(fc.constant('kms:*'), fc.array(fc.constantFrom('kms:Encrypt', 'kms:Decrypt'))),
      Resource: fc.constant('*'),
      Condition: fc.constantFrom({}, { StringEquals: { 'kms:KeySpec': ['a', 1, true] } }, { Null: { a: 'true' } }),
    },
    { requiredKeys: ['Effect', 'Principal'] },
  )
  const odd = fc.dictionary(
    fc.constantFrom('Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'Condition', 'Resource', '__proto__', 'x'),
    fc.oneof(
      leaf,
      fc.array(leaf, { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('AWS', 'Service', 'StringEquals', 'Bool', '__proto__'), leaf),
    ),
    { maxKeys: 2 },
  )
  const statement = fc.tuple(fine, fc.oneof(fc.constant({}), odd)).map((parts) => Object.assign({}, ...parts) as object)
  const document = fc.oneof(
    { weight: 1, arbitrary: fc.jsonValue() },
    {
      weight: 4,
      arbitrary: fc.record({
        Version: fc.constantFrom('2012-10-17', '2008-10-17'),
        Statement: fc.oneof(statement, fc.array(statement, { maxLength: 2 })),
      }),
    },
  )

  test('a document is read or refused with a PolicyFault', () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(document, (value) => {
        seen.add(refusal(value)?.reason ?? 'read')
      }),
      { numRuns: 3000 },
    )
    // Else the documents were too plain to say anything.
    expect(seen.has('read')).toBe(true)
    expect(seen.size).toBeGreaterThan(10)
  })

  test('a text is read or refused with a PolicyFault', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.string({ maxLength: 3 }), (text, place, inserted) => {
        const whole = policy(allow)
        const at = place % whole.length
        refusal(text)
        refusal(whole.slice(0, at) + inserted + whole.slice(at + 1))
        expect(Object.keys({})).toEqual([])
        expect(({} as Record<string, unknown>)['Statement']).toBeUndefined()
      }),
      { numRuns: 1000 },
    )
  })

  test('names that are not twice in one object are not called duplicates, however they are nested or escaped', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(refusal(JSON.stringify(value, null, 1))?.reason).not.toBe('An object has two members of one name')
      }),
      { numRuns: 500 },
    )
  })

  test.each<[string, string]>([
    ['nested lists', '['.repeat(65_536) + ']'.repeat(65_536)],
    ['nested objects', '{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000)],
    ['open brackets', '['.repeat(131_072)],
    [
      'one long principal',
      policy({ ...allow, Principal: { AWS: `arn:aws:iam::111122223333:user/${'a/'.repeat(60_000)}` } }),
    ],
    ['colons', policy({ ...allow, Principal: { AWS: ':'.repeat(120_000) } })],
    ['dots', policy({ ...allow, Principal: { Service: '.'.repeat(120_000) } })],
    ['backslashes', policy({ ...allow, Sid: '\\'.repeat(60_000) })],
    ['many statements', policy(...Array.from({ length: 1200 }, () => allow))],
    ['many actions', policy({ ...allow, Action: Array.from({ length: 15_000 }, () => 'kms:A') })],
  ])('128 KB of %s take no time to speak of', (_, text) => {
    const before = performance.now()
    refusal(text)
    // Linear work takes a few milliseconds here; anything that backtracks would take minutes.
    expect(performance.now() - before).toBeLessThan(1000)
  })
})
