import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { TooManySteps, beginDecision, mostSteps, spent } from './effort.ts'
import { any, matcher, matches, one, partMatcher, wildcards } from './pattern.ts'

/** What a pattern means, told without cleverness: which places of the text are reached after each of its characters. */
const reaches = (pattern: readonly number[], text: string): boolean => {
  let places = new Uint8Array(text.length + 1)
  places[0] = 1
  for (const code of pattern) {
    const next = new Uint8Array(text.length + 1)
    for (let to = 0; to <= text.length; to++) {
      const fits = code === one || code === text.charCodeAt(to - 1)
      next[to] = code === any ? places[to]! | (next[to - 1] ?? 0) : fits ? (places[to - 1] ?? 0) : 0
    }
    places = next
  }
  return places[text.length] === 1
}

const few = (characters: string) => fc.string({ unit: fc.constantFrom(...characters.split('')), maxLength: 8 })

test('a pattern matches what it means, whichever way it is asked', () => {
  fc.assert(
    fc.property(few('ab*?'), few('ab'), (given, text) => {
      beginDecision()
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

test('a long pattern means the same, whichever way its pieces are found', () => {
  const often = fc.tuple(few('ab?'), fc.integer({ min: 1, max: 100 }), few('*ab'))
  fc.assert(
    fc.property(fc.array(often, { maxLength: 4 }), few('ab*'), fc.boolean(), (parts, tail, fitting) => {
      beginDecision()
      const given = parts.map(([part, times, between]) => part.repeat(times) + between).join('') + tail
      const long = given.replaceAll('?', 'b').replaceAll('*', 'ab'.repeat(20))
      const text = fitting ? long : long.slice(0, -1) + 'a'
      const pattern = wildcards(given)
      const expected = reaches(pattern, text)
      expect([matches(pattern, text), matcher(pattern)(text)]).toEqual([expected, expected])
    }),
    { numRuns: 100 },
  )
})

test('a long piece in a long text, which indexOf is not left to, is found where it is', () => {
  for (const [text, expected] of [
    ['a'.repeat(5000) + 'b' + 'a'.repeat(4000), true],
    ['a'.repeat(5000) + 'b' + 'a'.repeat(3999), false],
  ] as const) {
    beginDecision()
    expect(matcher(wildcards(`*${'a'.repeat(4000)}b${'a'.repeat(4000)}*`))(text)).toBe(expected)
  }
})

test('a pattern that would make others go back and forth takes its length times the text at most', () => {
  const text = 'a'.repeat(8000)
  for (const given of ['*a'.repeat(2000) + '*b', '*?a'.repeat(2000) + '*b', '*'.repeat(4000) + 'b']) {
    beginDecision()
    expect(matcher(wildcards(given))(text)).toBe(false)
    // By going back to every star it would not end.
    expect(spent()).toBeLessThan(given.length * text.length)
  }
})

test.each([
  ['one that ends in what is not there', `*${'a'.repeat(30_000)}?b`],
  ['one that indexOf goes back and forth for', `*${'a'.repeat(15_000)}b${'a'.repeat(15_000)}*`],
])('a pattern that takes too many steps is given up: %s', (_, given) => {
  beginDecision()
  const test = matcher(wildcards(given))
  expect(() => test('a'.repeat(1_000_000))).toThrow(TooManySteps)
  // The step that was one too many was not a long one.
  expect(spent()).toBeLessThan(mostSteps + 100_000)
})
