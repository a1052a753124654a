import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WireFault } from '../fault.ts'
import { blob, boolean, enumeration, integer, list, map, shape, string, structure, timestamp } from '../shape.ts'
import { tagging, refusal, one } from './testing.ts'

describe('a hostile input', () => {
  const of = shape({
    S: string({ min: 1, max: 5, pattern: '^[a-z]+$' }),
    I: integer({ min: 1, max: 5 }).default(3),
    B: boolean().optional(),
    T: timestamp().optional(),
    X: blob({ min: 1, max: 5, sensitive: true }).optional(),
    E: enumeration(['A', 'B']).optional(),
    L: list(structure({ K: string({ max: 2 }), V: list(string({ max: 2 })).optional() }), { max: 3 }).optional(),
    M: map().optional(),
  })

  const outcomeOf = (json: unknown): string => {
    try {
      of.parse(json)
      return 'accepted'
    } catch (error) {
      if (error instanceof WireFault && error.message.length < 20_000) return error.code
      throw error
    }
  }

  test('is accepted or refused in one of two ways', () => {
    const names = fc.constantFrom('S', 'I', 'B', 'T', 'X', 'E', 'L', 'M', 'K', 'V', '__proto__', 'constructor')
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('abc', 'A', 'AAAA', '\ud800'))
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.double(),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.oneof(names, fc.string()), tie('value'), { maxKeys: 6 }),
      ),
    }))
    fc.assert(
      fc.property(fc.dictionary(names, value), (json) => {
        const outcome = outcomeOf(JSON.parse(JSON.stringify(json)))
        expect(outcome).toMatch(/^(accepted|SerializationException|ValidationException)$/)
      }),
      { numRuns: 1000 },
    )
  })

  test('costs no more for being wrong all over', () => {
    const started = process.hrtime.bigint()
    const tags = Array.from({ length: 100_000 }, () => ({}))
    expect(refusal(tagging, { Tags: tags })[1]).toMatch(/Member must have length less than or equal to 1000$/)
    expect(refusal(tagging, { Tags: tags.slice(0, 1000) })[1]).toMatch(/^2000 validation errors detected: /)
    expect(
      one(
        { S: string({ pattern: '^([A-Za-z0-9\\-]+)\\.([A-Za-z0-9\\-]+)(\\.[A-Za-z0-9\\-]+)+$' }) },
        { S: 'a.'.repeat(500_000) },
      )[0],
    ).toBe('ValidationException')
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(2000)
  })
})
