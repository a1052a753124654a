import { expect, test } from 'vitest'
import { type Names, entriesOf, named, noNames, withName, withoutName } from './names.ts'

test('a table holds what was put in it, and the one before stays as it was', () => {
  const names = Array.from({ length: 5_000 }, (_, n) => `user-${n}`)
  const full = names.reduce((table, name, n) => withName(table, name, n), withName<number>(noNames, 'first', -1))
  expect([full.size, noNames.size]).toEqual([5_001, 0])
  expect(names.map((name) => named(full, name))).toEqual(names.map((_, n) => n))
  expect(new Map(entriesOf(full))).toEqual(
    new Map<string, number>([['first', -1], ...names.map((name, n) => [name, n] as const)]),
  )
  const changed = withName(full, 'first', 0)
  expect([changed.size, named(changed, 'first'), named(full, 'first')]).toEqual([5_001, 0, -1])
  expect(names.reduce((table, name) => withoutName(table, name), withoutName(full, 'first'))).toEqual(noNames)
  expect(withoutName(full, 'nobody')).toEqual(full)
})

test('any name is a name, and nothing is there before it was put', () => {
  for (const name of ['', '__proto__', 'constructor', 'toString', '\ud800', '🔑', 'x'.repeat(100_000)]) {
    expect(named(noNames, name)).toBeUndefined()
    expect([...entriesOf(withName(noNames, name, 1))]).toEqual([[name, 1]])
  }
})

test('names lie on many shelves', () => {
  let full: Names<number> = noNames
  for (let n = 0; n < 5_000; n++) full = withName(full, `user-${n}`, n)
  expect(Math.max(...full.shelves.map((shelf) => shelf?.size ?? 0))).toBeLessThan(60)
})
