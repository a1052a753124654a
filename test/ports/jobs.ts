/* oxlint-disable vitest/valid-title -- each adapter gives the suite its name */
import type { Handlers, Job, Jobs, Receipts } from '@keyledger/messaging'
import { Later } from '@keyledger/messaging'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../support/redis.ts'

export interface Opening {
  readonly handlers: Handlers
  readonly concurrency: number
  readonly tries: number
  /** Milliseconds, of the system's time. */
  readonly backoff: number
  readonly onFault: (fault: unknown, job?: Job) => void
}

/** Where jobs are kept: empty for every test. */
export interface JobsPlace extends AsyncDisposable {
  open(options: Opening): Promise<Jobs>
}

export const jobOf = (id: string, more: Partial<Job> = {}): Job => ({
  id,
  name: 'note',
  at: 0,
  data: { of: id },
  ...more,
})
const idsOf = (jobs: readonly { readonly id: string }[]) => jobs.map(({ id }) => id)

/** Between processes that believe each other. */
export const trusting: Receipts = { of: (id) => `done: ${id}`, good: (id, receipt) => receipt === `done: ${id}` }

/** Handlers that remember what they did, and can be held up or told to fail. */
export const noting = () => {
  const began: Job[] = []
  const done: string[] = []
  let open = Promise.withResolvers<void>()
  open.resolve()
  const failing = new Map<string, Error>()
  const handlers: Handlers = {
    note: async (job) => {
      began.push(job)
      await open.promise
      const error = failing.get(job.id)
      if (error) throw error
      done.push(job.id)
    },
  }
  return {
    handlers,
    began,
    done,
    failing,
    /** Nothing that runs ends until the gate is opened. */
    shut: () => void (open = Promise.withResolvers<void>()),
    release: () => open.resolve(),
  }
}

