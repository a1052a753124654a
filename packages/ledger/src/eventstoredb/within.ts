import { LedgerUnreachable } from '../event-log.ts'

/** Rejects when the promise takes longer than so many milliseconds; what it brings after that goes to `late`. */
export const within = async <T>(time: number, promise: Promise<T>, late?: (value: T) => void): Promise<T> => {
  const over = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    promise.then(late, nothing)
    over.reject(new LedgerUnreachable(`the ledger did not answer within ${time} ms`))
  }, time)
  try {
    return await Promise.race([promise, over.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves after so many milliseconds, or when the signal says so. */
export const pause = (time: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const over = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', over)
      resolve()
    }
    const timer = setTimeout(over, time)
    signal.addEventListener('abort', over)
  })

const nothing = () => undefined
