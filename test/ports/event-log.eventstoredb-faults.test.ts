import { type EventLog, type Expected, type Fact, LedgerUnreachable, WrongRevision } from '@keyledger/ledger'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Deed } from '../support/eventstore-double/deeds.ts'
import { fact, ids, opened, patience } from '../support/eventstore-double/opened.ts'
import { store } from '../support/eventstore-double/store.ts'

/** What a server may do to the first append; whatever it is, the second try finds it well. */
const mishaps: Record<string, Deed> = {
  'is written and never answered': 'lose',
  'is neither written nor answered': 'stall',
  'is written, and the call breaks off': 'break',
  'is refused': 'refuse',
  'is given up by the server': 'expire',
  'is answered twice': 'twice',
  'is answered after nobody waits any more': { late: 2 * patience },
  'is written after nobody waits any more': { delay: 2 * patience },
}
const expectations: Expected[] = ['none', 0, 'any']
const sleep = (time: number) => new Promise((resolve) => setTimeout(resolve, time))
const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => 'appended',
    (error: unknown) => (error instanceof WrongRevision ? error.actual : (error as Error).name),
  )

describe('an append that', () => {
  const cases = Object.entries(mishaps).flatMap(([what, deed]) =>
    expectations.map((expected) => [what, expected, deed] as const),
  )
  test.each(cases)('%s, expecting %s, is acknowledged and stands there once', async (_, expected, deed) => {
    const { log, double } = await opened()
    const before = expected === 'none' ? [] : [fact()]
    if (before.length > 0) await log.append('key-1', 'none', before)
    const first = double.conduct.calls('batchAppend') + 1
    double.conduct.by(({ method, number }) => (method === 'batchAppend' && number === first ? deed : 'serve'))
    const facts = [fact(), fact()]
    const { revision, position } = await log.append('key-1', expected, facts)
    // Whatever was to come late has come.
    await sleep(typeof deed === 'object' ? 3 * patience : 0)
    const read = await log.read('key-1')
    const last = read.at(-1)!
    expect([ids(read), revision, position]).toEqual([ids([...before, ...facts]), last.revision, last.position])
  })

  test('was written and not answered is not written twice by a server that has forgotten it', async () => {
    const { log, double } = await opened({ kept: store({ memory: 0 }) })
    const facts = Array.from({ length: 6 }, () => fact())
    double.conduct.by(({ method, number }) =>
      method !== 'batchAppend' ? 'serve' : ((['lose', 'break'] as const)[number % 3] ?? 'serve'),
    )
    for (const one of facts) await log.append('trail-1', 'any', [one])
    expect(ids(await log.read('trail-1'))).toEqual(ids(facts))
  })

  test('is written just before it is tried again is not written twice, by a server that remembers nothing', async () => {
    const { log, double } = await opened({ kept: store({ memory: 0 }) })
    // The first is done after the stream was searched for it, and before the second, which was sent by then.
    const deeds: Record<number, Deed> = { 1: { delay: patience + 250 }, 2: { delay: 350 } }
    double.conduct.by(({ method, number }) => (method === 'batchAppend' && deeds[number]) || 'serve')
    const facts = [fact(), fact()]
    await log.append('trail-1', 'any', facts)
    expect([ids(await log.read('trail-1')), double.conduct.calls('batchAppend')]).toEqual([ids(facts), 2])
  })

  test('was not answered is found behind what others appended since', async () => {
    const { log, other, double } = await opened({ kept: store({ memory: 0 }) })
    await log.append('trail-1', 'any', [fact()])
    const one = fact()
    double.conduct.by(({ method, number }) => (method === 'batchAppend' && number === 2 ? 'lose' : 'serve'))
    const appending = log.append('trail-1', 'any', [one])
    await expect.poll(() => double.conduct.calls('batchAppend')).toBe(2)
    for (let count = 0; count < 600; count += 100)
      await other.append(
        'trail-1',
        'any',
        Array.from({ length: 100 }, () => fact()),
      )
    const { revision } = await appending
    expect([revision, ids(await other.read('trail-1')).filter((id) => id === one.id)]).toEqual([1, [one.id]])
  })

  test('was overtaken while its outcome was unknown is refused, and left nothing behind', async () => {
    const { log, other, double } = await opened()
    const theirs = [fact()]
    double.conduct.by(({ method, number }) => (method === 'batchAppend' && number === 1 ? 'stall' : 'serve'))
    const appending = outcome(log.append('key-1', 'none', [fact()]))
    await expect.poll(() => double.conduct.calls('batchAppend')).toBe(1)
    await other.append('key-1', 'none', theirs)
    expect([await appending, ids(await log.read('key-1'))]).toEqual([0, ids(theirs)])
  })

  test('cannot be found out about rejects as unreachable in time; appended again, it is', async () => {
    const { log, double } = await opened()
    const facts = [fact(), fact()]
    for (const deed of ['lose', 'stall'] as const) {
      const stream = `key-${deed}`
      let first = true
      double.conduct.by(({ method }) => {
        const now = method === 'batchAppend' && first ? deed : 'stall'
        first &&= method !== 'batchAppend'
        return now
      })
      const began = performance.now()
      expect(await outcome(log.append(stream, 'none', facts))).toBe('LedgerUnreachable')
      expect(performance.now() - began).toBeLessThan(8 * patience)
      double.conduct.well()
      await log.append(stream, 'none', facts)
      expect(ids(await log.read(stream))).toEqual(ids(facts))
    }
  })

  test('is given up by the server is tried again at once', async () => {
    const { log, double } = await opened({ patience: 60_000 })
    double.conduct.by(({ method, number }) => (method === 'batchAppend' && number === 1 ? 'expire' : 'serve'))
    await log.append('key-1', 'none', [fact()])
    expect(double.conduct.calls('batchAppend')).toBe(2)
  })

  test('is denied is rejected at once', async () => {
    const { log, double } = await opened()
    double.conduct.by(() => 'deny')
    await expect(log.append('key-1', 'any', [fact()])).rejects.toThrow(LedgerUnreachable)
    expect(double.conduct.calls('batchAppend')).toBe(1)
  })

  test('expects nothing, and meets a stream that was closed, is refused as erased', async () => {
    const { log, other } = await opened()
    await log.append('key-1', 'any', [fact()])
    await other.erase('key-1')
    expect(await outcome(log.append('key-1', 'any', [fact()]))).toBe('erased')
  })
})

