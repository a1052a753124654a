import { openSync, readSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'

/**
 * Makes what was deleted from a SQLite file leave the file. Deleting alone does not: secure_delete zeroes a deleted
 * cell, but when SQLite balances its tree it packs cells onto other pages and leaves copies of them in the gaps of the
 * old ones (measured: one deleted row in a thousand was still there); and the log holds pages as they were before.
 *
 * So every transaction that deletes takes the next number in `vault.deletions`, and `vault.erased` follows once no file
 * holds what it deleted. A vault that opens with the two apart was killed in between, and erases first.
 */

/** A transaction that deleted: its number, and the wraps it did away with. */
export interface Deletion {
  readonly number: number
  readonly wraps: readonly Uint8Array[]
}

/**
 * The last bytes of a wrap are its tag, which in GCM-SIV is the cipher's IV too: with as much as one bit of it gone,
 * nothing is left to open. Looking for the tag is looking for every copy that could still matter.
 */
const tagLength = 16
const chunkLength = 1 << 20
/** How often a checkpoint is tried while others are at it, and how many milliseconds apart. */
const checkpoints = 200
const betweenCheckpoints = 50
const sleeper = new Int32Array(new SharedArrayBuffer(4))
// Searching costs one pass each, rebuilding costs about five passes whatever was deleted.
const worthSearching = 8

/** Whether a file holds any of these needles, each `tagLength` long. */
const search = (path: string) => {
  // Opened once and closed with the thread: closing any descriptor of a file drops SQLite's own POSIX locks on it
  // (https://sqlite.org/howtocorrupt.html, 2.2).
  const file = openSync(path, 'r')
  return (needles: readonly Uint8Array[]): boolean => {
    const chunk = Buffer.alloc(chunkLength)
    for (let position = 0; ; position += chunkLength - tagLength) {
      const length = readSync(file, chunk, 0, chunkLength, position)
      const bytes = chunk.subarray(0, length)
      if (needles.some((needle) => bytes.indexOf(needle) >= 0)) return true
      if (length < chunkLength) return false
    }
  }
}

export const erasing = (db: DatabaseSync) => {
  const path = db.location()
  if (path === null) throw new Error('a vault needs a file')
  const holds = search(path)
  const next = db.prepare('UPDATE vault SET deletions = deletions + 1 RETURNING deletions AS number')
  const counts = db.prepare('SELECT deletions, erased FROM vault')
  const settle = db.prepare('UPDATE vault SET erased = ?')
  const truncate = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)')

  const checkpoint = () => {
    // What another process writes from here on it makes of pages that this has brought to their places: had they still held
    // what was deleted, it would be found there. SQLite waits for readers and writers itself, not for another checkpoint.
    for (let left = checkpoints; (truncate.get() as { busy: number }).busy !== 0; left--) {
      if (left === 0) throw new Error(`${path} is in use elsewhere: its log cannot be erased`)
      Atomics.wait(sleeper, 0, 0, betweenCheckpoints)
    }
  }

  const state = () => counts.get() as { deletions: number; erased: number }

  return {
    /** Inside the transaction that deletes. */
    deletion: (wraps: readonly Uint8Array[]): Deletion => ({ ...(next.get() as { number: number }), wraps }),

    /** The number to erase up to when there was nothing left to delete: an earlier try may not have come to its end. */
    deletions: () => state().deletions,

    /**
     * Returns when no file holds what the transactions up to number `upTo` deleted; `known` is what the caller remembers
     * of them. What nobody remembers cannot be searched for: then the file is built anew from what is live.
     * Throws while another process reads the file.
     */
    erase: (upTo: number, known: readonly Deletion[]): 'erased' | 'rebuilt' => {
      const { deletions, erased } = state()
      if (erased >= upTo) return 'erased'
      checkpoint()
      const remembered = new Set(known.map(({ number }) => number))
      const tags = known.flatMap(({ wraps }) => wraps.map((wrap) => wrap.subarray(-tagLength)))
      let sure = tags.length <= worthSearching
      for (let number = erased + 1; number <= upTo; number++) sure &&= remembered.has(number)
      sure &&= !holds(tags)
      if (!sure) {
        db.exec('VACUUM')
        checkpoint()
      }
      settle.run(sure ? upTo : deletions)
      checkpoint()
      return sure ? 'erased' : 'rebuilt'
    },
  }
}
