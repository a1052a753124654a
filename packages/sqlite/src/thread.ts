import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { Batch, Procedures, Results } from './index.ts'

const port = parentPort!
const { path, procedures } = workerData as { path: string; procedures: string }
const { default: open } = (await import(procedures)) as { default: (db: DatabaseSync) => Procedures }

/** Milliseconds to wait for another process's turn at the file: a rebuilding of it, at the worst. */
const patience = 30_000
const betweenTries = 10
const sleeper = new Int32Array(new SharedArrayBuffer(4))

// With the timeout set before the first statement: the first may already find the file in another's hands.
const db = new DatabaseSync(path, { timeout: patience })

/** SQLite waits its timeout for nearly every lock, but not for the one that makes a new file's log WAL. */
const patiently = (sql: string): void => {
  for (let left = patience / betweenTries; ; left--)
    try {
      return db.exec(sql)
    } catch (error) {
      // SQLITE_BUSY (5), whatever its extension.
      if (((error as { errcode?: number }).errcode ?? 0) % 256 !== 5 || left === 0) throw error
      Atomics.wait(sleeper, 0, 0, betweenTries)
    }
}

// FULL: a commit that returned is on the disk. secure_delete: what is deleted is overwritten, not just forgotten.
// Pages of 16 KiB: a commit of thirty records writes two or three of them, where it would write a dozen of SQLite's 4 KiB.
patiently('PRAGMA page_size=16384; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON')
const { reads, writes, outside, undone } = open(db)

type Run = (...args: readonly unknown[]) => unknown
const table = (procedures: object) => new Map(Object.entries(procedures)) as Map<string, Run>
const read = table(reads)
const alone = table(outside)
const all = table({ ...reads, ...writes, ...outside })
const begin = db.prepare('BEGIN IMMEDIATE')
const commit = db.prepare('COMMIT')
const noneFailed: Results['failed'] = new Map()

const undo = (sql: string) => {
  db.exec(sql)
  undone?.()
}

const call: Run = (name, args) => {
  const run = all.get(name as string)
  if (!run) throw new Error(`no procedure ${String(name)}`)
  return run(...(args as readonly unknown[]))
}

/** Runs one call in a savepoint of its own: used only after a call of the batch failed. */
const guarded: Run = (name, args) => {
  // A full disk can end the whole transaction under us; a savepoint would then begin, and commit, one of its own.
  if (!db.isTransaction) throw new Error('the transaction was lost')
  db.exec('SAVEPOINT call')
  try {
    return call(name, args)
  } catch (error) {
    undo('ROLLBACK TO call')
    throw error
  } finally {
    db.exec('RELEASE call')
  }
}

/** Each call on its own: what one throws is its alone. */
const each = ({ names, args }: Batch, run: Run): Results => {
  const failed = new Map<number, unknown>()
  const values = names.map((name, index) => {
    try {
      return run(name, args[index])
    } catch (error) {
      failed.set(index, error)
      return undefined
    }
  })
  return { values, failed }
}

/**
 * The common case costs no savepoints: the batch runs bare, and only when one of its calls throws is everything undone
 * and run again with each call guarded. Nothing was answered before, so nothing is seen twice.
 */
const transaction = (batch: Batch): Results => {
  try {
    begin.run()
    let results: Results
    try {
      results = { values: batch.names.map((name, index) => call(name, batch.args[index])), failed: noneFailed }
    } catch {
      undo('ROLLBACK')
      begin.run()
      results = each(batch, guarded)
    }
    commit.run()
    return results
  } catch (error) {
    // The commit failed (disk full, I/O error): nothing of the batch happened, so every call of it failed.
    if (db.isTransaction) db.exec('ROLLBACK')
    undone?.()
    return { values: [], failed: new Map(batch.names.map((_, index) => [index, error])) }
  }
}

const together = (batch: Batch): Results =>
  batch.names.every((name) => read.has(name)) ? each(batch, call) : transaction(batch)

/** What runs outside a transaction parts the batch: the calls before it, itself, the calls after it. */
const parted = ({ names, args }: Batch): Results => {
  const parts: Batch[] = []
  names.forEach((name, index) => {
    const before = names[index - 1]
    if (before === undefined || alone.has(name) || alone.has(before)) parts.push({ names: [], args: [] })
    parts.at(-1)!.names.push(name)
    parts.at(-1)!.args.push(args[index]!)
  })
  const values: unknown[] = []
  const failed = new Map<number, unknown>()
  for (const part of parts) {
    const results = alone.has(part.names[0]!) ? each(part, call) : together(part)
    for (const [index, error] of results.failed) failed.set(values.length + index, error)
    for (const index of part.names.keys()) values.push(results.values[index])
  }
  return { values, failed }
}

port.on('message', (message: Batch | 'close') => {
  if (message === 'close') {
    db.close()
    port.close()
    return
  }
  port.postMessage(message.names.some((name) => alone.has(name)) ? parted(message) : together(message))
})
port.postMessage('open')
