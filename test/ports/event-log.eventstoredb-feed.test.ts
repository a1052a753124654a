import { type EventLog, type Fact, LedgerUnreachable, type Recorded, eventStoreLog } from '@keyledger/ledger'
import { describe, expect, onTestFinished, test } from 'vitest'
import { eventStoreDouble } from '../support/eventstore-double/index.ts'
import { fact, ids, opened, patience } from '../support/eventstore-double/opened.ts'
import { store } from '../support/eventstore-double/store.ts'

const listening = (log: EventLog, ...categories: string[]) => {
  const heard: Recorded[] = []
  log.subscribe(categories, (events) => void heard.push(...events))
  return heard
}
const facts = (count: number): Fact[] => Array.from({ length: count }, () => fact())
/** So long that nothing is proven by itself while a test runs. */
const hours = 10_000_000

describe('what another process appends', () => {
  test('is heard at once, in order, each fact once', async () => {
    const { log, other } = await opened({ staleness: hours })
    const heard = listening(log, 'key', 'alias')
    for (let index = 0; index < 50; index++) await other.append(index % 2 ? 'key-1' : 'alias-1', 'any', facts(2))
    await other.append('trail-1', 'any', facts(5))
    await expect.poll(() => heard.length).toBe(100)
    expect(heard).toEqual(await log.all({ after: 0, categories: ['key', 'alias'], limit: 1000 }))
  })

  test('is heard also after the subscription was broken off, and what was appended meanwhile too', async () => {
    const { log, other, double } = await opened({ staleness: hours })
    const heard = listening(log, 'key')
    const appended = facts(40)
    for (const [index, one] of appended.entries()) {
      if (index % 10 === 5) double.subscriptions.cut()
      await other.append('key-1', 'any', [one])
    }
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(40)
    expect(ids(heard)).toEqual(ids(appended))
  })

  test('is heard once when the server tells everything twice', async () => {
    const { log, other, double } = await opened({ staleness: hours })
    double.conduct.by(({ method }) => (method === 'subscribe' ? 'twice' : 'serve'))
    const heard = listening(log, 'key')
    const appended = facts(20)
    for (const one of appended) await other.append('key-1', 'any', [one])
    await expect.poll(() => heard.length).toBe(20)
    expect(ids(heard)).toEqual(ids(appended))
  })

  test('is heard within the bound by whoever never asks, although the subscription brings nothing', async () => {
    const { log, other, double } = await opened({ staleness: 200 })
    const heard = listening(log, 'key')
    await log.fresh()
    double.subscriptions.mute(true)
    await other.append('key-1', 'any', facts(1))
    await expect.poll(() => heard.length).toBe(1)
  })

  test('is heard on after the server was started again', async () => {
    const kept = store()
    const first = await eventStoreDouble({ store: kept })
    const faults: unknown[] = []
    await using log = await eventStoreLog({
      connection: first.url,
      staleness: 200,
      patience,
      onFault: (fault) => faults.push(fault),
    })
    const heard = listening(log, 'key')
    await log.append('key-1', 'any', facts(1))
    await first[Symbol.asyncDispose]()
    await expect.poll(() => faults.length, { timeout: 10_000 }).toBe(1)
    await using second = await eventStoreDouble({ store: kept, port: first.port })
    await log.append('key-1', 'any', facts(1))
    expect([heard.length, second.store.log.length]).toEqual([2, 3])
    // It went away once, and is told of once.
    expect(faults.map((fault) => (fault as Error).name)).toEqual(['LedgerUnreachable'])
  })

  test('is heard also from where a scavenge has taken away what was heard last', async () => {
    const { log, other, double } = await opened({ staleness: hours })
    const heard = listening(log, 'key')
    await log.append('key-2', 'none', facts(1))
    double.subscriptions.mute(true)
    const appended = facts(2)
    await other.append('key-1', 'none', appended)
    await other.erase('key-2')
    double.store.scavenge()
    double.subscriptions.mute(false)
    double.subscriptions.cut()
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(3)
    expect(ids(heard.slice(1))).toEqual(ids(appended))
  })

  test('is heard by a listener that joins later, and those that were there lose nothing', async () => {
    const { log, other } = await opened({ staleness: hours })
    const key = listening(log, 'key')
    const appended: Promise<unknown>[] = []
    let alias: Recorded[] = []
    for (let index = 0; index < 60; index++) {
      if (index === 30) alias = listening(log, 'alias', 'key')
      appended.push(other.append(`${index % 2 ? 'key' : 'alias'}-${index}`, 'none', facts(1)))
      if (index % 7 === 0) await Promise.all(appended)
    }
    await Promise.all(appended)
    await expect.poll(() => key.length).toBe(30)
    await expect.poll(() => alias.length).toBeGreaterThanOrEqual(30)
    const all = await other.all({ after: 0, categories: ['key', 'alias'], limit: 100 })
    expect(ids(key)).toEqual(ids(all.filter(({ stream }) => stream.startsWith('key-'))))
    expect(ids(alias)).toEqual(ids(all.slice(-alias.length)))
  })
})

