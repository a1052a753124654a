/* oxlint-disable vitest/expect-expect -- what is expected is said once, for every way to keep jobs */
import type { Recorded } from '@keyledger/ledger'
import { type Jobs, redisJobs } from '@keyledger/messaging'
import { expect, test } from 'vitest'
import { ownRedis, withRedis } from '../support/redis.ts'
import { type WorkerGround, day, everything, start, streamOf, workerGround } from '../support/worker-ground.ts'

/** A year in a minute: whoever has ten thousand keys finds each of them rotated on its days, and no other. */
const count = 10_000
/** From 90 days to 365, all about equally often. */
const periodOf = (index: number) => 90 + (index % 276)

/** On which days, counted from the start, each key rotated: in the ledger's own order. */
const rotationDays = (events: readonly Recorded[]): ReadonlyMap<string, readonly number[]> => {
  const days = new Map<string, number[]>()
  for (const { stream, type, data } of events) {
    if (type !== 'KeyMaterialRotated') continue
    const known = days.get(stream) ?? []
    days.set(stream, known)
    known.push(((data as { date: number }).date - start) / day)
  }
  return days
}

const year = async (name: string, open: (on: WorkerGround) => ReturnType<WorkerGround['open']>): Promise<void> => {
  await using on = await workerGround({ count, periodOf })
  const { clock, log } = on
  const folding = performance.now()
  const work = await open(on)
  const folded = performance.now() - folding

  const began = performance.now()
  for (let today = 1; today <= 365; today++) {
    await clock.advance(day)
    await work.settled()
  }
  const passed = performance.now() - began
  const events = await everything(log, 'key')
  const expected = new Map(
    Array.from({ length: count }, (_, index) => {
      const period = periodOf(index)
      const days = Array.from({ length: Math.floor(365 / period) }, (_, time) => (time + 1) * period)
      return [streamOf(index), days]
    }),
  )
  expect(rotationDays(events)).toEqual(expected)
  const dates = events.flatMap(({ type, data }) =>
    type === 'KeyMaterialRotated' ? (data as { date: number }).date : [],
  )
  expect(dates).toEqual(dates.toSorted((a, b) => a - b))

  // And now nobody is there for a year: every key is overdue, some several times over, and rotates once.
  await work[Symbol.asyncDispose]()
  await clock.advance(366 * day)
  const resting = performance.now()
  const before = process.cpuUsage()
  const late = await open(on)
  await late.settled()
  const caughtUp = performance.now() - resting
  const { user, system } = process.cpuUsage(before)
  const after = rotationDays(await everything(log, 'key'))
  expect(new Set([...after].map(([stream, days]) => days.length - expected.get(stream)!.length))).toEqual(new Set([1]))
  expect(new Set([...after.values()].map((days) => days.at(-1)))).toEqual(new Set([731]))

  const rotations = dates.length + count
  expect(await on.made()).toBe(count + rotations)
  expect(await everything(log, 'trail')).toHaveLength(rotations)
  expect([on.faults, await late.counts()]).toEqual([[], { waiting: 0, running: 0, delayed: 0, parked: 0, due: 0 }])
  await late[Symbol.asyncDispose]()

  const cost = await costOfScheduling(on, rotations)
  const rate = (jobs: number, time: number) =>
    `${jobs} jobs in ${(time / 1000).toFixed(1)} s, ${Math.round((jobs / time) * 1000)}/s`
  console.log(
    `a year with ${name}: ${rate(dates.length, passed)}; all keys overdue at once: ${rate(count, caughtUp)}, ${((user + system) / count / 1000).toFixed(2)} ms of CPU a job; ` +
      `opening: ${((folded / count) * 1000).toFixed(0)} us a key; ${cost}`,
  )
}

/** What the scheduler itself costs: folding a row, and handing it over and forgetting it, with jobs that cost nothing. */
const costOfScheduling = async (on: WorkerGround, rotations: number): Promise<string> => {
  const free: Jobs = {
    schedule: (jobs) => Promise.resolve(jobs.map(({ id }) => id)),
    parked: () => Promise.resolve([]),
    retry: () => Promise.resolve(false),
    counts: () => Promise.resolve({ waiting: 0, running: 0, delayed: 0, parked: 0 }),
    ready: () => true,
    settled: () => Promise.resolve(),
    onLost: () => ({ [Symbol.dispose]: () => undefined }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  const folding = performance.now()
  await using work = await on.open({ jobs: () => Promise.resolve(free) })
  const handing = performance.now()
  await work.settled()
  const done = performance.now()
  const each = (time: number, of: number) => `${((time / of) * 1000).toFixed(0)} us`
  // Each rotation and each enabling of the rotation asked for one; those of the last year lie ahead.
  return `the scheduler alone: ${each(handing - folding, rotations + count)} to fold an event, ${each(done - handing, rotations)} a job`
}

test(`${count} keys and no Redis: every rotation that fell due happened once, on its day, in order`, () =>
  year('jobs in the process', (on) => on.open()))

const withJobsOnRedis = () => {
  test(`${count} keys and Redis: every rotation that fell due happened once, on its day, in order`, async () => {
    await using redis = await ownRedis()
    await year('jobs on Redis', (on) =>
      on.open({ jobs: (given) => redisJobs({ ...given, url: redis.url, queue: 'us-east-1' }) }),
    )
  })
}
withRedis('a year on BullMQ', withJobsOnRedis, { own: true })
