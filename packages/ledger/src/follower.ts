import type { EventLog, Recorded } from './event-log.ts'

/** What a follower needs of a clock. */
export interface FollowerClock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves at `time`; rejects when aborted. */
  at(time: number, signal: AbortSignal): Promise<void>
}

interface Options {
  readonly log: EventLog
  readonly categories: readonly string[]
  /** The position after which to begin, and to begin again after a failure: the last that was handled for good. */
  readonly after: () => number
  /** Called with events in order; the next come when it has returned, or its promise resolved. */
  readonly handle: (events: readonly Recorded[]) => void | Promise<void>
  /** Ends the following. */
  readonly signal: AbortSignal
  readonly clock: FollowerClock
  /** Told why the following broke off; it begins again by itself. */
  readonly onFault: (fault: unknown) => void
}

export interface Following {
  /** Resolves when everything that was in the log has been handled; rejects if the following ends before. */
  readonly caughtUp: Promise<void>
  /** Resolves when the following has ended and nothing is being handled any more. */
  readonly ended: Promise<void>
}

const pageSize = 500
/** So many live events may wait for a slow handler; with more, it is the log that keeps them. */
const mostWaiting = 10_000
const firstPause = 100
const longestPause = 30_000

/**
 * Follows some categories of the log: what is there by pages, then live; in order, without a gap, each event at least
 * once. A handler that returns nothing sees live events before their appends resolve. What fails is begun again, after
 * a pause that doubles up to 30 s.
 */
export const follow = ({ log, categories, after, handle, signal, clock, onFault }: Options): Following => {
  const start = Promise.withResolvers<void>()
  start.promise.catch(nothing)
  let failures = 0

  /** One go: until the signal, a failure, or so much waiting that the log is to be read by pages again. */
  const go = async (): Promise<void> => {
    const over = Promise.withResolvers<void>()
    over.promise.catch(nothing)
    let position = after()
    let waiting: Recorded[] = []
    let handling: Promise<void> | undefined
    let live = false

    const take = (events: readonly Recorded[]): Promise<void> | undefined => {
      const fresh = events.filter((event) => event.position > position)
      if (fresh.length === 0) return undefined
      const last = fresh.at(-1)!.position
      const taking = handle(fresh)
      if (taking) return taking.then(() => void (position = last))
      position = last
      return undefined
    }

    const drain = (): void => {
      if (!live || handling || waiting.length === 0) return
      const events = waiting
      waiting = []
      try {
        handling = take(events)
      } catch (error) {
        stop(error)
      }
      handling?.then(() => {
        handling = undefined
        drain()
      }, stop)
    }

    const stop = (error?: unknown): void => {
      live = false
      if (error === undefined) over.resolve()
      else over.reject(error)
    }
    const aborted = () => stop()

    signal.addEventListener('abort', aborted)
    const feed = log.subscribe(categories, (events) => {
      for (const event of events) waiting.push(event)
      if (waiting.length > mostWaiting) stop()
      else drain()
    })
    try {
      for (;;) {
        // What is published from here on is in the page, or waits behind it.
        waiting = []
        const page = await log.all({ after: position, categories, limit: pageSize })
        if (signal.aborted) return
        await take(page)
        if (page.length < pageSize) break
      }
      live = !signal.aborted && waiting.length <= mostWaiting
      drain()
      failures = 0
      start.resolve()
      await over.promise
    } finally {
      signal.removeEventListener('abort', aborted)
      feed[Symbol.dispose]()
      await handling?.catch(nothing)
    }
  }

  const run = async (): Promise<void> => {
    while (!signal.aborted)
      try {
        await go()
      } catch (error) {
        if (signal.aborted) break
        onFault(error)
        const pause = Math.min(longestPause, firstPause * 2 ** failures++)
        await clock.at(clock.now() + pause, signal).catch(nothing)
      }
    start.reject(signal.reason)
  }
  return { caughtUp: start.promise, ended: run() }
}

const nothing = () => undefined
