import type { EventLog, Fact } from './event-log.ts'

/** One record for every request. */
export interface Trail {
  /** Puts the record on its stream; resolves when it is durable, rejects if it may not be. */
  record(stream: string, record: Fact): Promise<void>
}

/** So many records, or milliseconds, and there is no more waiting for others. */
const longest = 128
const patience = 2

interface Waiting {
  readonly stream: string
  readonly record: Fact
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * The trail, on the event log. A commit costs the same for one record as for fifty, and whoever was answered together
 * tends to come back together: so records are waited for until a turn of the event loop brings no more of them. A lone
 * client never waits: the commit before took one.
 * @param now milliseconds of a clock that never goes back
 */
export const trail = (log: EventLog, now: () => number = () => performance.now()): Trail => {
  let pending: Waiting[] = []
  /** Records in the commit under way or, when none is, in the last one. */
  let company = 1
  let underWay = false
  /** Records that were there at the last turn; undefined while no turn is waited for. */
  let seen: number | undefined
  let until = 0

  const commit = (): void => {
    const leaving = pending
    pending = []
    company = leaving.length
    underWay = true
    let left = leaving.length
    const over = (): void => {
      if (--left > 0) return
      underWay = false
      consider()
    }
    // Appended in one turn they share the commit; yet each is answered for itself.
    for (const { stream, record, resolve, reject } of leaving)
      void log
        .append(stream, 'any', [record])
        .then(() => resolve(), reject)
        .then(over)
  }

  const turn = (): void => {
    const before = seen!
    if (pending.length > before && pending.length < longest && now() < until) {
      seen = pending.length
      setImmediate(turn)
      return
    }
    seen = undefined
    commit()
  }

  const consider = (): void => {
    if (underWay || seen !== undefined || pending.length === 0) return
    if (company === 1 && pending.length === 1) return commit()
    // What is there already was read in this turn; only the next can show that there is no more.
    seen = 0
    until = now() + patience
    setImmediate(turn)
  }

  return {
    record: (stream, record) =>
      new Promise<void>((resolve, reject) => {
        pending.push({ stream, record, resolve, reject })
        consider()
      }),
  }
}
