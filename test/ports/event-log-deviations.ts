import type { Deviation } from './event-log.ts'

/** EventStoreDB keeps a closed stream's facts, for whoever reads the whole log, until its operator lets it scavenge. */
export const scavenge: Deviation = {
  reason: 'EventStoreDB: the facts of a tombstoned stream go with the next scavenge of the server',
  tests: ['is passed over by whoever reads all facts', 'leaves no byte of its facts'],
}
