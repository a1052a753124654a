import { describe, expect, test } from 'vitest'
import { type EventLog, WrongRevision } from './event-log.ts'
import { type Aggregate, Conflict, repository } from './repository.ts'
import { fact, testLog } from './testing.ts'

interface Counter {
  readonly total: number
  readonly last: string
}
type Command = { type: 'Add'; n: number } | { type: 'Refuse' }
type Event = { type: 'Added'; data: { n: number } } | { type: 'Named'; data: { name: string } }

/** Adding 0 changes nothing; 100 is the most there can be; what is refused throws. */
const counter: Aggregate<Counter, Command, Event> = {
  initial: { total: 0, last: '' },
  decide: {
    Add: ({ total }, { n }) => (n === 0 || total >= 100 ? [] : [{ type: 'Added', data: { n } }]),
    Refuse: () => {
      throw new RangeError('refused')
    },
  },
  evolve: {
    Added: ({ total }, { data }) => ({ total: total + data.n, last: `+${data.n}` }),
    Named: (state, { data }) => ({ ...state, last: data.name }),
  },
}

const metadata = {
  actor: 'arn:aws:iam::111122223333:user/a',
  requestId: 'r',
  region: 'eu-west-1',
  account: '111122223333',
}
const time = Date.parse('2026-01-02T03:04:05.678Z')
let made = 0
const envelope = { ids: () => `event-${made++}`, time, metadata }
const added = (n: number) => fact(`by-others-${made++}`, { n }, 'Added')
const add = (n: number) => ({ type: 'Add', n }) as const

/** The log as another process sees it: what this process appends does not reach its feed. */
const deaf = (log: EventLog): EventLog => ({ ...log, subscribe: () => ({ [Symbol.dispose]: () => undefined }) })