/** The contract of the port Jobs. */
export const jobsContract = (name: string, place: () => Promise<JobsPlace>): void => {
  describe(name, () => {
    let at: JobsPlace
    let note: ReturnType<typeof noting>
    let faults: string[]
    const opened: Jobs[] = []
    beforeEach(async () => {
      at = await place()
      note = noting()
      faults = []
    })
    afterEach(async () => {
      note.release()
      for (const jobs of opened.splice(0)) await jobs[Symbol.asyncDispose]()
      await at[Symbol.asyncDispose]()
    })
    const open = async (options: Partial<Opening> = {}): Promise<Jobs> => {
      const onFault = (fault: unknown, job?: Job) => void faults.push(`${job?.id}: ${(fault as Error).message}`)
      const given = { handlers: note.handlers, concurrency: 4, tries: 3, backoff: 5, onFault, ...options }
      const jobs = await at.open(given)
      opened.push(jobs)
      return jobs
    }

    it('does what is scheduled, and hands the handler the job as it was', async () => {
      const jobs = await open()
      const given = jobOf('a:b 100% c', { at: 123, group: 'key-1', data: { deep: [null, 'ü\u2028'] } })
      expect(await jobs.schedule([given, jobOf('7')])).toEqual([])
      await jobs.settled()
      expect(note.began).toEqual([given, jobOf('7')])
    })

    it('begins jobs in the order they were scheduled in', async () => {
      const jobs = await open({ concurrency: 1 })
      const ids = Array.from({ length: 50 }, (_, index) => `job ${index}`)
      await jobs.schedule(ids.slice(0, 30).map((id) => jobOf(id)))
      await jobs.schedule(ids.slice(30).map((id) => jobOf(id)))
      await jobs.settled()
      expect(note.done).toEqual(ids)
    })

    it('does not add an id that waits or runs, however often it is scheduled', async () => {
      const jobs = await open({ concurrency: 1 })
      note.shut()
      await jobs.schedule([jobOf('a'), jobOf('b')])
      await until('a runs', () => note.began.length === 1)
      for (let count = 0; count < 3; count++) await jobs.schedule([jobOf('a'), jobOf('b')])
      note.release()
      await jobs.settled()
      expect(note.done).toEqual(['a', 'b'])
    })

    it('runs as many at a time as it may, but never two of one group', async () => {
      const jobs = await open()
      note.shut()
      await jobs.schedule([
        jobOf('k1', { group: 'k' }),
        jobOf('k2', { group: 'k' }),
        jobOf('l1', { group: 'l' }),
        jobOf('none 1'),
      ])
      await until('three run', () => note.began.length === 3)
      expect(idsOf(note.began)).toEqual(['k1', 'l1', 'none 1'])
      note.release()
      await jobs.settled()
      expect(idsOf(note.began)).toEqual(['k1', 'l1', 'none 1', 'k2'])
    })

    it('counts what waits and runs', async () => {
      const jobs = await open({ concurrency: 2 })
      note.shut()
      await jobs.schedule(['a', 'b', 'c', 'd', 'e'].map((id) => jobOf(id)))
      await until('two run', () => note.began.length === 2)
      expect(await jobs.counts()).toEqual({ waiting: 3, running: 2, delayed: 0, parked: 0 })
      note.release()
      await jobs.settled()
      expect(await jobs.counts()).toEqual({ waiting: 0, running: 0, delayed: 0, parked: 0 })
    })

    it('tries again what fails, and tells of each failure', async () => {
      let left = 2
      const jobs = await open({
        handlers: {
          note: (job, signal) =>
            left-- > 0 ? Promise.reject(new Error('not yet')) : note.handlers['note']!(job, signal),
        },
      })
      await jobs.schedule([jobOf('a')])
      await until('it succeeds', () => note.done.length === 1)
      await jobs.settled()
      expect({ done: note.done, faults, parked: await jobs.parked() }).toEqual({
        done: ['a'],
        faults: ['a: not yet', 'a: not yet'],
        parked: [],
      })
    })

    it('does not wait for what waits to be tried again', async () => {
      note.failing.set('a', new Error('broken'))
      const jobs = await open({ backoff: 3_600_000 })
      await jobs.schedule([jobOf('a'), jobOf('b')])
      await jobs.settled()
      expect({ done: note.done, counts: await jobs.counts() }).toEqual({
        done: ['b'],
        counts: { waiting: 0, running: 0, delayed: 1, parked: 0 },
      })
    })

    it('parks what keeps failing: visible, not run again by scheduling, but by a retry, with all its tries', async () => {
      note.failing.set('a', new Error('broken'))
      const jobs = await open()
      await jobs.schedule([jobOf('a', { group: 'k' }), jobOf('b', { group: 'k' })])
      await until('a is parked', async () => (await jobs.parked()).length === 1)
      await jobs.schedule([jobOf('a', { group: 'k' })])
      await jobs.settled()
      expect({
        began: idsOf(note.began).filter((id) => id === 'a').length,
        done: note.done,
        parked: await jobs.parked(),
        counts: await jobs.counts(),
      }).toEqual({
        began: 3,
        done: ['b'],
        parked: [{ job: jobOf('a', { group: 'k' }), error: 'broken' }],
        counts: { waiting: 0, running: 0, delayed: 0, parked: 1 },
      })

      expect([await jobs.retry('nobody'), await jobs.retry('b'), await jobs.retry('a')]).toEqual([false, false, true])
      await until('it was tried three times again', () => faults.length === 6)
      await until('a is parked again', async () => (await jobs.parked()).length === 1)
      note.failing.clear()
      expect(await jobs.retry('a')).toBe(true)
      await jobs.settled()
      expect({ done: note.done, parked: await jobs.parked(), again: await jobs.retry('a') }).toEqual({
        done: ['b', 'a'],
        parked: [],
        again: false,
      })
    })

    it('comes back to what is put off, as often as it takes: no failure, never parked', async () => {
      let left = 10
      const jobs = await open({
        handlers: {
          note: (job, signal) =>
            left-- > 0 ? Promise.reject(new Later('cut off', { pause: 0 })) : note.handlers['note']!(job, signal),
        },
      })
      await jobs.schedule([jobOf('a')])
      await until('it is done', () => note.done.length === 1)
      await jobs.settled()
      expect({ done: note.done, faults, parked: await jobs.parked() }).toEqual({ done: ['a'], faults: [], parked: [] })
    })

    it('parks in the end what nobody knows how to do', async () => {
      const jobs = await open()
      await jobs.schedule([jobOf('a', { name: 'toString' }), jobOf('b')])
      await until('it is parked', async () => (await jobs.parked()).length === 1)
      expect({ parked: await jobs.parked(), done: note.done }).toEqual({
        parked: [{ job: jobOf('a', { name: 'toString' }), error: 'no handler for jobs called toString' }],
        done: ['b'],
      })
    })

    it('finishes what is under way before it is closed, tells it so, and begins nothing more', async () => {
      let told: AbortSignal | undefined
      const jobs = await open({
        concurrency: 1,
        handlers: {
          note: (job, signal) => {
            told = signal
            return note.handlers['note']!(job, signal)
          },
        },
      })
      note.shut()
      await jobs.schedule([jobOf('under way'), jobOf('later')])
      await until('one runs', () => note.began.length === 1)
      const closed = jobs[Symbol.asyncDispose]()
      await until('it is told', () => told!.aborted)
      note.release()
      await closed
      expect({ done: note.done, ready: jobs.ready() }).toEqual({ done: ['under way'], ready: false })
      await expect(jobs.schedule([jobOf('too late')])).rejects.toThrow('')
    })
  })
}
