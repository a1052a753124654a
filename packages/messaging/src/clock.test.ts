import { describe, expect, it, vi } from 'vitest'
import { systemClock, testClock } from './clock.ts'

const day = 24 * 3600_000
const never = new AbortController().signal

describe('the test clock', () => {
  it('stands still until it is moved', async () => {
    const clock = testClock(1000)
    expect(clock.now()).toBe(1000)
    await clock.advance(5)
    expect(clock.now()).toBe(1005)
  })

  it('wakes everybody in the order of their times, each at its own time', async () => {
    const clock = testClock(0)
    const seen: [string, number][] = []
    const wait = (name: string, time: number) => clock.at(time, never).then(() => seen.push([name, clock.now()]))
    const all = [wait('late', 30), wait('early', 10), wait('beyond', 100), wait('past', -1)]
    await clock.advance(50)
    expect(seen).toEqual([
      ['past', 0],
      ['early', 10],
      ['late', 30],
    ])
    await clock.advance(50)
    await Promise.all(all)
  })

  it('lets who was woken wait again within the same move', async () => {
    const clock = testClock(0)
    const beats: number[] = []
    const beating = (async () => {
      while (beats.length < 3) {
        await clock.at(clock.now() + 10, never)
        beats.push(clock.now())
      }
    })()
    await clock.advance(100)
    await beating
    expect(beats).toEqual([10, 20, 30])
  })

  it('forgets who gave up', async () => {
    const clock = testClock(0)
    const giving = new AbortController()
    const waiting = clock.at(10, giving.signal)
    giving.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect(clock.at(10, giving.signal)).rejects.toThrow('enough')
    await clock.advance(20)
  })
})

describe('the system clock', () => {
  it('waits for months, though no timer can', async () => {
    vi.useFakeTimers({ now: 0 })
    try {
      const clock = systemClock(() => Date.now())
      let reached = false
      const waiting = clock.at(100 * day, never).then(() => (reached = true))
      await vi.advanceTimersByTimeAsync(100 * day - 1)
      expect(reached).toBe(false)
      await vi.advanceTimersByTimeAsync(1)
      await waiting
      expect(reached).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  it('lets go of its timer when the wait is aborted', async () => {
    vi.useFakeTimers({ now: 0 })
    try {
      const giving = new AbortController()
      const waiting = systemClock(() => Date.now()).at(1000, giving.signal)
      giving.abort(new Error('enough'))
      await expect(waiting).rejects.toThrow('enough')
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })
})
