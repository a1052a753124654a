import type { DatabaseSync } from 'node:sqlite'
import { type Reaction, reactions, reactionsTo } from '@keyledger/keys'
import type { ReadModel } from '@keyledger/ledger'
import type { Job } from '@keyledger/messaging'

/** One thing to be done, as one event asked for it. */
export interface Due {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly job: Reaction['job']
  /** The key's stream. */
  readonly stream: string
  /** Of the event, in the stream and in the log. */
  readonly revision: number
  readonly position: number
  /** With whom: the region that a reaction names; '' where it names none. */
  readonly detail: string
}

/** What tells one from all others. */
export type DueName = Pick<Due, 'job' | 'stream' | 'revision' | 'detail'>

/** The same in every process that follows the ledger, and never the same for two events. */
export const idOf = ({ job, stream, revision, detail }: DueName): string =>
  `${job} ${stream} ${revision}${detail === '' ? '' : ` ${detail}`}`

/** Jobs of one key do not overlap: they would only make each other decide again. */
export const jobOf = (due: Due): Job => ({ id: idOf(due), name: due.job, at: due.at, group: due.stream, data: due })

/**
 * What is due, folded from the ledger by the table of reactions: so nothing that is due can be lost, and a start need
 * not look at every key. A row goes when its job has succeeded; until then it is handed over again and again.
 * `added` hears of every row, with its time.
 */
export const dueWork = (added: (at: number) => void): ReadModel => ({
  name: 'DueWork',
  version: 2,
  tables: ['due'],
  // `handed`: when the row was handed over as a job, milliseconds since the epoch; 0: it waits.
  schema: `CREATE TABLE IF NOT EXISTS due(
      at INTEGER NOT NULL, job TEXT NOT NULL, stream TEXT NOT NULL, revision INTEGER NOT NULL, position INTEGER NOT NULL,
      detail TEXT NOT NULL DEFAULT '', handed INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (stream, revision, job, detail)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS due_waiting ON due(at) WHERE handed = 0;
    CREATE INDEX IF NOT EXISTS due_handed ON due(handed) WHERE handed > 0`,
  categories: ['key'],
  apply: (db) => {
    const insert = db.prepare(
      'INSERT OR IGNORE INTO due(at, job, stream, revision, position, detail) VALUES (?, ?, ?, ?, ?, ?)',
    )
    return Object.fromEntries(
      Object.keys(reactions).map((type) => [
        type,
        (event) => {
          for (const { job, at, region = '' } of reactionsTo(event, Date.parse(event.time))) {
            insert.run(at, job, event.stream, event.revision, event.position, region)
            added(at)
          }
        },
      ]),
    )
  },
})

/** Rows read at a time. */
const page = 1000

/** The rows of {@link dueWork}, and how far the sweep of orphans has come. */
export const dueRows = (db: DatabaseSync) => {
  db.exec('CREATE TABLE IF NOT EXISTS sweep(only INTEGER PRIMARY KEY CHECK (only = 1), after INTEGER NOT NULL)')
  const columns = 'at, job, stream, revision, position, detail'
  const same = 'stream = ? AND revision = ? AND job = ? AND detail = ?'
  const waiting = db.prepare(`SELECT ${columns} FROM due WHERE handed = 0 AND at <= ? ORDER BY at LIMIT ${page}`)
  const next = db.prepare('SELECT min(at) AS at FROM due WHERE handed = 0')
  const hand = db.prepare(`UPDATE due SET handed = ? WHERE ${same}`)
  const handed = db.prepare('SELECT 1 FROM due WHERE handed > 0 LIMIT 1')
  const forget = db.prepare('UPDATE due SET handed = 0 WHERE handed > 0 AND handed <= ?')
  const remove = db.prepare(`DELETE FROM due WHERE ${same}`)
  const find = db.prepare(`SELECT ${columns} FROM due WHERE ${same}`)
  const done = db.prepare('DELETE FROM due WHERE stream = ? AND job = ? AND detail = ? AND at <= ? AND position <= ?')
  const overdue = db.prepare(
    'SELECT (SELECT count(*) FROM due WHERE handed = 0 AND at <= ?) + (SELECT count(*) FROM due WHERE handed > 0) AS count',
  )
  const swept = db.prepare('SELECT after FROM sweep')
  const setSwept = db.prepare('INSERT OR REPLACE INTO sweep VALUES (1, ?)')

  const together = (act: () => void) => {
    db.exec('BEGIN IMMEDIATE')
    try {
      act()
      db.exec('COMMIT')
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
  }
  return {
    /** Some of what is due at `time` and not handed over, the earliest first; none: nothing is. */
    waiting: (time: number) => waiting.all(time) as unknown as readonly Due[],
    /** When the next row that is not handed over falls due. */
    next: () => (next.get() as { at: number | null }).at ?? Infinity,
    /** Whether some row is handed over and not done. */
    anyHanded: () => handed.get() !== undefined,
    /** Rows that are handed over at `time`; 0: they wait again. */
    hand: (rows: readonly Due[], time: number) =>
      together(() => {
        for (const { stream, revision, job, detail } of rows) hand.run(time, stream, revision, job, detail)
      }),
    /** What was handed over at `time` or before waits again. */
    forget: (time: number) => void forget.run(time),
    /** What is still to be done, as the ledger asked for it. */
    find: ({ stream, revision, job, detail }: DueName) =>
      find.get(stream, revision, job, detail) as unknown as Due | undefined,
    /** The job succeeded; what else asked for the same until `at`, and stands up to `position` in the log, is done with it. */
    done: ({ stream, job, detail }: Due, at: number, position: number) =>
      void done.run(stream, job, detail, at, position),
    /** Another process did just these. */
    doneElsewhere: (rows: readonly Due[]) =>
      together(() => {
        for (const { stream, revision, job, detail } of rows) remove.run(stream, revision, job, detail)
      }),
    /** How many rows are due at `time` and not done. */
    overdue: (time: number) => (overdue.get(time) as { count: number }).count,
    swept: () => (swept.get() as { after: number } | undefined)?.after,
    setSwept: (after: number) => void setSwept.run(after),
  }
}

export type DueRows = ReturnType<typeof dueRows>
