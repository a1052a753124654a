import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { Call, Procedures, Results } from './index.ts'

const port = parentPort!
const { path, procedures } = workerData as { path: string; procedures: string }
const { default: open } = (await import(procedures)) as { default: (db: DatabaseSync) => Procedures }

const db = new DatabaseSync(path)
// FULL: a commit that returned is on the disk. secure_delete: what is deleted is overwritten, not just forgotten.
db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA busy_timeout=10000')
const { reads, writes, outside } = open(db)

type Run = (...args: readonly unknown[]) => unknown
const read = new Map(Object.entries(reads)) as Map<string, Run>
const write = new Map(Object.entries(writes)) as Map<string, Run>
const alone = new Map(Object.entries(outside)) as Map<string, Run>
const begin = db.prepare('BEGIN IMMEDIATE')
const commit = db.prepare('COMMIT')

const attempt = (run: Run, args: readonly unknown[]): Results[number] => {
  try {
    return { value: run(...args) }
  } catch (error) {
    return { error }
  }
}

/** Runs one call in a savepoint of its own: used only after a call of the batch failed. */
const guarded = ([name, args]: Call): Results[number] => {
  const run = read.get(name) ?? write.get(name)
  if (!run) return { error: new Error(`no procedure ${name}`) }
  db.exec('SAVEPOINT call')
  const result = attempt(run, args)
  if ('error' in result) db.exec('ROLLBACK TO call')
  db.exec('RELEASE call')
  return result
}

/**
 * The common case costs no savepoints: the batch runs bare, and only when one of its calls throws is everything undone
 * and run again with each call guarded. Nothing was answered before, so nothing is seen twice.
 */
const transaction = (calls: readonly Call[]): Results => {
  begin.run()
  try {
    let results: Results
    try {
      results = calls.map(([name, args]) => ({ value: (read.get(name) ?? write.get(name)!)(...args) }))
    } catch {
      db.exec('ROLLBACK')
      begin.run()
      results = calls.map(guarded)
    }
    commit.run()
    return results
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    // The commit failed (disk full, I/O error): nothing of the batch happened, so every call of it failed.
    return calls.map(() => ({ error }))
  }
}

const batch = (calls: readonly Call[]): Results => {
  if (calls.some(([name]) => alone.has(name)))
    // Rare and slow by nature; one at a time keeps the order of the calls.
    return calls.map((call) => (alone.has(call[0]) ? attempt(alone.get(call[0])!, call[1]) : transaction([call])[0]!))
  if (calls.some(([name]) => !read.has(name))) return transaction(calls)
  return calls.map(([name, args]) => attempt(read.get(name)!, args))
}

port.on('message', (message: readonly Call[] | 'close') => {
  if (message === 'close') {
    db.close()
    port.close()
    return
  }
  port.postMessage(batch(message))
})
port.postMessage('open')
