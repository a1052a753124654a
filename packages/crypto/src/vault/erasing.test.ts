import { hash } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import type { Deletion } from './erasing.ts'
import { account, found, likeWrap, region, testFolder, testProcedures } from './support.ts'

const open = (path: string) => {
  const file = testProcedures(path)
  const keep = (name: string) => file.writes.keepFirst(file.key(name), file.material(name))
  return Object.assign(file, { keep })
}

describe('erasing', () => {
  it('finds the copies that SQLite leaves of deleted rows, and makes them go', () => {
    using place = testFolder()
    using vault = open(place.path)
    const alive: string[] = []
    const deletions: Deletion[] = []
    // Keys come and go, which makes SQLite move rows from page to page.
    for (let round = 0; round < 40; round++) {
      vault.db.exec('BEGIN')
      for (let index = 0; index < 50; index++) {
        const name = `${round}.${index}`
        alive.push(name)
        vault.keep(name)
        if (index % 5 < 2) continue
        const [victim] = alive.splice(Number.parseInt(hash('sha256', name).slice(0, 8), 16) % alive.length, 1)
        deletions.push(vault.writes.destroy(region, account, victim!).deletion!)
      }
      vault.db.exec('COMMIT')
    }
    vault.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    const wraps = deletions.flatMap((deletion) => deletion.wraps)
    // If this becomes 0, SQLite has learnt to leave none, and this test needs another way to make one.
    expect(found(place.folder, wraps)).toBeGreaterThan(0)
    // Said of the last deletion only, it must not rely on that alone.
    expect(vault.erase(deletions.length, [deletions.at(-1)!])).toBe('rebuilt')
    expect(found(place.folder, wraps)).toBe(0)
    expect(
      found(
        place.folder,
        alive.map((name) => likeWrap(`${name} key`)),
      ),
    ).toBe(alive.length)
  })

  it('rebuilds the file for one deletion only if a copy of it was left', () => {
    using place = testFolder()
    using vault = open(place.path)
    vault.keep('plain')
    vault.keep('copied')
    const plain = vault.writes.destroy(region, account, 'plain').deletion!
    expect(vault.erase(plain.number, [plain])).toBe('erased')
    const copied = vault.writes.destroy(region, account, 'copied').deletion!
    vault.db.exec('CREATE TABLE gap (bytes BLOB)')
    vault.db.prepare('INSERT INTO gap VALUES (?)').run(copied.wraps[1]!)
    vault.db.exec('PRAGMA secure_delete=OFF; DELETE FROM gap; PRAGMA secure_delete=ON')
    expect(vault.erase(copied.number, [copied])).toBe('rebuilt')
    expect(found(place.folder, [...plain.wraps, ...copied.wraps])).toBe(0)
  })

  it('does not take what it knows of one deletion for knowledge of another', () => {
    using place = testFolder()
    using vault = open(place.path)
    for (const name of ['one', 'two', 'three']) vault.keep(name)
    const [one, two, three] = ['one', 'two', 'three'].map(
      (name) => vault.writes.destroy(region, account, name).deletion!,
    )
    expect(vault.erase(three!.number, [one!, three!])).toBe('rebuilt')
    expect(vault.erase(two!.number, [two!])).toBe('erased')
    expect(vault.writes.destroy(region, account, 'two')).toEqual({ materialIds: [], upTo: 3, deletion: undefined })
  })

  it('does not settle while another process holds the log', () => {
    using place = testFolder()
    using vault = open(place.path)
    vault.keep('one')
    using reader = new DatabaseSync(place.path)
    reader.exec('BEGIN; SELECT * FROM keys')
    const one = vault.writes.destroy(region, account, 'one').deletion!
    expect(() => vault.erase(one.number, [one])).toThrow('its log cannot be erased')
    reader.exec('COMMIT')
    expect(vault.erase(one.number, [one])).toBe('erased')
    expect(found(place.folder, one.wraps)).toBe(0)
  })
})