test('a listener that joins while another is being told misses nothing that follows', async () => {
  const { log, other, double } = await opened({ staleness: hours })
  const alias: Recorded[] = []
  log.subscribe(['key'], () => {
    if (alias.length === 0) log.subscribe(['alias'], (events) => void alias.push(...events))
  })
  await log.fresh()
  double.subscriptions.mute(true)
  const wanted = facts(1)
  await other.append('key-1', 'any', facts(1))
  await other.append('alias-1', 'any', wanted)
  await other.append('key-1', 'any', facts(1))
  double.subscriptions.mute(false)
  await expect.poll(() => ids(alias)).toEqual(ids(wanted))
})

describe('the bound', () => {
  test('holds to the millisecond: just before it nobody waits, from then on whoever asks waits for the proof', async () => {
    let time = 0
    const { log, other, double } = await opened({ staleness: hours, now: () => time })
    const heard = listening(log, 'key')
    await log.fresh()
    double.subscriptions.mute(true)
    await other.append('key-1', 'any', facts(1))
    time = hours - 1
    expect([log.fresh(), heard.length]).toEqual([undefined, 0])
    time = hours
    const waiting = [log.fresh(), log.fresh()]
    expect([waiting.every((one) => one instanceof Promise), heard.length]).toEqual([true, 0])
    const reads = double.conduct.calls('read')
    for (const one of waiting) await one
    // All who wait share one reading.
    expect([heard.length, log.fresh(), double.conduct.calls('read')]).toEqual([1, undefined, reads + 1])
  })

  test('is not stretched by a clock that is set back', async () => {
    let time = hours
    const { log } = await opened({ staleness: hours, now: () => time })
    listening(log, 'key')
    await log.fresh()
    time = 0
    const asked = log.fresh()
    expect(asked).toBeInstanceOf(Promise)
    await asked
    expect(log.fresh()).toBe(undefined)
  })

  test('a reading that began before it proves nothing to who asks after it', async () => {
    let time = 0
    const { log, other, double } = await opened({ staleness: hours, now: () => time })
    const heard = listening(log, 'key')
    await log.fresh()
    double.subscriptions.mute(true)
    // What is read is what there was when it was asked for, and takes its time to come.
    double.conduct.by(({ method, position }) => (method === 'read' && position > 0 ? { late: 200 } : 'serve'))
    time = hours
    const reads = double.conduct.calls('read')
    const early = log.fresh()
    await expect.poll(() => double.conduct.calls('read')).toBe(reads + 1)
    await other.append('key-1', 'any', facts(1))
    time = 3 * hours
    const late = log.fresh()
    await early
    const before = heard.length
    await late
    expect([before, heard.length]).toEqual([0, 1])
  })

  test.each(['cut', 'hang'] as const)(
    'cannot be held when the connection is %s: nobody is told that all is well',
    async (what) => {
      const { log, wire } = await opened({ staleness: 100 })
      const heard = listening(log, 'key')
      await log.fresh()
      wire[what]()
      await new Promise((resolve) => setTimeout(resolve, 100))
      const began = performance.now()
      await expect(log.fresh()).rejects.toThrow(LedgerUnreachable)
      expect(performance.now() - began).toBeLessThan(4 * patience)
      wire.mend()
      await expect
        .poll(() => Promise.resolve(log.fresh()).then(() => 'fresh', String), { timeout: 30_000 })
        .toBe('fresh')
      await log.append('key-1', 'any', facts(1))
      expect(heard).toHaveLength(1)
    },
  )

  test('cannot be held by a ledger that was replaced by an older one', async () => {
    const first = await eventStoreDouble()
    await using log = await eventStoreLog({ connection: first.url, staleness: 0, patience, onFault: () => undefined })
    listening(log, 'key')
    await log.append('key-1', 'any', facts(1))
    await first[Symbol.asyncDispose]()
    await using _ = await eventStoreDouble({ port: first.port })
    await expect
      .poll(
        () =>
          Promise.resolve(log.fresh()).then(
            () => 'fresh',
            (error: Error) => error.message,
          ),
        { timeout: 10_000 },
      )
      .toContain('replaced by an older one')
  })

  test('asks for no more than is new, however much there is that nobody listens to', async () => {
    let [time, wait] = [0, 0]
    const { log, other, double } = await opened({ staleness: hours, now: () => time })
    listening(log, 'key')
    await log.fresh()
    let positions: number[] = []
    double.conduct.by(({ method, position }) => {
      if (method === 'read') positions.push(position)
      return 'serve'
    })
    // The subscription tells how far it has looked, in steps of 128: the reading begins there, not where the last one ended.
    await expect
      .poll(
        async () => {
          await other.append('trail-1', 'any', facts(500))
          const near = double.store.log.at(-200)!.position
          // The more often it is tried, the longer the subscription is given.
          await new Promise((resolve) => setTimeout(resolve, (wait += 20)))
          positions = []
          time += hours
          await log.fresh()
          return positions.length === 1 && positions[0]! > near
        },
        { timeout: 10_000 },
      )
      .toBe(true)
  })
})

