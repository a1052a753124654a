export {
  type Appended,
  type EventLog,
  type Expected,
  type Fact,
  type Listener,
  type Metadata,
  type Recorded,
  LedgerUnreachable,
  WrongRevision,
  category,
} from './event-log.ts'
export { eventStoreLog } from './event-store-log.ts'
export type { EventStoreOptions } from './eventstoredb/index.ts'
export { type Following, follow } from './follower.ts'
export {
  type Followed,
  LedgerBehind,
  type ReadModel,
  openModel,
  readModel,
  readModelPragmas,
  refuseOlderLog,
} from './read-model.ts'
export { type Aggregate, type Envelope, type Repository, Conflict, fold, repository } from './repository.ts'
export { sqliteLog } from './sqlite/index.ts'
export { type Trail, trail } from './trail.ts'
