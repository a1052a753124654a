import type { DatabaseSync } from 'node:sqlite'
import { reactions, reactionsTo } from '@keyledger/keys'
import type { ReadModel } from '@keyledger/ledger'

/**
 * What is due, folded from the ledger by the table of reactions: so nothing that is due can be lost, and a start need
 * not look at every key. A row goes when its job has succeeded; until then every start finds it again.
 */
export const dueWork: ReadModel = {
  name: 'DueWork',
  version: 1,
  tables: ['due'],
  schema: `CREATE TABLE IF NOT EXISTS due(
    at INTEGER NOT NULL, job TEXT NOT NULL, stream TEXT NOT NULL, PRIMARY KEY (at, job, stream)
  ) WITHOUT ROWID`,
  categories: ['key'],
  apply: (db) => {
    const insert = db.prepare('INSERT OR IGNORE INTO due(at, job, stream) VALUES (?, ?, ?)')
    return Object.fromEntries(
      Object.keys(reactions).map((type) => [
        type,
        (event) => {
          for (const { job, at } of reactionsTo(event, Date.parse(event.time))) insert.run(at, job, event.stream)
        },
      ]),
    )
  },
}

export interface Due {
  readonly at: number
  readonly job: string
  readonly stream: string
}

/** Rows read at a time. */
export const duePage = 10_000

/** The rows of {@link dueWork}, and how far the sweep of orphans has come. */
export const dueRows = (db: DatabaseSync) => {
  db.exec('CREATE TABLE IF NOT EXISTS sweep(only INTEGER PRIMARY KEY CHECK (only = 1), after INTEGER NOT NULL)')
  const until = db.prepare('SELECT at, job, stream FROM due WHERE at <= ? ORDER BY at LIMIT ?')
  const remove = db.prepare('DELETE FROM due WHERE at = ? AND job = ? AND stream = ?')
  const swept = db.prepare('SELECT after FROM sweep')
  const setSwept = db.prepare('INSERT OR REPLACE INTO sweep VALUES (1, ?)')
  return {
    /** What is due until `time`, the earliest first. */
    until: (time: number) => until.all(time, duePage) as unknown as readonly Due[],
    done: ({ at, job, stream }: Due) => void remove.run(at, job, stream),
    swept: () => (swept.get() as { after: number } | undefined)?.after,
    setSwept: (after: number) => void setSwept.run(after),
  }
}
