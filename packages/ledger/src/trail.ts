import type { EventLog, Fact } from './event-log.ts'

/** The trail: what was asked, one record a request. */
export interface Trail {
  /** Resolves when the record is durable. Records that arrive together share one commit. */
  record(stream: string, record: Fact): Promise<void>
}

/** The trail in the log, in streams of the category `trail`. */
export const trail = (log: EventLog): Trail => ({
  record: (stream, record) => log.append(stream, 'any', [record]).then(nothing),
})

const nothing = () => undefined