describe('a repository', () => {
  test('decides on the state of a stream and appends what was decided, in its envelope', async () => {
    const { log } = await testLog()
    const counters = repository({ log, aggregate: counter, versions: { Added: 3 } })
    expect([await counters.find('counter-1'), await counters.handle('counter-1', add(2), envelope)]).toEqual([
      { total: 0, last: '' },
      { total: 2, last: '+2' },
    ])
    expect(await counters.handle('counter-1', add(3), envelope)).toEqual({ total: 5, last: '+3' })
    const events = await log.read('counter-1')
    expect(events).toEqual(
      [2, 3].map((n, revision) => ({
        id: events[revision]!.id,
        type: 'Added',
        version: 3,
        time: '2026-01-02T03:04:05.678Z',
        metadata,
        data: { n },
        stream: 'counter-1',
        revision,
        position: revision + 1,
      })),
    )
  })

  test('appends nothing for a command that changes nothing or is refused', async () => {
    const { log } = await testLog()
    const counters = repository({ log, aggregate: counter })
    expect(await counters.handle('counter-1', add(0), envelope)).toBe(counter.initial)
    await expect(counters.handle('counter-1', { type: 'Refuse' }, envelope)).rejects.toThrow('refused')
    const unknown = { type: 'toString' } as unknown as Command
    await expect(counters.handle('counter-1', unknown, envelope)).rejects.toThrow('nothing is known of "toString"')
    expect(await log.streams('')).toEqual([])
  })

  test('answers at once what it remembers, up to the last append that was acknowledged, whoever appended', async () => {
    const { log } = await testLog()
    const counters = repository({ log, aggregate: counter })
    await log.append('counter-1', 'none', [added(1)])
    await counters.find('counter-1')
    const seen = await log.append('counter-1', 0, [added(2), added(3)]).then(() => counters.find('counter-1'))
    expect([seen, counters.find('counter-1')]).toEqual([
      { total: 6, last: '+3' },
      { total: 6, last: '+3' },
    ])
  })

  test('misses nothing that is appended while it reads the stream', async () => {
    const { log } = await testLog()
    await log.append('counter-1', 'none', [added(1)])
    let reads = 0
    const slow: EventLog = {
      ...log,
      read: async (stream) => {
        reads++
        const events = await log.read(stream)
        await log.append(stream, 'any', [added(2)])
        return events
      },
    }
    const counters = repository({ log: slow, aggregate: counter })
    expect(await Promise.all([counters.find('counter-1'), counters.find('counter-1')])).toEqual([
      { total: 3, last: '+2' },
      { total: 3, last: '+2' },
    ])
    expect([reads, counters.find('counter-1')]).toEqual([1, { total: 3, last: '+2' }])
  })

  test('knows what it did itself although the feed is late, and counts nothing twice when the feed comes', async () => {
    const { log } = await testLog()
    const late: (() => void)[] = []
    const listening: EventLog = {
      ...log,
      subscribe: (categories, listener) => log.subscribe(categories, (events) => late.push(() => listener(events))),
    }
    const counters = repository({ log: listening, aggregate: counter })
    await counters.handle('counter-1', add(1), envelope)
    await counters.handle('counter-1', add(2), envelope)
    const before = counters.find('counter-1')
    for (const come of late) come()
    expect([before, late.length, counters.find('counter-1')]).toEqual([
      { total: 3, last: '+2' },
      2,
      { total: 3, last: '+2' },
    ])
  })

  test('never goes back behind what it did itself while a slow reading was under way', async () => {
    const { log } = await testLog()
    let reading: PromiseWithResolvers<void> | undefined
    const slow: EventLog = {
      ...deaf(log),
      read: async (stream) => {
        const events = await log.read(stream)
        await reading?.promise
        return events
      },
    }
    // So few are remembered that the third pushes the first out.
    const counters = repository({ log: slow, aggregate: counter, capacity: 2 })
    await counters.handle('counter-1', add(1), envelope)
    const known = counters.find('counter-1')
    const appending = counters.handle('counter-1', add(2), envelope)
    for (const other of ['counter-2', 'counter-3']) await counters.find(other)
    await counters.handle('counter-4', add(1), envelope)
    await counters.handle('counter-5', add(1), envelope)
    reading = Promise.withResolvers<void>()
    const found = counters.find('counter-1')
    const state = await appending
    reading.resolve()
    expect([known, state, await found, await counters.find('counter-1')]).toEqual([
      { total: 1, last: '+1' },
      { total: 3, last: '+2' },
      { total: 3, last: '+2' },
      { total: 3, last: '+2' },
    ])
  })

  test('forgets what was not asked for lately', async () => {
    const { log } = await testLog()
    const streams = ['counter-1', 'counter-2', 'counter-3', 'counter-4']
    for (const stream of streams) await log.append(stream, 'none', [added(1)])
    const counters = repository({ log, aggregate: counter, capacity: 2 })
    for (const stream of streams) await counters.find(stream)
    expect(streams.map((stream) => counters.find(stream) instanceof Promise)).toEqual([true, true, false, false])
  })

  test('replays a stream as of a time, and remembers nothing of it', async () => {
    const { log } = await testLog()
    const counters = repository({ log, aggregate: counter })
    const at = (when: string, n: number) => ({ ...added(n), time: when })
    await log.append('counter-1', 'none', [at('2026-01-01T00:00:00.000Z', 1), at('2026-01-01T00:00:01.000Z', 2)])
    await log.append('counter-1', 1, [at('2026-01-02T00:00:00.000Z', 4)])
    const totals = ['2025-12-31T23:59:59.999Z', '2026-01-01T00:00:00.000Z', '2026-01-01T23:00:00.000Z'].map(
      async (when) => (await counters.peek('counter-1', { time: Date.parse(when) })).total,
    )
    expect([await Promise.all(totals), (await counters.peek('counter-1')).total]).toEqual([[0, 1, 3], 7])
    expect(counters.find('counter-1')).toBeInstanceOf(Promise)
  })
})

