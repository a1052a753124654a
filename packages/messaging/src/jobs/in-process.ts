import type { Clock } from '../clock.ts'
import type { Handlers, Job, Jobs, Parked } from './index.ts'

interface Options {
  readonly clock: Clock
  readonly handlers: Handlers
  /** Called for every failure, also for those that will be tried again. */
  readonly onFault: (fault: unknown, job: Job) => void
  /** Tries before a job is parked. */
  readonly tries?: number
  /** Milliseconds before the second try; doubles each time. */
  readonly backoff?: number
}

interface Waiting {
  readonly job: Job
  readonly at: number
  readonly tried: number
}

/** Jobs in this process' memory, one running at a time, the earliest first. */
export const inProcessJobs = ({ clock, handlers, onFault, tries = 8, backoff = 1000 }: Options): Jobs => {
  const waiting = new Map<string, Waiting>()
  const failed = new Map<string, Parked>()
  const closing = new AbortController()
  let running: string | undefined
  let wake = new AbortController()
  let idle: (() => void)[] = []

  const wakeUp = () => wake.abort(new Error('something changed'))

  // In the order of their times, the earliest last; put in order again only when something came.
  const order: Waiting[] = []
  let ordered = true
  const wait = (entry: Waiting) => {
    waiting.set(entry.job.id, entry)
    order.push(entry)
    ordered = false
  }
  const earliest = (): Waiting | undefined => {
    if (!ordered) order.sort((a, b) => b.at - a.at)
    ordered = true
    return order.at(-1)
  }

  const attempt = async ({ job, tried }: Waiting): Promise<void> => {
    try {
      const handler = handlers[job.name]
      if (!handler) throw new Error(`no handler for jobs called ${job.name}`)
      await handler(job, closing.signal)
    } catch (error) {
      if (closing.signal.aborted) return
      onFault(error, job)
      if (tried + 1 >= tries) failed.set(job.id, { job, error })
      else wait({ job, at: clock.now() + backoff * 2 ** tried, tried: tried + 1 })
    }
  }

  const loop = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const next = earliest()
      if (next && next.at <= clock.now()) {
        order.pop()
        waiting.delete(next.job.id)
        running = next.job.id
        await attempt(next)
        running = undefined
        // Ten thousand jobs that are due at once must leave the requests their turns.
        await new Promise((resolve) => setImmediate(resolve))
        continue
      }
      for (const resolve of idle.splice(0)) resolve()
      wake = new AbortController()
      // Sleeps until the earliest job is due or something is scheduled; both end the wait, neither is an error.
      await clock.at(next?.at ?? Infinity, wake.signal).catch(() => undefined)
    }
  }
  const done = loop()

  return {
    schedule: (job) => {
      if (waiting.has(job.id) || running === job.id) return
      failed.delete(job.id)
      wait({ job, at: job.at, tried: 0 })
      wakeUp()
    },
    parked: () => [...failed.values()],
    retry: (id) => {
      const parked = failed.get(id)
      if (!parked) return
      failed.delete(id)
      wait({ job: parked.job, at: clock.now(), tried: 0 })
      wakeUp()
    },
    settled: () =>
      new Promise((resolve) => {
        idle.push(resolve)
        wakeUp()
      }),
    [Symbol.asyncDispose]: async () => {
      closing.abort(new Error('closing'))
      wakeUp()
      await done
      for (const resolve of idle.splice(0)) resolve()
    },
  }
}
