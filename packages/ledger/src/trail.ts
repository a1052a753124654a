import type { EventLog, Fact } from './event-log.ts'

/** One record for every request. */
export interface Trail {
  /** Puts the record on its stream; resolves when it is durable, rejects if it may not be. */
  record(stream: string, record: Fact): Promise<void>
}

interface Gathered {
  readonly facts: Fact[]
  readonly waiting: { resolve(): void; reject(error: unknown): void }[]
}

/** Milliseconds that a record waits at most for others to share its commit. */
const patience = 2

/**
 * The trail, on the event log. A commit costs the same for one record as for fifty, and whoever was answered together
 * tends to come back together: so after a commit the next one waits until as many records are there as the last one
 * took, or until `patience` is over. A lone client never waits: its last commit took one.
 */
export const trail = (log: EventLog): Trail => {
  let pending = new Map<string, Gathered>()
  let count = 0
  /** Records in the commit under way or, when none is, in the last one. */
  let company = 1
  let underWay = false
  let timer: NodeJS.Timeout | undefined

  const append = async ([stream, { facts, waiting }]: readonly [string, Gathered]): Promise<void> => {
    try {
      await log.append(stream, 'any', facts)
      for (const { resolve } of waiting) resolve()
    } catch (error) {
      for (const { reject } of waiting) reject(error)
    }
  }

  const commit = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    const leaving = pending
    pending = new Map()
    company = count
    count = 0
    underWay = true
    await Promise.all(Array.from(leaving, append))
    underWay = false
    consider()
  }

  const consider = (): void => {
    if (underWay || count === 0) return
    if (count >= company) void commit()
    else timer ??= setTimeout(() => void commit(), patience)
  }

  return {
    record: (stream, record) =>
      new Promise((resolve, reject) => {
        const gathered = pending.get(stream) ?? { facts: [], waiting: [] }
        pending.set(stream, gathered)
        gathered.facts.push(record)
        gathered.waiting.push({ resolve, reject })
        count++
        consider()
      }),
  }
}
