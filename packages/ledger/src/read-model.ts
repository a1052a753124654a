import type { DatabaseSync } from 'node:sqlite'
import type { EventLog, Recorded } from './event-log.ts'

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
  /** Told when an event could not be applied; the model then reads the log again from its checkpoint. */
  readonly onFault: (fault: unknown) => void
}

const pageSize = 1000

/** The settings of a database of read models: a crash may lose its last moments, never its soundness. */
export const readModelPragmas = 'PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON'

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

/**
 * Brings the model up to the log's present and keeps it there: what an append acknowledged is in the model before the
 * append's promise resolves, so a list read after a change shows it.
 */
export const readModel = async ({ log, db, model, onFault }: Options): Promise<Disposable> => {
  const opened = openModel(db, model)
  const { marks } = opened
  let { position } = opened
  const apply = model.apply(db)
  // While catching up, live events wait here; what the pages brought already is skipped by position.
  let waiting: Recorded[] | undefined = []

  const take = (events: readonly Recorded[]): void => {
    const fresh = events.filter((event) => event.position > position)
    if (fresh.length === 0) return
    db.exec('BEGIN')
    try {
      for (const event of fresh) apply[event.type]?.(event)
      marks.set(model.name, model.version, fresh.at(-1)!.position)
      db.exec('COMMIT')
    } catch (error) {
      db.exec('ROLLBACK')
      throw error
    }
    position = fresh.at(-1)!.position
  }

  const catchUp = async (): Promise<void> => {
    waiting ??= []
    for (;;) {
      const page = await log.all({ after: position, categories: model.categories, limit: pageSize })
      take(page)
      if (page.length < pageSize) break
    }
    take(waiting)
    waiting = undefined
  }

  const live = (events: readonly Recorded[]): void => {
    if (waiting) return void waiting.push(...events)
    try {
      take(events)
    } catch (error) {
      onFault(error)
      // The events are in the log: read them again from the checkpoint, once the stack is clear.
      void catchUp().catch(onFault)
    }
  }

  const feed = log.subscribe(model.categories, live)
  try {
    await catchUp()
  } catch (error) {
    feed[Symbol.dispose]()
    throw error
  }
  return feed
}
