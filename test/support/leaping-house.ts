import { KMSClient } from '@aws-sdk/client-kms'
import type { Clock } from '@keyledger/messaging'
import type { HouseOptions } from '@keyledger/standalone'
import { type Person, type TestHouse, alice, testHouse } from './house.ts'

/**
 * A clock that leaps: whoever waits for a moment up to the new time wakes at the new time, as on a machine that slept. A
 * year takes as long as the work that falls due in it.
 */
export interface LeapingClock extends Clock {
  leap(milliseconds: number): void
}

interface Waiting {
  readonly time: number
  wake(): void
}

export const leapingClock = (start: number): LeapingClock => {
  let current = start
  const waiting = new Set<Waiting>()
  return {
    now: () => current,
    at: (time, signal) => {
      if (signal.aborted) return Promise.reject(signal.reason as Error)
      if (time <= current) return Promise.resolve()
      return new Promise((resolve, reject) => {
        const aborted = () => {
          waiting.delete(entry)
          reject(signal.reason as Error)
        }
        const wake = () => {
          signal.removeEventListener('abort', aborted)
          resolve()
        }
        const entry = { time, wake }
        waiting.add(entry)
        signal.addEventListener('abort', aborted, { once: true })
      })
    },
    leap: (milliseconds) => {
      current += milliseconds
      for (const entry of [...waiting].filter(({ time }) => time <= current)) {
        waiting.delete(entry)
        entry.wake()
      }
    },
  }
}

export const day = 24 * 3600_000

export interface LeapingHouse extends Omit<TestHouse, 'clock' | 'iam' | 'sts'> {
  readonly clock: LeapingClock
  /** Where the ledger and the vault lie. */
  readonly data: string
  /** Lets the time pass and the workers do what fell due in it. */
  pass(milliseconds: number): Promise<void>
}

/** {@link testHouse} with a clock that leaps. */
export const leapingHouse = async (options: Partial<HouseOptions> = {}): Promise<LeapingHouse> => {
  const clock = leapingClock(Date.parse('2026-06-01T12:00:00Z'))
  const open = await testHouse({ ...options, clock })
  const clients: KMSClient[] = []
  return {
    get house() {
      return open.house
    },
    clock,
    folder: open.folder,
    data: `${open.folder}/data`,
    faults: open.faults,
    kms: (person: Person = alice, region = 'us-east-1') => {
      const { accessKeyId, secretAccessKey } = person
      const credentials = { accessKeyId, secretAccessKey }
      const client = new KMSClient({ endpoint: open.house.url, region, credentials, maxAttempts: 1 })
      Object.defineProperty(client.config, 'systemClockOffset', {
        get: () => clock.now() - Date.now(),
        set: () => {},
      })
      clients.push(client)
      return client
    },
    restart: () => open.restart(),
    pass: async (milliseconds) => {
      clock.leap(milliseconds)
      await open.house.jobs.settled()
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy()
      await open[Symbol.asyncDispose]()
    },
  }
}
