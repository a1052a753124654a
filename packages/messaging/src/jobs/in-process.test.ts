import { describe, expect, it } from 'vitest'
import { testClock } from '../clock.ts'
import { inProcessJobs } from './in-process.ts'
import type { Handlers, Job } from './index.ts'

const open = (handlers: Handlers, tries = 3) => {
  const clock = testClock(0)
  const faults: string[] = []
  const jobs = inProcessJobs({
    clock,
    handlers,
    tries,
    backoff: 100,
    onFault: (fault) => faults.push((fault as Error).message),
  })
  return { clock, jobs, faults }
}
const job = (id: string, at: number, name = 'note'): Job => ({ id, name, at, data: id })

const noting = () => {
  const done: string[] = []
  const handlers: Handlers = { note: ({ id }) => Promise.resolve(void done.push(id)) }
  return { done, handlers }
}

describe('jobs in this process', () => {
  it('run when they are due, the earliest first, whatever the order they came in', async () => {
    const { done, handlers } = noting()
    const { clock, jobs } = open(handlers)
    await using _ = jobs
    for (const [id, at] of [
      ['c', 30],
      ['a', 10],
      ['b', 20],
      ['z', 1000],
    ] as const)
      jobs.schedule(job(id, at))
    await clock.advance(15)
    expect(done).toEqual(['a'])
    await clock.advance(15)
    expect(done).toEqual(['a', 'b', 'c'])
  })

  it('run once for one id, however often it is scheduled while it waits', async () => {
    const { done, handlers } = noting()
    const { clock, jobs } = open(handlers)
    await using _ = jobs
    for (let i = 0; i < 3; i++) jobs.schedule(job('once', 10))
    await clock.advance(100)
    expect(done).toEqual(['once'])
  })

  it('are tried again, each time after twice the wait, and then succeed', async () => {
    const at: number[] = []
    const { clock, jobs, faults } = open({
      note: () => {
        at.push(clock.now())
        return at.length < 3 ? Promise.reject(new Error(`try ${at.length}`)) : Promise.resolve()
      },
    })
    await using _ = jobs
    jobs.schedule(job('stubborn', 10))
    await clock.advance(1000)
    expect({ at, faults, parked: jobs.parked() }).toEqual({
      at: [10, 110, 310],
      faults: ['try 1', 'try 2'],
      parked: [],
    })
  })

  it('are parked when they keep failing, visible, and run again when somebody retries them', async () => {
    let broken = true
    const { done, handlers } = noting()
    const { clock, jobs } = open({
      note: (each, signal) => (broken ? Promise.reject(new Error('broken')) : handlers['note']!(each, signal)),
    })
    await using _ = jobs
    jobs.schedule(job('parked', 10))
    await clock.advance(10_000)
    expect(jobs.parked().map(({ job: { id }, error }) => [id, (error as Error).message])).toEqual([
      ['parked', 'broken'],
    ])
    broken = false
    jobs.retry('parked')
    await jobs.settled()
    expect({ done, parked: jobs.parked() }).toEqual({ done: ['parked'], parked: [] })
  })

  it('without a handler are a fault, not a crash', async () => {
    const { clock, jobs, faults } = open({}, 1)
    await using _ = jobs
    jobs.schedule(job('lost', 0, 'nobody'))
    await clock.advance(1)
    expect(faults).toEqual(['no handler for jobs called nobody'])
  })

  it('under way are finished before closing is done; the others are left to be derived again', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const done: string[] = []
    const { clock, jobs } = open({ note: ({ id }) => promise.then(() => void done.push(id)) })
    jobs.schedule(job('under way', 0))
    jobs.schedule(job('later', 50))
    await clock.advance(1)
    const closed = jobs[Symbol.asyncDispose]()
    resolve()
    await closed
    await clock.advance(100)
    expect(done).toEqual(['under way'])
  })
})
