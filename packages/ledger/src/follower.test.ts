import { describe, expect, test } from 'vitest'
import type { EventLog, Recorded } from './event-log.ts'
import { follow } from './follower.ts'
import { fact, ids, testLog } from './testing.ts'

/** A clock that never lets anyone wait and notes how long they would have. */
const hasty = () => {
  const pauses: number[] = []
  return { pauses, clock: { now: () => 0, at: async (time: number) => void pauses.push(time) } }
}

const following = (log: EventLog, handle: (events: readonly Recorded[]) => void | Promise<void>, after = () => 0) => {
  const ending = new AbortController()
  const faults: unknown[] = []
  const { pauses, clock } = hasty()
  const onFault = (fault: unknown) => void faults.push(fault)
  const { caughtUp, ended } = follow({ log, categories: ['key'], after, handle, signal: ending.signal, clock, onFault })
  return { caughtUp, ended, ending, faults, pauses }
}
const many = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => fact(`${prefix}${index}`))

describe('a follower', () => {
  test('handles what is there by pages, then what comes, in order, each event once', async () => {
    const { log } = await testLog()
    await log.append('key-1', 'any', many('a', 1200))
    await log.append('alias-1', 'any', many('x', 10))
    let pages = 0
    const busy: EventLog = {
      ...log,
      all: async (options) => {
        // While a page is read and after it was, more is appended.
        const before = log.append('key-2', 'any', many(`b${pages}.`, 2))
        const page = await log.all(options)
        await Promise.all([before, log.append('key-3', 'any', many(`c${pages++}.`, 3))])
        return page
      },
    }
    const handled: Recorded[] = []
    const { caughtUp, ended, ending } = following(busy, (events) => void handled.push(...events))
    await caughtUp
    await log.append('key-1', 'any', many('d', 2))
    expect(handled).toEqual(await log.all({ after: 0, categories: ['key'], limit: 10_000 }))
    expect([pages, handled.length]).toEqual([3, 1200 + 3 * 5 + 2])
    ending.abort()
    await ended
  })

  test('begins after its checkpoint', async () => {
    const { log } = await testLog()
    await log.append('key-1', 'any', many('a', 5))
    const handled: string[] = []
    const { caughtUp } = following(
      log,
      (events) => void handled.push(...ids(events)),
      () => 3,
    )
    await caughtUp
    expect(handled).toEqual(['a3', 'a4'])
  })

  test('handles live events before their append is answered', async () => {
    const { log } = await testLog()
    const handled: string[] = []
    const { caughtUp } = following(log, (events) => void handled.push(...ids(events)))
    await caughtUp
    const seen = await log.append('key-1', 'any', [fact('a')]).then(() => [...handled])
    expect(seen).toEqual(['a'])
  })

  test('waits for a handler that takes its time, and never runs it twice at once', async () => {
    const { log } = await testLog()
    const handled: string[] = []
    let running = 0
    let most = 0
    const { caughtUp, ended, ending } = following(log, async (events) => {
      most = Math.max(most, ++running)
      await log.head()
      running--
      handled.push(...ids(events))
      if (handled.includes('a9')) ending.abort()
    })
    await caughtUp
    for (let index = 0; index < 10; index++) void log.append(`key-${index}`, 'any', [fact(`a${index}`)])
    await ended
    expect([most, handled]).toEqual([1, ids(many('a', 10))])
  })

  test('leaves in the log what a slow handler cannot take, and reads it from there', async () => {
    const { log } = await testLog()
    const handled: string[] = []
    let checkpoint = 0
    const slow = Promise.withResolvers<void>()
    const all = [fact('first'), ...many('a', 6000), ...many('b', 6000)]
    const { caughtUp, ended, ending, faults } = following(
      log,
      async (events) => {
        if (events[0]!.id === 'first') await slow.promise
        handled.push(...ids(events))
        checkpoint = events.at(-1)!.position
        if (handled.length >= all.length) ending.abort()
      },
      () => checkpoint,
    )
    await caughtUp
    await log.append('key-1', 'any', [fact('first')])
    await log.append('key-1', 'any', many('a', 6000))
    await log.append('key-1', 'any', many('b', 6000))
    slow.resolve()
    await ended
    expect(handled).toEqual(ids(all))
    expect(faults).toEqual([])
  })
})

