import { DatabaseSync } from 'node:sqlite'
import { type Job, type Jobs, testClock } from '@keyledger/messaging'
import { afterEach, describe, expect, it } from 'vitest'
import { type Due, dueRows, dueWork, idOf } from './due-work.ts'
import { type Period, type Scheduler, scheduler } from './scheduler.ts'

const minute = 60_000
const start = Date.parse('2026-06-01T12:00:00Z')

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]()
})

/** A queue that keeps what it is given until the test says that it is done, lost or away. */
const queue = () => {
  const given: string[][] = []
  const held = new Map<string, Job>()
  const done = new Set<string>()
  const listeners = new Set<() => void>()
  const state = { away: false, before: () => Promise.resolve() }
  const jobs: Pick<Jobs, 'schedule' | 'settled' | 'onLost'> = {
    schedule: async (jobs) => {
      if (state.away) throw new Error('the queue is away')
      await state.before()
      const fresh = jobs.filter(({ id }) => !held.has(id) && !done.has(id))
      if (jobs.length > 0) given.push(jobs.map(({ id }) => id))
      for (const job of fresh) held.set(job.id, job)
      return jobs.filter(({ id }) => done.has(id)).map(({ id }) => id)
    },
    settled: () => Promise.resolve(),
    onLost: (listener) => {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
  }
  const lose = () => {
    held.clear()
    for (const listener of listeners) listener()
  }
  return { jobs, given, held, done, state, lose }
}

const opened = (periods: readonly Period[] = [], shared = queue()) => {
  const clock = testClock(start)
  const db = new DatabaseSync(':memory:')
  let due: Scheduler | undefined
  const model = dueWork((at) => due?.added(at))
  db.exec(model.schema)
  const apply = model.apply(db)
  const rows = dueRows(db)
  const faults: string[] = []
  due = scheduler({
    rows,
    jobs: shared.jobs,
    periods,
    clock,
    onFault: (fault) => faults.push((fault as Error).message),
  })
  open.push(due)
  let revision = 0
  /** An event that asks for the key's deletion so many milliseconds after the start. */
  const ask = (after: number, stream = 'key-a'): Due => {
    const at = start + after
    revision++
    const row = { at, job: 'DeleteKey', stream, revision, position: revision, detail: '' } as const
    const time = new Date(clock.now()).toISOString()
    const places = { stream, revision, position: revision }
    apply['KeyDeletionScheduled']!({
      id: 'id',
      type: 'KeyDeletionScheduled',
      version: 1,
      time,
      data: { deletionDate: at },
      ...places,
    })
    return row
  }
  const left = () =>
    db
      .prepare('SELECT revision FROM due ORDER BY revision')
      .all()
      .map((row) => row['revision'])
  return { ...shared, clock, rows, due, ask, left, faults }
}

describe('the scheduler', () => {
  it('hands over each row when it falls due, the earliest first, whatever the order they came in', async () => {
    const { clock, given, ask } = opened()
    const [c, a, z, b] = [30, 10, 1000, 20].map((at) => ask(at))
    await clock.advance(15)
    expect(given).toEqual([[idOf(a!)]])
    await clock.advance(15)
    expect(given).toEqual([a, b, c].map((row) => [idOf(row!)]))
    await clock.advance(5000)
    expect(given.at(-1)).toEqual([idOf(z!)])
  })

  it('hands over what was due long ago at once, a page at a time', async () => {
    const { due, given, ask } = opened()
    for (let count = 0; count < 2500; count++) ask(-count)
    await due.settled()
    expect(given.map(({ length }) => length)).toEqual([1000, 1000, 500])
    expect(given[0]![0]).toBe(idOf({ job: 'DeleteKey', stream: 'key-a', revision: 2500, detail: '' }))
  })

  it('gives the job its key as its group, and nothing but names to carry', async () => {
    const { due, held, ask } = opened()
    const row = ask(0, 'key-us-east-1.111122223333.k')
    await due.settled()
    expect([...held.values()]).toEqual([
      { id: `DeleteKey ${row.stream} 1`, name: 'DeleteKey', at: start, group: row.stream, data: row },
    ])
  })

  it('hands over again what has not come to an end within a minute, and forgets what others have done', async () => {
    const { clock, due, given, done, ask, left } = opened()
    const [a, b] = [ask(0), ask(0)]
    await due.settled()
    done.add(idOf(a))
    expect(left()).toEqual([1, 2])
    await clock.advance(minute)
    expect({ given, left: left() }).toEqual({
      given: [
        [idOf(a), idOf(b)],
        [idOf(a), idOf(b)],
      ],
      left: [2],
    })
  })

  it('derives everything again when it may be lost, also when that happens while it hands over', async () => {
    const { due, given, held, state, lose, ask } = opened()
    const [a, b] = [ask(0), ask(0)]
    await due.settled()
    lose()
    await due.settled()
    expect([...held.keys()]).toEqual([idOf(a), idOf(b)])
    const c = ask(0)
    state.before = () => {
      state.before = () => Promise.resolve()
      lose()
      return Promise.resolve()
    }
    await due.settled()
    expect([...held.keys()].toSorted()).toEqual([idOf(a), idOf(b), idOf(c)])
    expect(given.at(-1)).toEqual([idOf(a), idOf(b), idOf(c)])
  })

  it('goes on trying while the queue is away, tells of it once, and loses nothing', async () => {
    const { clock, due, given, state, faults, ask } = opened()
    state.away = true
    const a = ask(0)
    await expect(due.settled()).rejects.toThrow('the queue is away')
    await clock.advance(10 * minute)
    expect({ given, faults }).toEqual({ given: [], faults: ['the queue is away'] })
    state.away = false
    await clock.advance(minute)
    expect(given).toEqual([[idOf(a)]])
  })

  it('has what comes every so often done once in each period, by whichever process comes first', async () => {
    const period = { name: 'Sweep', first: minute, every: 60 * minute }
    const shared = queue()
    const first = opened([period], shared)
    const second = opened([period], shared)
    await first.clock.advance(30 * minute)
    await second.clock.advance(40 * minute)
    await first.clock.advance(90 * minute)
    expect(shared.given.flat()).toEqual([0, 0, 1].map((hour) => `Sweep ${start / (60 * minute) + hour}`))
    expect([...shared.held.values()].map(({ name, group, data }) => ({ name, group, data }))).toEqual(
      Array.from({ length: 2 }, () => ({ name: 'Sweep', group: 'Sweep', data: null })),
    )
  })
})
