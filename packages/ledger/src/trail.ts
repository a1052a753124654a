import type { EventLog, Fact } from './event-log.ts'

/** One record for every request. */
export interface Trail {
  /** Puts the record on its stream; resolves when it is durable, rejects if it may not be. */
  record(stream: string, record: Fact): Promise<void>
}

/** Milliseconds that a record waits at most for others to share its commit. */
const patience = 2

/**
 * The trail, on the event log. A commit costs the same for one record as for fifty, and whoever was answered together
 * tends to come back together: so after a commit the next one waits until as many records are there as the last one
 * took, or until `patience` is over. A lone client never waits: its last commit took one.
 */
export const trail = (log: EventLog): Trail => {
  let pending: (() => Promise<void>)[] = []
  /** Records in the commit under way or, when none is, in the last one. */
  let company = 1
  let underWay = false
  let timer: NodeJS.Timeout | undefined

  const commit = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    const leaving = pending
    pending = []
    company = leaving.length
    underWay = true
    // Appended in one turn they share the commit; yet each is answered for itself.
    await Promise.all(leaving.map((append) => append()))
    underWay = false
    consider()
  }

  const consider = (): void => {
    if (underWay || pending.length === 0) return
    if (pending.length >= company) void commit()
    else timer ??= setTimeout(() => void commit(), patience)
  }

  return {
    record: (stream, record) =>
      new Promise<void>((resolve, reject) => {
        pending.push(() => log.append(stream, 'any', [record]).then(() => resolve(), reject))
        consider()
      }),
  }
}
