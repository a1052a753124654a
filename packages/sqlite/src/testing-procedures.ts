import type { DatabaseSync } from 'node:sqlite'

/** What the tests of this package do to a database. */
export default (db: DatabaseSync) => {
  db.exec(`CREATE TABLE IF NOT EXISTS words (word TEXT PRIMARY KEY) STRICT;
    CREATE TABLE IF NOT EXISTS rhymes (of TEXT REFERENCES words DEFERRABLE INITIALLY DEFERRED) STRICT`)
  const insert = db.prepare('INSERT INTO words VALUES (?)')
  const select = db.prepare('SELECT word FROM words ORDER BY rowid')
  const rhyme = db.prepare('INSERT INTO rhymes VALUES (?)')
  let remembered = 0
  let turn = 0
  /** The same number for all that runs in one go: for all of one batch. */
  const batch = () => {
    const now = turn
    queueMicrotask(() => (turn = now + 1))
    return now
  }
  return {
    reads: {
      words: () => (select.all() as { word: string }[]).map(({ word }) => word),
      remembered: () => remembered,
    },
    writes: {
      add: (word: string) => {
        insert.run(word)
        remembered++
        return batch()
      },
      addAll: (words: readonly string[]) => words.forEach((word) => insert.run(word)),
      addAndFail: (word: string) => {
        insert.run(word)
        throw new RangeError(`not ${word}`)
      },
      /** Breaks a constraint that is looked at only when the batch commits. */
      rhyme: (word: string) => void rhyme.run(word),
      take: (...anything: unknown[]) => anything.length,
    },
    outside: {
      vacuum: () => db.exec('VACUUM'),
      die: () => process.exit(),
    },
    undone: () => (remembered = 0),
  }
}