describe('the connection', () => {
  test('may break, be refused or swallow everything while appends are under way: each stands there once', async () => {
    const { log, wire } = await opened()
    const facts = Array.from({ length: 60 }, () => fact())
    const appends: Promise<unknown>[] = []
    for (const [index, one] of facts.entries()) {
      appends.push(log.append(`key-${index % 3}`, 'any', [one]))
      if (index % 20 === 5) wire.drop()
      if (index % 20 === 10) wire.cut()
      if (index % 20 === 15) wire.hang()
      if (index % 20 === 13 || index % 20 === 19) wire.mend()
      await sleep(5)
    }
    await Promise.all(appends)
    const read = await log.all({ after: 0, categories: ['key'], limit: 1000 })
    expect(ids(read).toSorted()).toEqual(ids(facts).toSorted())
  })

  test('of one log that breaks rejects nothing of another in the same process', async () => {
    const { log, other, wire, double } = await opened()
    double.conduct.by(({ stream }) => (stream === 'key-2' ? { late: patience / 2 } : 'serve'))
    const undisturbed = other.append('key-2', 'none', [fact()])
    const disturbed = log.append('key-1', 'none', [fact()])
    wire.drop()
    await Promise.all([undisturbed, disturbed])
    expect(await log.streams('')).toEqual(['key-1', 'key-2'])
  })

  test('is found through discovery, too', async () => {
    const { double, log } = await opened()
    await log.append('key-1', 'any', [fact()])
    const { log: discovered } = await opened({ connection: `esdb+discover://127.0.0.1:${double.port}?tls=false` })
    expect(await discovered.read('key-1')).toHaveLength(1)
  })

  test('that is not there is told of when the log is opened', async () => {
    await expect(opened({ connection: 'esdb://127.0.0.1:1?tls=false' })).rejects.toThrow(LedgerUnreachable)
  })
})

