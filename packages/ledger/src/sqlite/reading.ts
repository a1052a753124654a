import type { DatabaseSync } from 'node:sqlite'
import { type Run, trailCategory } from './schema.ts'

/** Everything that only looks at the tables. */
export const reading = (db: DatabaseSync) => {
  const categoryNamed = db.prepare('SELECT id FROM categories WHERE name = ?')
  const streamsNamed = db.prepare('SELECT name FROM streams WHERE name >= ? AND name < ? AND NOT erased ORDER BY name')
  // Positions are never given twice, not even those of the last facts when they were erased.
  const lastPosition = db.prepare(
    `SELECT max(coalesce((SELECT position + count - 1 FROM runs ORDER BY position DESC LIMIT 1), 0),
                coalesce((SELECT max(position) FROM erasures), 0)) AS position`,
  )
  const runs = (sql: string) => {
    const statement = db.prepare(`SELECT position, name, revision, count, body FROM ${sql}`)
    statement.setReturnArrays(true)
    return statement
  }
  // Each begins with the run that may hold the first fact asked for in its middle.
  const ofStream = runs(
    `streams JOIN runs ON runs.stream = streams.id WHERE name = ?1 AND revision >=
      coalesce((SELECT max(revision) FROM runs WHERE stream = streams.id AND revision <= ?2), 0) ORDER BY revision`,
  )
  const start = 'position >= coalesce((SELECT max(position) FROM runs WHERE position <= ?1), 0)'
  const wanted = 'runs.category IN (SELECT value FROM json_each(?2)) ORDER BY position'
  const ofAll = runs(`runs JOIN streams ON streams.id = runs.stream WHERE ${start} AND ${wanted}`)
  const ofChanges = runs(
    `runs INDEXED BY changes JOIN streams ON streams.id = runs.stream WHERE ${start} AND runs.category <> 0 AND ${wanted}`,
  )

  const categoryId = (name: string) => (categoryNamed.get(name) as { id: number } | undefined)?.id

  return {
    categoryId,
    head: () => (lastPosition.get() as { position: number }).position,
    /** The runs that hold the facts of a stream from revision `from` on, until they hold `limit` of them. */
    read: (stream: string, from: number, limit: number): Run[] =>
      until(
        limit,
        ofStream.iterate(stream, from),
        ([, , revision, count]) => revision + count - Math.max(from, revision),
      ),
    /** The runs that hold the facts of some categories after a position, until they hold `limit` of them. */
    all: (after: number, categories: readonly string[], limit: number): Run[] => {
      const ids = categories.map(categoryId).filter((id) => id !== undefined)
      const rows = ids.includes(trailCategory) ? ofAll : ofChanges
      return until(
        limit,
        rows.iterate(after, JSON.stringify(ids)),
        ([position, , , count]) => position + count - Math.max(after + 1, position),
      )
    },
    streams: (prefix: string): string[] =>
      (streamsNamed.all(prefix, `${prefix}\u{10ffff}`) as { name: string }[]).map(({ name }) => name),
  }
}

/** The first runs that hold `limit` facts of those asked for; `held` says how many of them a run holds. */
const until = (limit: number, rows: Iterable<unknown>, held: (run: Run) => number): Run[] => {
  const taken: Run[] = []
  let facts = 0
  for (const row of rows as Iterable<Run>) {
    if (facts >= limit) break
    const count = held(row)
    if (count <= 0) continue
    taken.push(row)
    facts += count
  }
  return taken
}
