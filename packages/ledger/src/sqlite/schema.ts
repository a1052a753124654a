import type { DatabaseSync } from 'node:sqlite'

/**
 * A row holds a *run*: facts of one stream that were appended together, as a JSON array, under the position and the
 * revision of its first. The records of 64 requests are one insert and fill whole pages, which saves a third of their
 * cost. Whoever appends from an outdated head begins its run where another began: both keys of the table refuse it.
 *
 * The trail is nearly all of the log. Its category, 0, costs no byte in a row, and `changes` is a *partial* index that
 * leaves the trail's millions out: whoever follows the changes steps over them, and a record on the trail pays nothing.
 */
const tables = `
  CREATE TABLE categories (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  INSERT INTO categories VALUES (0, 'trail');
  CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, category INTEGER NOT NULL,
    erased INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE TABLE runs (position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, revision INTEGER NOT NULL,
    category INTEGER NOT NULL, count INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (stream, revision)) STRICT;
  CREATE INDEX changes ON runs (position, category) WHERE category <> 0;
  CREATE TABLE erasures (position INTEGER NOT NULL) STRICT`
export const trailCategory = 0

const today = 1

/** A run on its way to whoever reads. */
export type Run = readonly [position: number, stream: string, revision: number, count: number, body: string]

/** Makes the tables in an empty file. Throws if a later program wrote the file. */
export const openSchema = (db: DatabaseSync): void => {
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
  if (version > today) throw new Error('this ledger was written by a later version of keyledger')
  if (version < today) db.exec(`BEGIN IMMEDIATE; ${tables}; PRAGMA user_version = ${today}; COMMIT`)
  // Whoever commits what makes the write-ahead log so long copies it to its place before it is answered. Hence so short:
  // with 200 pages the slowest of 100 commits of 32 records takes 6 ms and the slowest of all 17; with SQLite's 1000, 9
  // and 50; without any checkpoint still 6 and 20, as that is the disk.
  db.exec('PRAGMA wal_autocheckpoint = 200')
}
