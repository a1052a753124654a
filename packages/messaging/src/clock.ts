/** Where time comes from. Everything that waits waits here, so that a test can move the clock instead of sleeping. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves when the clock has reached `time` (milliseconds since the epoch), at once if it has; rejects when aborted. */
  at(time: number, signal: AbortSignal): Promise<void>
}

/** The longest a timer of the runtime can run: 2^31-1 ms, about 24 days. */
const longest = 2 ** 31 - 1

/** The clock of the system; `now` is `Date.now`. Its timers do not keep the process alive. */
export const systemClock = (now: () => number): Clock => {
  const at = async (time: number, signal: AbortSignal): Promise<void> => {
    for (;;) {
      signal.throwIfAborted()
      const wait = time - now()
      if (wait <= 0) return
      await new Promise<void>((resolve, reject) => {
        const aborted = () => {
          clearTimeout(timer)
          reject(signal.reason as Error)
        }
        const timer = setTimeout(
          () => {
            signal.removeEventListener('abort', aborted)
            resolve()
          },
          Math.min(wait, longest),
        )
        timer.unref()
        signal.addEventListener('abort', aborted, { once: true })
      })
    }
  }
  return { now, at }
}

export interface TestClock extends Clock {
  /**
   * Moves the clock on by `milliseconds`, stopping at every moment that somebody waits for, in order, and giving them
   * the time (turns of the event loop) to do what they waited to do and to wait again.
   */
  advance(milliseconds: number): Promise<void>
}

interface Waiting {
  readonly time: number
  resolve(): void
}

/** Enough for a handler to reach its disk (a thread's answer is a macrotask) and come back to wait for its next turn. */
const turns = 20
const letOthersRun = async () => {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A clock that stands still at `start` until it is moved. */
export const testClock = (start: number): TestClock => {
  let current = start
  const waiting = new Set<Waiting>()

  const at = (time: number, signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return Promise.reject(signal.reason as Error)
    if (time <= current) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const aborted = () => {
        waiting.delete(entry)
        reject(signal.reason as Error)
      }
      const entry = {
        time,
        resolve: () => {
          signal.removeEventListener('abort', aborted)
          resolve()
        },
      }
      waiting.add(entry)
      signal.addEventListener('abort', aborted, { once: true })
    })
  }

  const advance = async (milliseconds: number): Promise<void> => {
    const target = current + milliseconds
    for (;;) {
      await letOthersRun()
      const next = [...waiting].filter(({ time }) => time <= target).toSorted((a, b) => a.time - b.time)[0]
      if (!next) break
      current = Math.max(current, next.time)
      waiting.delete(next)
      next.resolve()
    }
    current = target
    await letOthersRun()
  }

  return { now: () => current, at, advance }
}
