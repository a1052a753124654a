import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { any, matcher, matches, one, partMatcher, wildcards } from './pattern.ts'

/** What a pattern means, told without cleverness: the set of places reached after each of its characters. */
const reaches = (pattern: readonly number[], text: string): boolean => {
  let places = new Set([0])
  for (const code of pattern) {
    const next = new Set<number>()
    for (const place of places) {
      if (code === any) for (let to = place; to <= text.length; to++) next.add(to)
      else if (place < text.length && (code === one || code === text.charCodeAt(place))) next.add(place + 1)
    }
    places = next
  }
  return places.has(text.length)
}

const few = (characters: string) => fc.string({ unit: fc.constantFrom(...characters.split('')), maxLength: 8 })

test('a pattern matches what it means, whichever way it is asked', () => {
  fc.assert(
    fc.property(few('ab*?'), few('ab'), (given, text) => {
      const pattern = wildcards(given)
      const expected = reaches(pattern, text)
      expect([
        matches(pattern, text),
        matcher(pattern)(text),
        matches(pattern, `b${text}a`, 1, text.length + 1),
        partMatcher(pattern)(`b${text}a`, 1, text.length + 1),
      ]).toEqual([expected, expected, expected, expected])
    }),
    { numRuns: 5000 },
  )
})

test('a pattern that would make others go back and forth takes no time to speak of', () => {
  const before = performance.now()
  for (const given of ['*a'.repeat(2000) + '*b', '*?a'.repeat(2000) + '*b', '*'.repeat(4000) + 'b'])
    expect(matcher(wildcards(given))('a'.repeat(8000))).toBe(false)
  // Step by step this is some ten million; by going back to every star it would not end.
  expect(performance.now() - before).toBeLessThan(1000)
})
