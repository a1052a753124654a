import type { DatabaseSync } from 'node:sqlite'
import { category } from '../event-log.ts'

/**
 * A row holds a *run*: facts of one stream that were appended together, as a JSON array, under the position and the
 * revision of its first. The records of 64 requests are one insert and fill whole pages, which nearly halves their cost.
 * Whoever appends from an outdated head begins its run where another began: both keys of the table refuse it.
 *
 * The trail is nearly all of the log. Its category, 0, costs no byte in a row, and `changes` is a *partial* index that
 * leaves the trail's millions out: whoever follows the changes steps over them, and a record on the trail pays nothing.
 */
const schema = `
  CREATE TABLE categories (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  INSERT INTO categories VALUES (0, 'trail');
  CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, category INTEGER NOT NULL,
    erased INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE TABLE runs (position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, revision INTEGER NOT NULL,
    category INTEGER NOT NULL, count INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (stream, revision)) STRICT;
  CREATE INDEX changes ON runs (position, category) WHERE category <> 0;
  CREATE TABLE erasures (position INTEGER NOT NULL) STRICT;
  PRAGMA user_version = 1`
const trail = 0

/** A run on its way to whoever reads. */
export type Run = readonly [position: number, stream: string, revision: number, count: number, body: string]
/**
 * Where the last fact of an append stands (`again`: it stood there before); or where the stream is instead of where it
 * was expected.
 */
export type Outcome =
  { readonly revision: number; readonly position: number; readonly again?: true } | { readonly actual: number }

/** Revisions that are none. */
export const absent = -1
export const erased = -2
/** The expectation that always holds. */
export const any = -3

interface Head {
  readonly id: number
  readonly category: number
  /** Revision of the last fact, or absent, or erased. */
  at: number
}
const rememberedHeads = 20_000