describe('an append', () => {
  test('is answered when its listeners have heard of it, although the subscription brings nothing', async () => {
    const { log, double } = await opened({ staleness: hours })
    const heard = listening(log, 'key')
    await log.fresh()
    double.subscriptions.mute(true)
    const appended = facts(2)
    for (const one of appended) await log.append('key-1', 'any', [one])
    expect(ids(heard)).toEqual(ids(appended))
  })

  test('stands, and is answered, also when its listeners cannot be told', async () => {
    const { log, double } = await opened({ staleness: hours })
    const heard = listening(log, 'key')
    await log.fresh()
    double.conduct.by(({ method }) => (method === 'batchAppend' ? 'serve' : 'stall'))
    double.subscriptions.mute(true)
    const { revision } = await log.append('key-1', 'none', facts(1))
    expect([revision, heard.length]).toEqual([0, 0])
    double.conduct.well()
    double.subscriptions.mute(false)
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(1)
  })
})

describe('what nobody listens to', () => {
  test('costs no subscription, and no reading', async () => {
    const { log, double } = await opened({ staleness: 40 })
    const reads = double.conduct.calls('read')
    await log.append('trail-1', 'any', facts(1))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect([log.fresh(), double.conduct.calls('subscribe'), double.conduct.calls('read') - reads]).toEqual([
      undefined,
      0,
      0,
    ])
    const feed = log.subscribe(['key'], () => undefined)
    await expect.poll(() => double.subscriptions.subscriptions()).toBe(1)
    feed[Symbol.dispose]()
    await expect.poll(() => double.subscriptions.subscriptions()).toBe(0)
  })
})

test('a stream that was erased is gone for good with the next scavenge, and positions in it still serve', async () => {
  const { log, double } = await opened()
  const [first, erased, last] = [facts(1), [fact({ secret: 'to be forgotten' })], facts(1)] as const
  await log.append('key-1', 'none', first)
  const { position } = await log.append('key-2', 'none', erased)
  await log.append('key-3', 'none', last)
  await log.erase('key-2')
  const all = async (after: number) => ids(await log.all({ after, categories: ['key'], limit: 10 }))
  const before = [await all(0), await all(position)]
  double.store.scavenge()
  expect([...before, await all(0), await all(position)]).toEqual([
    ids([...first, ...erased, ...last]),
    ids(last),
    ids([...first, ...last]),
    ids(last),
  ])
  expect(Buffer.concat(double.store.log.map(({ data }) => Buffer.from(data))).includes('forgotten')).toBe(false)
})

test('a log that was closed neither reads nor writes, and leaves nothing open', async () => {
  const double = await eventStoreDouble()
  onTestFinished(async () => double[Symbol.asyncDispose]())
  const log = await eventStoreLog({ connection: double.url, staleness: 100, patience, onFault: () => undefined })
  listening(log, 'key')
  const last = log.append('key-1', 'none', facts(1))
  await log[Symbol.asyncDispose]()
  expect((await last).revision).toBe(0)
  await expect(log.append('key-1', 'any', facts(1))).rejects.toThrow(LedgerUnreachable)
  await expect(log.read('key-1')).rejects.toThrow(LedgerUnreachable)
  await expect.poll(() => double.subscriptions.subscriptions()).toBe(0)
})
