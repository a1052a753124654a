import { describe, expect, it } from 'vitest'
import { cache } from './cache.ts'

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

  it('replaces under one name, drops by name or by what matches, and forgets all', () => {
    const entries = cache<{ value: number; used: boolean }>(10)
    for (let index = 0; index < 6; index++) entries.put(`${index}`, of(index))
    entries.put('0', of(100))
    entries.drop('1')
    entries.drop('not there')
    entries.dropWhere((name, { value }) => name === '2' || value === 3)
    expect(['0', '1', '2', '3', '4'].map((name) => entries.find(name)?.value)).toEqual([
      100,
      undefined,
      undefined,
      undefined,
      4,
    ])
    entries.clear()
    expect(entries.size).toBe(0)
  })
})
