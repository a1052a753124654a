import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseSync } from 'node:sqlite'

/** The data folder is in use by another house. */
export class BusyFault extends Error {}

/**
 * An open exclusive transaction on a file of its own; undefined where another process has one. The operating system lets
 * go of it when the process ends, however it ends; so there is never a stale lock to clear by hand.
 */
const held = (path: string): Disposable | undefined => {
  const db = new DatabaseSync(path)
  try {
    db.exec('PRAGMA journal_mode=DELETE; PRAGMA busy_timeout=0; BEGIN EXCLUSIVE')
    return { [Symbol.dispose]: () => db.close() }
  } catch (error) {
    db.close()
    // SQLITE_BUSY (5); anything else is no other house but a disk or a permission.
    if ((error as { errcode?: number }).errcode !== 5) throw error
    return undefined
  }
}

/** Keeps a second house out of the folder. */
export const lock = (path: string, folder: string): Disposable => {
  const got = held(path)
  if (!got) throw new BusyFault(`another keyledger is running on the data folder ${folder}`)
  return got
}

/** Milliseconds between two looks whether the other process is done: of the system's clock, as is its work. */
const patience = 50

/** Waits until no other process has the lock. Rejects when `signal` aborts. */
export const turn = async (path: string, signal: AbortSignal | undefined): Promise<Disposable> => {
  for (;;) {
    signal?.throwIfAborted()
    const got = held(path)
    if (got) return got
    await sleep(patience, undefined, signal ? { signal } : {})
  }
}
