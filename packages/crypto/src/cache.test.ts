import { describe, expect, it } from 'vitest'
import { cache, caches } from './cache.ts'

const of = (value: number) => ({ value, used: false })

describe('a cache', () => {
  it('holds no more than its capacity, and always the newest', () => {
    const entries = cache(3)
    for (let index = 0; index < 10; index++) {
      entries.put(`${index}`, of(index))
      expect(entries.size).toBe(Math.min(index + 1, 3))
      expect(entries.find(`${index}`)).toBeDefined()
    }
  })

  it('keeps what is in use and lets go of what is not', () => {
    const entries = cache<{ value: number; used: boolean }>(100)
    entries.put('hot', of(-1))
    for (let index = 0; index < 10_000; index++) {
      entries.put(`${index}`, of(index))
      expect(entries.find('hot')?.value).toBe(-1)
    }
    expect(entries.size).toBe(100)
    expect(entries.find('0')).toBeUndefined()
  })

  it('makes room even when everything is in use', () => {
    const entries = cache<{ value: number; used: boolean }>(50)
    for (let index = 0; index < 50; index++) entries.put(`${index}`, { value: index, used: true })
    entries.put('new', of(50))
    expect(entries.size).toBe(50)
    expect(entries.find('new')?.value).toBe(50)
  })

  it('replaces under one name, drops by name or by what matches, and answers what it dropped', () => {
    const entries = cache<{ value: number; used: boolean }>(10)
    for (let index = 0; index < 6; index++) entries.put(`${index}`, of(index))
    entries.put('0', of(100))
    expect(entries.drop('1')?.value).toBe(1)
    expect(entries.drop('not there')).toBeUndefined()
    const dropped = entries.dropWhere((name, { value }) => name === '2' || value === 3)
    expect(dropped.map(({ value }) => value)).toEqual([2, 3])
    expect(['0', '1', '2', '3', '4'].map((name) => entries.find(name)?.value)).toEqual([
      100,
      undefined,
      undefined,
      undefined,
      4,
    ])
    expect(entries.size).toBe(3)
  })
})

describe('caches that share a capacity', () => {
  it('hold no more than it between them, and always the newest', () => {
    const another = caches<{ value: number; used: boolean }>(30)
    const some = Array.from({ length: 20 }, another)
    for (let index = 0; index < 1000; index++) {
      const entries = some[(index * 7) % 20]!
      entries.put(`${index}`, of(index))
      expect(entries.find(`${index}`)).toBeDefined()
      if (index % 10 === 0) for (const each of some) each.drop(`${index - 5}`)
      expect(some.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(30)
    }
  })

  it('leave it to the one that uses it, and take from it what it does not use any more', () => {
    const another = caches<{ value: number; used: boolean }>(100)
    const [busy, idle] = [another(), another()]
    idle.put('hot', of(-1))
    for (let index = 0; index < 1000; index++) {
      busy.put(`${index}`, of(index))
      expect(idle.find('hot')?.value).toBe(-1)
    }
    expect([busy.size, idle.size]).toEqual([99, 1])
    for (let index = 0; index < 1000; index++) idle.put(`${index}`, of(index))
    expect([busy.size, idle.size]).toEqual([0, 100])
  })
})