describe('commands on one stream', () => {
  test('that come at once all end up right, each decided on what the others did', async () => {
    const { log } = await testLog()
    const counters = repository({ log, aggregate: counter })
    const states = await Promise.all(Array.from({ length: 120 }, () => counters.handle('counter-1', add(1), envelope)))
    expect(states.map(({ total }) => total)).toEqual(
      Array.from({ length: 120 }, (_, index) => Math.min(index + 1, 100)),
    )
    expect(await log.read('counter-1')).toHaveLength(100)
  })

  test('go on after one of them failed', async () => {
    const { log } = await testLog()
    const counters = repository({ log, aggregate: counter })
    const commands: Command[] = [add(1), { type: 'Refuse' }, add(1)]
    const handled = await Promise.allSettled(commands.map((command) => counters.handle('counter-1', command, envelope)))
    expect(handled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  test('are decided again on what other processes made of the stream meanwhile', async () => {
    const { log } = await testLog()
    const counters = repository({ log: deaf(log), aggregate: counter })
    await counters.handle('counter-1', add(1), envelope)
    await counters.handle('counter-1', add(1), envelope)
    await log.append('counter-1', 1, [added(98)])
    expect(await counters.handle('counter-1', add(1), envelope)).toEqual({ total: 100, last: '+98' })
    expect(await log.read('counter-1')).toHaveLength(3)
  })

  test('give up, having changed nothing, when the stream never stands still', async () => {
    const { log } = await testLog()
    let appends = 0
    const restless: EventLog = {
      ...log,
      append: (stream) => Promise.reject(new WrongRevision(stream, appends++)),
    }
    const counters = repository({ log: restless, aggregate: counter })
    await expect(counters.handle('counter-1', add(1), envelope)).rejects.toThrow(Conflict)
    expect(appends).toBe(20)
  })

  test('are refused at once by a stream that was erased', async () => {
    const { log } = await testLog()
    await log.append('counter-1', 'none', [added(1)])
    await log.erase('counter-1')
    const counters = repository({ log, aggregate: counter })
    await expect(counters.handle('counter-1', add(1), envelope)).rejects.toThrow('counter-1 is at erased')
  })
})

describe('what is in the log', () => {
  test('is brought to its form of today, read or live', async () => {
    const { log } = await testLog()
    const upcast = ({ type, version, data }: { type: string; version: number; data: unknown }): Event =>
      version === 1 && type === 'Increased' ? { type: 'Added', data: { n: Number(data) } } : ({ type, data } as Event)
    const counters = repository({ log, aggregate: counter, upcast })
    await log.append('counter-1', 'none', [fact('a', '5', 'Increased')])
    const read = await counters.find('counter-1')
    await log.append('counter-1', 0, [fact('b', '6', 'Increased')])
    expect([read, counters.find('counter-1'), await counters.peek('counter-1')]).toEqual([
      { total: 5, last: '+5' },
      { total: 11, last: '+6' },
      { total: 11, last: '+6' },
    ])
  })

  test('and is not understood stops whoever asks, and is never skipped', async () => {
    const { log, faults } = await testLog()
    const counters = repository({ log, aggregate: counter })
    await log.append('counter-1', 'none', [added(1)])
    await counters.find('counter-1')
    await log.append('counter-1', 0, [fact('x', {}, 'Exploded')])
    await expect(counters.find('counter-1')).rejects.toThrow('nothing is known of "Exploded"')
    await expect(counters.handle('counter-1', add(1), envelope)).rejects.toThrow('nothing is known of "Exploded"')
    expect(faults).toEqual([])
  })

  test('cannot be read: nobody is answered from what was', async () => {
    const { log } = await testLog()
    const broken: EventLog = { ...log, read: () => Promise.reject(new Error('no disk')) }
    const counters = repository({ log: broken, aggregate: counter })
    await expect(counters.find('counter-1')).rejects.toThrow('no disk')
    await expect(counters.handle('counter-1', add(1), envelope)).rejects.toThrow('no disk')
  })
})
