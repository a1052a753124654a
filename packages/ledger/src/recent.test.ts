import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { recent } from './recent.ts'

test('what was asked for lately stays, what nobody asked for goes', () => {
  const map = recent<string, number>(4)
  for (const [index, key] of ['a', 'b', 'c', 'd'].entries()) map.set(key, index)
  map.get('a')
  map.set('e', 4)
  map.set('f', 5)
  expect(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => map.get(key))).toEqual([0, undefined, undefined, undefined, 4, 5])
})

const keys = Array.from('abcdefgh')

test('it answers what was set last or nothing, and holds no more than its capacity', () => {
  const act = fc.record({ do: fc.constantFrom('set', 'get', 'delete'), key: fc.constantFrom(...keys), value: fc.nat() })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), fc.integer({ min: 2, max: 6 }), (acts, capacity) => {
      const map = recent<string, number>(capacity)
      const truth = new Map<string, number>()
      for (const { do: what, key, value } of acts) {
        if (what === 'set') {
          map.set(key, value)
          truth.set(key, value)
        } else if (what === 'delete') {
          map.delete(key)
          truth.delete(key)
        }
        expect([what === 'set' ? value : undefined, truth.get(key)]).toContain(map.get(key))
      }
      expect(keys.filter((key) => map.get(key) !== undefined).length).toBeLessThanOrEqual(capacity)
    }),
  )
})
