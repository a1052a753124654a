import type { Clock } from '../clock.ts'
import { type Handlers, type Job, type Jobs, type Parked, Later, handlerOf, inWords, pauseOf } from './index.ts'

interface Options {
  readonly clock: Clock
  readonly handlers: Handlers
  /** Called for every failure, also for those that will be tried again. */
  readonly onFault: (fault: unknown, job: Job) => void
  /** Jobs that run at the same time: together they share commits. */
  readonly concurrency?: number
  /** Tries before a job is parked. */
  readonly tries?: number
  /** Milliseconds before the second try; doubles each time. */
  readonly backoff?: number
}

interface Entry {
  readonly job: Job
  readonly tried: number
  readonly putOff: number
}

/** Jobs in this process' memory, begun in the order they came. Nothing is lost but with the process. */
export const inProcessJobs = ({
  clock,
  handlers,
  onFault,
  concurrency = 32,
  tries = 8,
  backoff = 1000,
}: Options): Jobs => {
  /** What waits or runs. */
  const known = new Set<string>()
  const failed = new Map<string, Parked>()
  /** Groups of which a job is running, and those that wait for it. */
  const groups = new Map<string, Entry[]>()
  const closing = new AbortController()
  let ready: Entry[] = []
  let begun = 0
  let running = 0
  let held = 0
  let delayed = 0
  let idle: (() => void)[] = []

  const add = (entry: Entry) => {
    ready.push(entry)
    pump()
  }

  const again = async (entry: Entry, pause: number): Promise<void> => {
    delayed++
    try {
      await clock.at(clock.now() + pause, closing.signal)
      add(entry)
    } catch {
      // Closing: whoever derived it will derive it again.
    } finally {
      delayed--
    }
  }

  const attempt = async ({ job, tried, putOff }: Entry): Promise<void> => {
    try {
      await handlerOf(handlers, job)(job, closing.signal)
      known.delete(job.id)
    } catch (error) {
      if (closing.signal.aborted) return
      if (error instanceof Later) return void again({ job, tried, putOff: putOff + 1 }, pauseOf(error, putOff))
      onFault(error, job)
      if (tried + 1 < tries) return void again({ job, tried: tried + 1, putOff }, backoff * 2 ** tried)
      known.delete(job.id)
      failed.set(job.id, { job, error: inWords(error) })
    }
  }

  /** Who waits behind a job of this group. */
  const behind = (group: string | undefined): Entry | undefined => {
    if (group === undefined || closing.signal.aborted) return undefined
    const next = groups.get(group)!.shift()
    if (next) held--
    else groups.delete(group)
    return next
  }

  const run = async (first: Entry): Promise<void> => {
    running++
    for (let entry: Entry | undefined = first; entry; entry = behind(entry.job.group)) {
      await attempt(entry)
      // Ten thousand jobs that are due at once must leave the requests their turns.
      await new Promise((resolve) => setImmediate(resolve))
    }
    running--
    pump()
  }

  const room = () => running < concurrency && begun < ready.length && !closing.signal.aborted

  const pump = () => {
    while (room()) {
      const entry = ready[begun++]!
      const { group } = entry.job
      const line = group === undefined ? undefined : groups.get(group)
      if (line) {
        held++
        line.push(entry)
        continue
      }
      if (group !== undefined) groups.set(group, [])
      void run(entry)
    }
    if (begun === ready.length || begun > 1000) {
      ready = ready.slice(begun)
      begun = 0
    }
    if (running === 0 && (ready.length === 0 || closing.signal.aborted)) for (const tell of idle.splice(0)) tell()
  }

  const settled = () =>
    new Promise<void>((resolve) => {
      idle.push(resolve)
      setImmediate(pump)
    })

  return {
    schedule: async (jobs) => {
      if (closing.signal.aborted) throw new Error('no jobs are taken any more')
      for (const job of jobs)
        if (!known.has(job.id) && !failed.has(job.id)) {
          known.add(job.id)
          ready.push({ job, tried: 0, putOff: 0 })
        }
      pump()
      return []
    },
    parked: () => Promise.resolve([...failed.values()].toReversed().slice(0, 1000)),
    retry: async (id) => {
      const parked = failed.get(id)
      if (!parked) return false
      failed.delete(id)
      known.add(id)
      add({ job: parked.job, tried: 0, putOff: 0 })
      return true
    },
    counts: () => Promise.resolve({ waiting: ready.length - begun + held, running, delayed, parked: failed.size }),
    ready: () => !closing.signal.aborted,
    settled,
    onLost: () => ({ [Symbol.dispose]: () => undefined }),
    [Symbol.asyncDispose]: async () => {
      closing.abort(new Error('closing'))
      await settled()
    },
  }
}