export default (db: DatabaseSync) => {
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
  if (version > 1) throw new Error('this ledger was written by a later version of keyledger')
  if (version === 0) db.exec(`BEGIN IMMEDIATE; ${schema}; COMMIT`)
  // Whoever commits what makes it 200 pages copies them to their places first. So often, because it is done before the
  // commit is answered: 200 pages cost it 2 ms, the usual 1000 cost 15, and no checkpoint at all is no faster.
  db.exec('PRAGMA wal_autocheckpoint = 200')

  const categoryNamed = db.prepare('SELECT id FROM categories WHERE name = ?')
  const addCategory = db.prepare('INSERT INTO categories (name) VALUES (?)')
  const streamNamed = db.prepare(
    `SELECT id, category, erased, (SELECT revision + count - 1 FROM runs WHERE stream = streams.id
      ORDER BY revision DESC LIMIT 1) AS at FROM streams WHERE name = ?`,
  )
  const addStream = db.prepare('INSERT INTO streams (name, category) VALUES (?, ?)')
  const streamsNamed = db.prepare('SELECT name FROM streams WHERE name >= ? AND name < ? AND NOT erased ORDER BY name')
  const insert = db.prepare('INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?)')
  // Positions are never given twice, not even when the last facts were erased.
  const lastPosition = db.prepare(
    `SELECT max(coalesce((SELECT position + count - 1 FROM runs ORDER BY position DESC LIMIT 1), 0),
                coalesce((SELECT max(position) FROM erasures), 0)) AS position`,
  )
  const runs = (sql: string) => {
    const statement = db.prepare(`SELECT position, name, revision, count, body FROM ${sql}`)
    statement.setReturnArrays(true)
    return statement
  }
  // Each begins with the run that may hold the fact asked for in its middle.
  const ofStream = runs(
    `runs JOIN streams ON streams.id = runs.stream WHERE stream = ?1 AND revision >=
      coalesce((SELECT max(revision) FROM runs WHERE stream = ?1 AND revision <= ?2), 0) ORDER BY revision`,
  )
  const from = 'coalesce((SELECT max(position) FROM runs WHERE position <= ?1), 0)'
  const ofChanges = runs(
    `runs INDEXED BY changes JOIN streams ON streams.id = runs.stream WHERE position >= ${from} AND runs.category <> 0
      AND runs.category IN (SELECT value FROM json_each(?2)) ORDER BY position`,
  )
  const ofAll = runs(
    `runs JOIN streams ON streams.id = runs.stream WHERE position >= ${from}
      AND runs.category IN (SELECT value FROM json_each(?2)) ORDER BY position`,
  )
  const eraseRuns = db.prepare('DELETE FROM runs WHERE stream = ?')
  const close = db.prepare('UPDATE streams SET erased = 1 WHERE id = ?')
  const markErasure = db.prepare('INSERT INTO erasures VALUES (?)')
  const truncate = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)')

  const last = () => (lastPosition.get() as { position: number }).position
  let position = last()
  let heads = new Map<string, Head>()

  const found = (stream: string): Head | undefined => {
    const row = streamNamed.get(stream) as
      { id: number; category: number; erased: number; at: number | null } | undefined
    return row && { id: row.id, category: row.category, at: row.erased ? erased : (row.at ?? absent) }
  }
  const begun = (stream: string): Head => {
    const name = category(stream)
    const known = categoryNamed.get(name) as { id: number } | undefined
    const id = known?.id ?? Number(addCategory.run(name).lastInsertRowid)
    return { id: Number(addStream.run(stream, id).lastInsertRowid), category: id, at: absent }
  }
  /** The stream least recently appended to stands first in the map, and is forgotten first. */
  const remember = (stream: string, head: Head) => {
    if (!heads.delete(stream) && heads.size >= rememberedHeads) heads.delete(heads.keys().next().value!)
    heads.set(stream, head)
  }

  /** Of rows in order, those that reach into `count` facts after those that `skip` says to leave out. */
  const page = (rows: Iterable<unknown>, count: number, left: (run: Run) => number): Run[] => {
    const taken: Run[] = []
    let facts = 0
    if (count > 0)
      for (const row of rows as Iterable<Run>) {
        const fresh = left(row)
        if (fresh <= 0) continue
        taken.push(row)
        facts += fresh
        if (facts >= count) break
      }
    return taken
  }
  const read = (stream: string, first: number, limit: number): Run[] => {
    const head = found(stream)
    if (!head) return []
    return page(
      ofStream.iterate(head.id, first),
      limit,
      ([, , revision, count]) => revision + count - Math.max(first, revision),
    )
  }
  /** Where the last of `facts` stands if they follow `expected` in the stream already, the same facts in the same order. */
  const before = (stream: string, expected: number, facts: readonly string[]): Outcome | undefined => {
    const there = read(stream, expected + 1, facts.length).flatMap(([position, , revision, , body]) =>
      (JSON.parse(body) as { id: string }[]).map(({ id }, index) => ({
        id,
        position: position + index,
        revision: revision + index,
      })),
    )
    const same = there.filter(({ revision }) => revision > expected).slice(0, facts.length)
    const ids = facts.map((fact) => (JSON.parse(fact) as { id: string }).id)
    if (same.length < ids.length || !same.every(({ id }, index) => id === ids[index])) return undefined
    const { revision, position } = same.at(-1)!
    return { revision, position, again: true }
  }

  return {
    reads: {
      read,
      all: (after: number, categories: readonly string[], limit: number): Run[] => {
        const ids = categories.flatMap((name) => (categoryNamed.get(name) as { id: number } | undefined)?.id ?? [])
        const rows = ids.includes(trail) ? ofAll : ofChanges
        return page(
          rows.iterate(after, JSON.stringify(ids)),
          limit,
          ([position, , , count]) => position + count - 1 - Math.max(after, position - 1),
        )
      },
      head: last,
      streams: (prefix: string) =>
        (streamsNamed.all(prefix, `${prefix}\u{10ffff}`) as { name: string }[]).map(({ name }) => name),
    },
    writes: {
      append: (stream: string, expected: number, facts: readonly string[]): Outcome => {
        const known = heads.get(stream) ?? found(stream)
        const at = known?.at ?? absent
        if (at === erased) return { actual: erased }
        if (expected !== any && expected !== at) return before(stream, expected, facts) ?? { actual: at }
        const to = known ?? begun(stream)
        insert.run(position + 1, to.id, at + 1, to.category, facts.length, `[${facts.join(',')}]`)
        position += facts.length
        to.at += facts.length
        remember(stream, to)
        return { revision: to.at, position }
      },
      erase: (stream: string): void => {
        const head = found(stream)
        if (!head || head.at === erased) return
        eraseRuns.run(head.id)
        close.run(head.id)
        markErasure.run(position)
        heads.delete(stream)
      },
    },
    outside: {
      /** Empties the write-ahead log, which may hold what was deleted. Throws while another process reads. */
      truncate: (): void => {
        const { busy } = truncate.get() as { busy: number }
        if (busy) throw new Error('the write-ahead log is in use')
      },
    },
    undone: () => {
      heads = new Map()
      position = last()
    },
  }
}
