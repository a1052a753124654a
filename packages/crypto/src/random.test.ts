import { describe, expect, it } from 'vitest'
import { random, randomInto } from './random.ts'

describe('random bytes', () => {
  it('are as many as were asked for, whether the pool holds them or not', () => {
    const lengths = [0, 1, 12, 32, 255, 256, 257, 1024, 5000]
    expect(lengths.map((length) => random(length).length)).toEqual(lengths)
  })

  it('come only once, over many refills of the pool', () => {
    const drawn = Array.from({ length: 10_000 }, () => random(16).toString('hex'))
    expect(new Set(drawn).size).toBe(10_000)
  })

  it('are never the zeros that used bytes leave behind', () => {
    for (let draw = 0; draw < 2000; draw++) expect(random(28).every((byte) => byte === 0)).toBe(false)
  })

  it('go where they are told and nowhere else', () => {
    const target = Buffer.alloc(100)
    randomInto(target, 30, 40)
    expect(target.subarray(0, 30)).toEqual(Buffer.alloc(30))
    expect(target.subarray(70)).toEqual(Buffer.alloc(30))
    expect(target.subarray(30, 70).some((byte) => byte !== 0)).toBe(true)
  })

  it('have memory of their own', () => {
    expect(random(16).buffer.byteLength).toBe(16)
  })
})
