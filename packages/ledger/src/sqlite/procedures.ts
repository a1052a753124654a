import type { DatabaseSync } from 'node:sqlite'
import { category } from '../event-log.ts'
import { reading } from './reading.ts'
import { openSchema } from './schema.ts'

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

/** What is remembered of a stream: how its rows begin, and the revision of its last fact, or absent, or erased. */
interface Head {
  readonly id: number
  readonly category: number
  at: number
}
const rememberedHeads = 20_000

/** What the ledger does inside the thread of its database. Revisions are checked here, where nothing comes between. */
export default (db: DatabaseSync) => {
  openSchema(db)
  const { categoryId, ...reads } = reading(db)
  const addCategory = db.prepare('INSERT INTO categories (name) VALUES (?)')
  const addStream = db.prepare('INSERT INTO streams (name, category) VALUES (?, ?)')
  const streamNamed = db.prepare(
    `SELECT id, category, iif(erased, ${erased}, coalesce((SELECT revision + count - 1 FROM runs
      WHERE stream = streams.id ORDER BY revision DESC LIMIT 1), ${absent})) AS at FROM streams WHERE name = ?`,
  )
  const addRun = db.prepare('INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?)')
  const deleteRuns = db.prepare('DELETE FROM runs WHERE stream = ?')
  const closeStream = db.prepare('UPDATE streams SET erased = 1 WHERE id = ?')
  const markErasure = db.prepare('INSERT INTO erasures VALUES (?)')
  const emptyLog = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)')

  let position = reads.head()
  /** In the order of their last appends. */
  let heads = new Map<string, Head>()

  const found = (stream: string) => streamNamed.get(stream) as Head | undefined
  const begun = (stream: string): Head => {
    const name = category(stream)
    const id = categoryId(name) ?? Number(addCategory.run(name).lastInsertRowid)
    return { id: Number(addStream.run(stream, id).lastInsertRowid), category: id, at: absent }
  }
  const remember = (stream: string, head: Head) => {
    if (!heads.delete(stream) && heads.size >= rememberedHeads) heads.delete(heads.keys().next().value!)
    heads.set(stream, head)
  }

  /** Where the last of `facts` stands, if just these facts follow `expected` in the stream already. */
  const again = (stream: string, expected: number, facts: readonly string[]): Outcome | undefined => {
    const there = reads.read(stream, expected + 1, facts.length).flatMap(([position, , revision, , body]) =>
      (JSON.parse(body) as { id: string }[]).map(({ id }, index) => ({
        id,
        revision: revision + index,
        position: position + index,
      })),
    )
    const same = there.filter(({ revision }) => revision > expected && revision <= expected + facts.length)
    const last = same.at(-1)
    const ids = facts.map((fact) => (JSON.parse(fact) as { id: string }).id)
    if (!last || JSON.stringify(same.map(({ id }) => id)) !== JSON.stringify(ids)) return undefined
    return { revision: last.revision, position: last.position, again: true }
  }

  return {
    reads,
    writes: {
      append: (stream: string, expected: number, facts: readonly string[]): Outcome => {
        const known = heads.get(stream) ?? found(stream)
        const at = known?.at ?? absent
        if (at === erased) return { actual: erased }
        if (expected !== any && expected !== at) return again(stream, expected, facts) ?? { actual: at }
        const to = known ?? begun(stream)
        addRun.run(position + 1, to.id, at + 1, to.category, facts.length, `[${facts.join(',')}]`)
        position += facts.length
        to.at += facts.length
        remember(stream, to)
        return { revision: to.at, position }
      },
      erase: (stream: string): void => {
        const there = found(stream)
        if (!there || there.at === erased) return
        deleteRuns.run(there.id)
        closeStream.run(there.id)
        markErasure.run(position)
        heads.delete(stream)
      },
    },
    outside: {
      /** Empties the write-ahead log, which may still hold what was deleted. Throws while another process reads. */
      truncate: (): void => {
        const { busy } = emptyLog.get() as { busy: number }
        if (busy) throw new Error('another process is reading the ledger: its write-ahead log could not be emptied')
      },
    },
    undone: () => {
      heads = new Map()
      position = reads.head()
    },
  }
}