describe('many facts', () => {
  test('appended together share few appends, each well below what the server takes', async () => {
    const { log, double } = await opened({ patience: 10_000 })
    const facts = Array.from({ length: 3000 }, (_, index) => fact({ index, padding: 'x'.repeat(700) }))
    await Promise.all(facts.map((one) => log.append('trail-1', 'any', [one])))
    expect(ids(await log.read('trail-1'))).toEqual(ids(facts))
    expect(double.conduct.calls('batchAppend')).toBeLessThan(20)
  })

  test('appended in one turn of the event loop leave as one', async () => {
    const { log, double } = await opened({ patience: 10_000 })
    await Promise.all(Array.from({ length: 50 }, () => log.append('trail-1', 'any', [fact()])))
    expect(double.conduct.calls('batchAppend')).toBe(1)
  })

  test('that are too many at once are refused, and disturb no others', async () => {
    const { log } = await opened({ patience: 10_000 })
    const large = () => fact('x'.repeat(600 * 1024))
    const outcomes = [[large()], [fact('x'.repeat(1024 * 1024))], [large(), large()], [fact()]].map((facts) =>
      outcome(log.append('trail-1', 'any', facts)),
    )
    expect(await Promise.all(outcomes)).toEqual(['appended', 'RangeError', 'RangeError', 'appended'])
  })

  test('that this server does not take are refused as too many, too', async () => {
    const { log } = await opened({ largest: 1000 })
    expect(await outcome(log.append('key-1', 'none', [fact('x'.repeat(1000))]))).toBe('RangeError')
  })

  test('with ids that the server would not give back as they are, are refused', async () => {
    const { log } = await opened()
    for (const id of ['a', crypto.randomUUID().toUpperCase()])
      expect(await outcome(log.append('key-1', 'none', [{ ...fact(), id }]))).toBe('TypeError')
  })
})

describe('whatever a server does to calls', () => {
  const deed = fc.oneof(
    { weight: 12, arbitrary: fc.constant<Deed>('serve') },
    { weight: 6, arbitrary: fc.constantFrom<Deed>('lose', 'stall', 'break', 'refuse', 'expire', 'twice') },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 300 }).map((late): Deed => ({ late })) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 300 }).map((delay): Deed => ({ delay })) },
  )
  const command = fc.record({
    from: fc.constantFrom('log', 'other'),
    stream: fc.constantFrom('key-1', 'key-2', 'trail-1'),
    count: fc.integer({ min: 1, max: 3 }),
    wait: fc.boolean(),
  })
  interface Command {
    readonly from: string
    readonly stream: string
    readonly count: number
    readonly wait: boolean
  }

  /** Appends where the stream stands, as a command does, or behind whatever there is, as the trail does. */
  const appending = async (log: EventLog, stream: string, facts: readonly Fact[]): Promise<string> => {
    if (stream.startsWith('trail-')) return String(await outcome(log.append(stream, 'any', facts)))
    const read = await log.read(stream).catch(() => undefined)
    if (!read) return 'never tried'
    return String(await outcome(log.append(stream, read.length === 0 ? 'none' : read.length - 1, facts)))
  }

  test(
    'no acknowledged fact is lost or doubled, and none that was refused is there',
    { timeout: 300_000 },
    async () => {
      const told = new Map<string, number>()
      const scenario = async (commands: Command[], deeds: Deed[]) => {
        const { double, log, other } = await opened({ patience: 150, staleness: 100 })
        const heard: string[] = []
        log.subscribe(['key', 'trail'], (events) => void heard.push(...ids(events)))
        let calls = 0
        double.conduct.by(() => deeds[calls++ % deeds.length]!)
        const outcomes: Promise<readonly [readonly Fact[], string]>[] = []
        for (const { from, stream, count, wait } of commands) {
          const facts = Array.from({ length: count }, () => fact())
          const over = appending(from === 'log' ? log : other, stream, facts)
          outcomes.push(over.then((what) => [facts, what] as const))
          if (wait) await over
        }
        const results = await Promise.all(outcomes)
        double.conduct.well()
        // What was delayed has come.
        await sleep(320)
        const all = ids(double.store.log.filter(({ stream }) => !stream.startsWith('$')))
        expect(new Set(all).size).toBe(all.length)
        for (const [facts, what] of results) {
          told.set(what, (told.get(what) ?? 0) + 1)
          const there = facts.filter(({ id }) => all.includes(id)).length
          const may = what === 'appended' ? [facts.length] : what === 'LedgerUnreachable' ? [0, facts.length] : [0]
          expect(may).toContain(there)
        }
        await log.fresh()
        expect(heard).toEqual(all)
      }
      const commands = fc.array(command, { minLength: 5, maxLength: 25 })
      const deeds = fc.array(deed, { minLength: 5, maxLength: 40 }).filter((some) => some.includes('serve'))
      await fc.assert(fc.asyncProperty(commands, deeds, scenario), { numRuns: 15, endOnFailure: true })
      // The faults were such that every outcome was seen.
      expect(told.get('appended')).toBeGreaterThan(20)
      expect([...told.keys()]).toContain('LedgerUnreachable')
    },
  )
})
