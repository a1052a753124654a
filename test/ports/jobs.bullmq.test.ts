import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Job, type Jobs, Later, type RedisJobs, redisJobs } from '@keyledger/messaging'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type OwnRedis, type TestRedis, anyRedis, ownRedis, until, withRedis } from '../support/redis.ts'
import { jobOf, jobsContract, noting, trusting } from './jobs.ts'

withRedis('a Redis', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await anyRedis()
  })
  afterAll(async () => {
    await redis.flush()
    await redis[Symbol.asyncDispose]()
  })

  jobsContract('jobs on BullMQ', () => {
    const queue = randomUUID()
    return Promise.resolve({
      open: (options) => redisJobs({ ...options, url: redis.url, queue, receipts: trusting }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    })
  })
})

/** Whatever becomes of Redis: every job ran, those that gave up are seen, and nobody had to help. */
const faultsOfRedis = () => {
  let redis: OwnRedis
  let faults: string[]
  const opened: Jobs[] = []
  beforeEach(async () => {
    redis = await ownRedis()
    faults = []
  })
  afterEach(async () => {
    for (const jobs of opened.splice(0)) await jobs[Symbol.asyncDispose]()
    await redis[Symbol.asyncDispose]()
  })

  const open = async (options: Partial<RedisJobs> & Pick<RedisJobs, 'handlers'>, url = redis.url) => {
    const onFault = (fault: unknown, job?: Job) =>
      void faults.push(`${job?.id ?? (fault as Error).name}: ${(fault as Error).message}`)
    const settings = { receipts: trusting, concurrency: 8, tries: 3, backoff: 10, lock: 500, watch: 50 }
    const jobs = await redisJobs({ url, queue: 'the region', onFault, ...settings, ...options })
    opened.push(jobs)
    return jobs
  }

  /** Somebody who keeps what is due elsewhere, as the workers do: hands it over again whenever it may be lost. */
  const derive = (jobs: Jobs, due: Set<string>) => {
    const handOver = async () => {
      const done = await jobs.schedule([...due].map((id) => jobOf(id)))
      for (const id of done) due.delete(id)
    }
    const lost = { count: 0 }
    jobs.onLost(() => {
      lost.count++
      handOver().catch(() => undefined)
    })
    return { lost, handOver }
  }
  const many = (count: number) => Array.from({ length: count }, (_, index) => `job ${index}`)

  describe('somebody else who can write to Redis', () => {
    it('is not believed that a job is done: it is scheduled anew', async () => {
      const liar = await open({ handlers: { note: async () => {} }, receipts: { of: () => 'done', good: () => true } })
      const jobs = many(20).map((id) => jobOf(id))
      await liar.schedule(jobs)
      await liar.settled()
      await liar[Symbol.asyncDispose]()
      const { handlers, done } = noting()
      const honest = await open({ handlers })
      expect(await honest.schedule(jobs)).toEqual([])
      await honest.settled()
      expect(done.toSorted()).toEqual(many(20).toSorted())
      expect(await honest.schedule(jobs)).toHaveLength(20)
    })
  })

  describe('two processes on one queue', () => {
    it('share the work, each job done once, and each hears what the other did', async () => {
      const [a, b] = [noting(), noting()]
      const first = await open({ handlers: a.handlers })
      const second = await open({ handlers: b.handlers })
      const jobs = many(1000).map((id) => jobOf(id))
      await Promise.all([first.schedule(jobs), second.schedule(jobs)])
      await first.settled()
      expect([...a.done, ...b.done].toSorted()).toEqual(many(1000).toSorted())
      expect(Math.min(a.done.length, b.done.length)).toBeGreaterThan(0)
      const known = await Promise.all([first.schedule(jobs), second.schedule(jobs)])
      expect(known.map(({ length }) => length)).toEqual([1000, 1000])
      expect(await second.counts()).toEqual({ waiting: 0, running: 0, delayed: 0, parked: 0 })
    })

    it('see the same parked jobs, and either can have them tried again', async () => {
      const broken = noting()
      broken.failing.set('a', new Error('broken'))
      const first = await open({ handlers: broken.handlers })
      const second = await open({ handlers: broken.handlers })
      await first.schedule([jobOf('a')])
      await until('it is parked', async () => (await second.parked()).length === 1)
      broken.failing.clear()
      expect([await second.parked(), await second.retry('a')]).toEqual([[{ job: jobOf('a'), error: 'broken' }], true])
      await first.settled()
      expect([broken.done, await first.parked()]).toEqual([['a'], []])
    })

    it('inherit the job of one that was killed', async () => {
      const worker = fileURLToPath(new URL('../support/stuck-worker.ts', import.meta.url))
      const child = spawn(process.execPath, [worker, redis.url, 'the region'], { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      const { done, handlers } = noting()
      child.kill('SIGKILL')
      const jobs = await open({ handlers })
      await until('it is done by the other', () => done.length === 1)
      await jobs.settled()
      expect([done, faults, await jobs.parked()]).toEqual([['stuck'], [], []])
    })
  })

  describe('a Redis that is', () => {
    it('killed in the middle, and comes back with nothing: everything is derived again, and done', async () => {
      const { done, began, handlers } = noting()
      const due = new Set(many(2000))
      const jobs = await open({ handlers: slowly(handlers) })
      const { lost, handOver } = derive(jobs, due)
      await handOver()
      await until('it is well under way', () => began.length > 200)
      await redis.kill()
      await until('it is noticed', () => !jobs.ready())
      await expect(jobs.schedule([jobOf('later')])).rejects.toThrow(/^Redis at 127\.0\.0\.1:\d+ is away$/)
      await expect(jobs.counts()).rejects.toThrow('is away')
      await redis.start()
      await until('everything is done', () => new Set(done).size === 2000)
      await until('it is noticed', () => jobs.ready())
      expect([lost.count, faults.filter((fault) => fault.startsWith('RedisAway')).length]).toEqual([1, 1])
      await jobs.settled()
      expect(await jobs.parked()).toEqual([])
    })

    it('killed in the middle, and kept everything: the work goes on', async () => {
      await redis[Symbol.asyncDispose]()
      redis = await ownRedis({ durable: true })
      const { done, began, handlers } = noting()
      const jobs = await open({ handlers: slowly(handlers) })
      await jobs.schedule(many(1000).map((id) => jobOf(id)))
      await until('it is well under way', () => began.length > 100)
      await redis.kill()
      await redis.start()
      await until('everything is done', () => new Set(done).size === 1000)
      await until('Redis knows it', async () => jobs.ready() && (await jobs.counts()).running === 0)
      expect(await jobs.counts()).toEqual({ waiting: 0, running: 0, delayed: 0, parked: 0 })
    })

    it('flushed in the middle: that is noticed by all, everything is derived again, and done', async () => {
      const [a, b] = [noting(), noting()]
      const due = new Set(many(2000))
      const first = await open({ handlers: slowly(a.handlers) })
      const second = await open({ handlers: slowly(b.handlers) })
      const derived = [derive(first, due), derive(second, due)]
      await derived[0]!.handOver()
      await until('it is well under way', () => a.began.length > 100 && b.began.length > 100)
      await redis.flush()
      await until('everything is done', () => new Set([...a.done, ...b.done]).size === 2000)
      await until('both heard of it', () => derived.every(({ lost }) => lost.count === 1))
      await first.settled()
      expect(await second.parked()).toEqual([])
    })

    it('flushed over and over while jobs fail, are put off and are retried', async () => {
      const { done, handlers } = noting()
      const seen = new Map<string, number>()
      const due = new Set(many(300))
      const jobs = await open({
        handlers: {
          note: async (job, signal) => {
            const times = (seen.get(job.id) ?? 0) + 1
            seen.set(job.id, times)
            if (times === 1 && Number(job.id.slice(4)) % 3 === 0) throw new Error('not at first')
            if (times === 1 && Number(job.id.slice(4)) % 3 === 1) throw new Later('not now', { pause: 20 })
            await handlers['note']!(job, signal)
          },
        },
      })
      const { handOver } = derive(jobs, due)
      await handOver()
      for (let round = 0; round < 5; round++) {
        const before = seen.size
        await redis.flush()
        await until('there was some progress', () => seen.size > before || seen.size === 300)
      }
      await until('everything is done', () => new Set(done).size === 300)
      await jobs.settled()
      expect(await jobs.parked()).toEqual([])
    })

    it('not there at first: jobs wait, nothing crashes, and they go on when it comes', async () => {
      await redis.kill()
      const { done, handlers } = noting()
      const jobs = await open({ handlers })
      const { lost, handOver } = derive(jobs, new Set(['a']))
      expect(jobs.ready()).toBe(false)
      await expect(handOver()).rejects.toThrow('is away')
      await redis.start()
      await until('it is done', () => done.length === 1)
      expect([lost.count, jobs.ready(), faults]).toEqual([1, true, [expect.stringMatching(/^RedisAway: Redis at /)]])
    })

    it('gone when the process closes: what runs is finished, and nobody waits for Redis', async () => {
      const note = noting()
      note.shut()
      const jobs = await open({ handlers: note.handlers })
      await jobs.schedule([jobOf('a'), jobOf('b')])
      await until('they run', () => note.began.length === 2)
      await redis.kill()
      const closed = jobs[Symbol.asyncDispose]()
      note.release()
      await closed
      expect(note.done).toEqual(['a', 'b'])
    })

    it('set up to throw jobs away: told clearly, and not ready', async () => {
      await redis[Symbol.asyncDispose]()
      redis = await ownRedis({ settings: ['--maxmemory-policy', 'allkeys-lru'] })
      const jobs = await open({ handlers: {} })
      expect(jobs.ready()).toBe(false)
      expect(faults).toEqual([expect.stringMatching(/^RedisEvicts: .* set maxmemory-policy to noeviction$/)])
    })
  })

  /** Long enough for something to happen in the middle. */
  const slowly = (handlers: RedisJobs['handlers']): RedisJobs['handlers'] => ({
    note: async (job, signal) => {
      await new Promise((resolve) => setTimeout(resolve, 2))
      await handlers['note']!(job, signal)
    },
  })
}

withRedis('jobs on BullMQ, put through the faults of Redis', faultsOfRedis, { own: true })
