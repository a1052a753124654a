import { describe, expect, it } from 'vitest'
import { testClock } from '../clock.ts'
import { inProcessJobs } from './in-process.ts'
import { type Handlers, type Job, Later } from './index.ts'

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
const job = (id: string, name = 'note'): Job => ({ id, name, at: 0, data: id })

/** What the port's own suite (test/ports) cannot see: this adapter's clock, memory and manners. */
describe('jobs in this process', () => {
  it('are tried again, each time after twice the wait, and then succeed', async () => {
    const at: number[] = []
    const { clock, jobs, faults } = open({
      note: () => {
        at.push(clock.now())
        return at.length < 3 ? Promise.reject(new Error(`try ${at.length}`)) : Promise.resolve()
      },
    })
    await using _ = jobs
    await jobs.schedule([job('stubborn')])
    await clock.advance(1000)
    expect({ at, faults, parked: await jobs.parked() }).toEqual({
      at: [0, 100, 300],
      faults: ['try 1', 'try 2'],
      parked: [],
    })
  })

  it('that are put off come back after twice the wait, a minute at most, and are never parked', async () => {
    const at: number[] = []
    const { clock, jobs, faults } = open({
      note: () => {
        at.push(clock.now() / 1000)
        return at.length < 10 ? Promise.reject(new Later('cut off')) : Promise.resolve()
      },
    })
    await using _ = jobs
    await jobs.schedule([job('patient')])
    await clock.advance(300_000)
    expect({ at, faults, counts: await jobs.counts() }).toEqual({
      at: [0, 1, 3, 7, 15, 31, 63, 123, 183, 243],
      faults: [],
      counts: { waiting: 0, running: 0, delayed: 0, parked: 0 },
    })
  })

  it('leave the event loop its turns, however many there are', async () => {
    let turns = 0
    let count = 0
    const { jobs } = open({ note: () => Promise.resolve(void count++) })
    await using _ = jobs
    const turning = setInterval(() => turns++, 0)
    await jobs.schedule(Array.from({ length: 5000 }, (_, index) => job(`${index}`)))
    await jobs.settled()
    clearInterval(turning)
    expect(count).toBe(5000)
    expect(turns).toBeGreaterThan(5)
  })

  it('are not taken by one that is closed', async () => {
    const { jobs } = open({})
    await jobs[Symbol.asyncDispose]()
    await expect(jobs.schedule([job('late')])).rejects.toThrow('no jobs are taken any more')
    expect(jobs.ready()).toBe(false)
  })
})
