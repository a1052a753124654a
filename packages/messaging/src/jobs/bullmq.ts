import { DelayedError, type Job as Bull, type JobsOptions, Queue, Worker } from 'bullmq'
import { type Handlers, type Job, type Jobs, Later, handlerOf, pauseOf } from './index.ts'
import { redisServer } from './redis.ts'
import { turns } from './turns.ts'

/** Whoever can write to Redis can say of a job that it is done: believed is only who proves it. */
export interface Receipts {
  /** What proves to those who share the queue that the job of this id was done. */
  readonly of: (id: string) => string
  readonly good: (id: string, receipt: string) => boolean
}

export interface RedisJobs {
  /** `redis://[user:password@]host[:port][/db]`, or `rediss://`. */
  readonly url: string
  /** What shares a ledger shares a queue; nothing else must: its name tells the deployment and region. */
  readonly queue: string
  readonly handlers: Handlers
  readonly receipts: Receipts
  /** Called for every failure of a job, and (without one) when Redis goes away or is not set up as it must be. */
  readonly onFault: (fault: unknown, job?: Job) => void
  /** Jobs that run at the same time in this process: together they share commits. */
  readonly concurrency?: number
  /** Tries before a job is parked. */
  readonly tries?: number
  /** Milliseconds before the second try; doubles each time, less a random part of up to a half. */
  readonly backoff?: number
  /** Milliseconds after which the job of a process that died is given to another. */
  readonly lock?: number
  /** Milliseconds between two looks whether Redis was emptied. */
  readonly watch?: number
}

/** How long the ids of jobs that are done are remembered, seconds, and how many of them. */
const remembered = { age: 3600, count: 20_000 }
const mostParked = 1000
/** How long closing waits for Redis to hear what became of the last jobs, milliseconds. */
const parting = 2000

/** BullMQ has its own uses for colons, and for ids that are numbers. */
const encoded = (id: string) => `_${id.replace(/[%:]/g, (found) => (found === ':' ? '%3A' : '%25'))}`

/**
 * Jobs in a queue of BullMQ on Redis, shared by any number of processes. Retries wait by Redis' time; everything else is
 * done as soon as it can be. Resolves also where Redis is not there yet. While Redis is away scheduling rejects, jobs under way go on, and the others wait.
 */
export const bullmqJobs = async ({
  url,
  queue,
  handlers,
  receipts,
  onFault,
  concurrency = 32,
  tries = 8,
  backoff = 1000,
  lock = 10_000,
  watch = 5000,
}: RedisJobs): Promise<Jobs> => {
  const prefix = 'keyledger'
  const name = encoded(queue)
  const listeners = new Set<() => void>()
  const closing = new AbortController()
  const underWay = new Set<Promise<string>>()
  const inTurn = turns()
  const redis = redisServer({
    url,
    sentinel: `${prefix}:since:${name}`,
    watch,
    onFault,
    onLost: () => {
      for (const listener of listeners) listener()
    },
  })
  const options: JobsOptions = {
    attempts: tries,
    backoff: { type: 'exponential', delay: backoff, jitter: 0.5 },
    stackTraceLimit: 1,
  }

  const attempt = async (bull: Bull<Job>, token: string | undefined): Promise<string> => {
    const job = bull.data
    if (bull.id !== encoded(job.id)) throw new Error('a job under the id of another')
    try {
      await inTurn(job.group, () => handlerOf(handlers, job)(job, closing.signal))
      return receipts.of(job.id)
    } catch (error) {
      if (error instanceof Later) {
        await bull.moveToDelayed(bull.processedOn! + pauseOf(error, bull.attemptsStarted - 1), token)
        throw new DelayedError()
      }
      if (!closing.signal.aborted) onFault(error, job)
      throw error
    }
  }
  const run = async (bull: Bull<Job>, token: string | undefined): Promise<string> => {
    const trying = attempt(bull, token)
    underWay.add(trying)
    try {
      return await trying
    } finally {
      underWay.delete(trying)
    }
  }

  const bulls = new Queue<Job, string>(name, {
    connection: redis.client,
    prefix,
    streams: { events: { maxLen: 100 } },
  })
  const worker = new Worker<Job, string>(name, run, {
    connection: redis.patient,
    prefix,
    concurrency,
    lockDuration: lock,
    stalledInterval: lock / 2,
    // Its process died: that is no failure of the job, unless it happens every time.
    maxStalledCount: tries,
    removeOnComplete: remembered,
    runRetryDelay: 1000,
  })
  bulls.on('error', redis.fault)
  worker.on('error', redis.fault)

  await redis.tried

  const proven = async (id: string): Promise<boolean> => {
    const said = await redis.client.hget(bulls.toKey(encoded(id)), 'returnvalue')
    return said !== null && receipts.good(id, said.replaceAll('"', ''))
  }
  /** The ids among them that were done lately. Of what somebody else says is done nothing is left: it is scheduled anew. */
  const doneOf = async (ids: readonly string[]): Promise<ReadonlySet<string>> => {
    const scores = await redis.client.zmscore(bulls.toKey('completed'), ...ids.map(encoded))
    const said = ids.filter((_, index) => scores[index] !== null)
    const good = await Promise.all(said.map(proven))
    const forged = said.filter((_, index) => !good[index])
    await Promise.all(forged.map((id) => bulls.remove(encoded(id))))
    return new Set(said.filter((_, index) => good[index]))
  }

  const counts = async () => {
    redis.reached()
    const counted = await bulls.getJobCounts('wait', 'active', 'delayed', 'failed')
    const of = (state: string) => counted[state] ?? 0
    return {
      waiting: of('wait'),
      running: of('active'),
      delayed: of('delayed'),
      parked: of('failed'),
    }
  }

  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    closing.abort(new Error('closing'))
    await worker.pause(true)
    await Promise.allSettled(underWay)
    // Without Redis nobody can be told that they are done: they will be done twice.
    const parted = Promise.allSettled([worker.close(), bulls.close()])
    await Promise.race([parted, new Promise((resolve) => setTimeout(resolve, parting))])
    redis[Symbol.dispose]()
  }

  return {
    schedule: async (jobs) => {
      redis.reached()
      if (closing.signal.aborted) throw new Error('no jobs are taken any more')
      if (jobs.length === 0) return []
      const done = await doneOf(jobs.map(({ id }) => id))
      const wanted = jobs.filter(({ id }) => !done.has(id))
      await bulls.addBulk(
        wanted.map((job) => ({ name: job.name, data: job, opts: { ...options, jobId: encoded(job.id) } })),
      )
      return [...done]
    },
    parked: async () => {
      redis.reached()
      const failed = await bulls.getFailed(0, mostParked - 1)
      return failed.map(({ data, failedReason }) => ({ job: data, error: failedReason ?? '' }))
    },
    retry: async (id) => {
      redis.reached()
      const bull = await bulls.getJob(encoded(id))
      if (!bull || !(await bull.isFailed())) return false
      await bull.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true })
      return true
    },
    counts,
    ready: () => redis.ready() && !closing.signal.aborted,
    settled: async () => {
      for (;;) {
        const { waiting, running } = await counts()
        if (waiting + running === 0) return
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
    onLost: (listener) => {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
    [Symbol.asyncDispose]: () => (closed ??= close()),
  }
}
