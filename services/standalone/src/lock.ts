import { DatabaseSync } from 'node:sqlite'

/** The data folder is in use by another house. */
export class BusyFault extends Error {}

/**
 * Keeps a second house out of the folder: an open exclusive transaction on a file of its own. The operating system
 * lets go of it when the process ends, however it ends; so there is never a stale lock to clear by hand.
 */
export const lock = (path: string, folder: string): Disposable => {
  const db = new DatabaseSync(path)
  try {
    db.exec('PRAGMA journal_mode=DELETE; PRAGMA busy_timeout=0; BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    // SQLITE_BUSY (5); anything else is no other house but a disk or a permission.
    if ((error as { errcode?: number }).errcode !== 5) throw error
    throw new BusyFault(`another keyledger is running on the data folder ${folder}`)
  }
  return { [Symbol.dispose]: () => db.close() }
}