describe('a follower whose handler fails', () => {
  test('is reported, and begins again from its checkpoint after a pause that doubles', async () => {
    const { log } = await testLog()
    const handled: string[][] = []
    let checkpoint = 0
    let failures = 4
    const allHandled = Promise.withResolvers<void>()
    const { caughtUp, faults, pauses } = following(
      log,
      (events) => {
        if (events.some(({ id }) => id === 'b') && failures-- > 0) throw new Error(`cannot ${failures}`)
        handled.push([...ids(events)])
        checkpoint = events.at(-1)!.position
        if (checkpoint === 3) allHandled.resolve()
      },
      () => checkpoint,
    )
    await caughtUp
    await log.append('key-1', 'any', [fact('a')])
    await log.append('key-1', 'any', [fact('b')])
    await log.append('key-1', 'any', [fact('c')])
    await allHandled.promise
    expect([handled.flat(), faults.map(String), pauses]).toEqual([
      ['a', 'b', 'c'],
      ['Error: cannot 3', 'Error: cannot 2', 'Error: cannot 1', 'Error: cannot 0'],
      [100, 200, 400, 800],
    ])
  })

  test('by a promise begins again, too, and pauses 30 s at most', async () => {
    const { log } = await testLog()
    await log.append('key-1', 'any', [fact('a')])
    let failures = 12
    const { caughtUp, faults, pauses } = following(log, async () => {
      if (failures-- > 0) throw new Error('cannot')
    })
    await caughtUp
    expect([faults.length, pauses.slice(-4)]).toEqual([12, [25_600, 30_000, 30_000, 30_000]])
  })

  test('because the log does tries the log again', async () => {
    const { log } = await testLog()
    await log.append('key-1', 'any', [fact('a')])
    let failures = 2
    const broken: EventLog = {
      ...log,
      all: (options) => (failures-- > 0 ? Promise.reject(new Error('no log')) : log.all(options)),
    }
    const handled: string[] = []
    const { caughtUp, faults } = following(broken, (events) => void handled.push(...ids(events)))
    await caughtUp
    expect([handled, faults.map(String)]).toEqual([['a'], ['Error: no log', 'Error: no log']])
  })
})

describe('a follower that is told to stop', () => {
  test('handles nothing more, and has ended when its handler has', async () => {
    const { log } = await testLog()
    const handled: string[] = []
    const slow = Promise.withResolvers<void>()
    const { caughtUp, ended, ending } = following(log, async (events) => {
      await slow.promise
      handled.push(...ids(events))
    })
    await caughtUp
    await log.append('key-1', 'any', [fact('a')])
    await log.append('key-1', 'any', [fact('b')])
    ending.abort()
    const over = ended.then(() => handled.push('ended'))
    await log.append('key-1', 'any', [fact('c')])
    slow.resolve()
    await over
    expect(handled).toEqual(['a', 'ended'])
  })

  test('before it caught up says that it did not', async () => {
    const { log } = await testLog()
    const { caughtUp, ended, ending } = following(log, () => undefined)
    ending.abort(new Error('closing'))
    await expect(caughtUp).rejects.toThrow('closing')
    await ended
  })

  test('while it pauses stops pausing', async () => {
    const { log } = await testLog()
    const ending = new AbortController()
    const { ended } = follow({
      log: { ...log, all: () => Promise.reject(new Error('no log')) },
      categories: ['key'],
      after: () => 0,
      handle: () => undefined,
      signal: ending.signal,
      clock: {
        now: () => 0,
        at: (_, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      },
      onFault: () => queueMicrotask(() => queueMicrotask(() => ending.abort())),
    })
    await expect(ended).resolves.toBeUndefined()
  })
})
