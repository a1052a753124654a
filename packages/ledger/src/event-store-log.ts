import type { EventLog } from './event-log.ts'
import type { EventStoreOptions } from './eventstoredb/index.ts'

/** The event log in EventStoreDB, loaded when it is wanted: a house on SQLite need not carry its client's 35 MB. */
export const eventStoreLog = async (options: EventStoreOptions): Promise<EventLog> => {
  const adapter = await import('./eventstoredb/index.ts')
  return adapter.eventStoreLog(options)
}
