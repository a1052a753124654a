import type { DatabaseSync } from 'node:sqlite'
import type { EventLog, Recorded } from './event-log.ts'
import { type FollowerClock, follow } from './follower.ts'

/** A read model: tables in SQLite that follow some categories of the log. It can be dropped and rebuilt at any time. */
export interface ReadModel {
  readonly name: string
  /** Another version than the stored one drops the tables and reads the log from its beginning. */
  readonly version: number
  /** The tables it makes; named so that they can be dropped. */
  readonly tables: readonly string[]
  readonly schema: string
  readonly categories: readonly string[]
  /** What each type of event does to the tables; types that are not named do nothing. May see an event twice. */
  readonly apply: (db: DatabaseSync) => Readonly<Record<string, (event: Recorded) => void>>
}

interface Options {
  readonly log: EventLog
  readonly db: DatabaseSync
  readonly model: ReadModel
  readonly clock: FollowerClock
  /** Told when an event could not be applied; the model then reads the log again from its checkpoint. */
  readonly onFault: (fault: unknown) => void
}

/** The settings of a database of read models: a crash may lose its last moments, never its soundness. */
export const readModelPragmas =
  'PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON; PRAGMA busy_timeout=2000'

/** Where a model stands: the position of the last event in it, kept in the same transaction as what the event did. */
export const checkpoints = (db: DatabaseSync) => {
  db.exec('CREATE TABLE IF NOT EXISTS checkpoints(model TEXT PRIMARY KEY, version INTEGER, position INTEGER)')
  const get = db.prepare('SELECT version, position FROM checkpoints WHERE model = ?')
  const set = db.prepare('INSERT OR REPLACE INTO checkpoints(model, version, position) VALUES (?, ?, ?)')
  return {
    get: (name: string) => get.get(name) as { version: number; position: number } | undefined,
    set: (name: string, version: number, position: number) => void set.run(name, version, position),
  }
}

/** Makes the model's tables, anew if the stored ones are of another version; answers the checkpoint. */
export const openModel = (
  db: DatabaseSync,
  { name, version, tables, schema }: Omit<ReadModel, 'apply' | 'categories'>,
) => {
  const marks = checkpoints(db)
  const mark = marks.get(name)
  if (mark?.version !== version) for (const table of tables) db.exec(`DROP TABLE IF EXISTS ${table}`)
  db.exec(schema)
  return { position: mark?.version === version ? mark.position : 0, marks }
}

/** The model has seen more than the log holds: the log was replaced by an older one. */
export class LedgerBehind extends Error {
  override readonly name = 'LedgerBehind'
  constructor(model: string, seen: number, head: number) {
    super(
      `the ledger ends at ${head}, but ${model} has followed it to ${seen}: it is older than what was made from it. ` +
        'Put the right ledger back; if this one is meant, delete projections.db and workers.db first.',
    )
  }
}

/** Throws {@link LedgerBehind} unless the log has at least what the model has seen. */
export const refuseOlderLog = async (log: EventLog, model: string, seen: number): Promise<void> => {
  const head = await log.head()
  if (seen > head) throw new LedgerBehind(model, seen, head)
}

/** What follows the log, and how far it has come: the position of the last event of its categories that it has seen. */
export interface Followed {
  readonly name: string
  readonly categories: readonly string[]
  position(): number
  /** How many events it has taken in since it was opened. */
  events(): number
}

/**
 * Brings the model up to the log's present and keeps it there: what an append acknowledged is in the model before the
 * append's promise resolves, so a list read after a change shows it. What fails is told and begun again from the
 * checkpoint.
 */
export const readModel = async ({ log, db, model, clock, onFault }: Options): Promise<Followed & AsyncDisposable> => {
  const opened = openModel(db, model)
  const { marks } = opened
  let { position } = opened
  let taken = 0
  await refuseOlderLog(log, model.name, position)
  const apply = model.apply(db)

  const handle = (events: readonly Recorded[]): void => {
    const last = events.at(-1)!.position
    db.exec('BEGIN IMMEDIATE')
    try {
      for (const event of events) if (event.position > position) apply[event.type]?.(event)
      marks.set(model.name, model.version, last)
      db.exec('COMMIT')
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
    position = last
    taken += events.length
  }

  const closing = new AbortController()
  const { categories } = model
  const { signal } = closing
  const following = follow({ log, categories, after: () => position, handle, signal, clock, onFault })
  await following.caughtUp
  return {
    name: model.name,
    categories,
    position: () => position,
    events: () => taken,
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await following.ended
    },
  }
}
