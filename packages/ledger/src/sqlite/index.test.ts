import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import type { Recorded } from '../event-log.ts'
import { fact, ids, testLog } from '../testing.ts'
import { sqliteLog } from './index.ts'

// What every event log promises is tested in test/ports; here is what is particular to this one.

test('listeners get what was appended, not a copy of it', async () => {
  const { log } = await testLog()
  const heard: Recorded[] = []
  log.subscribe(['key'], (events) => void heard.push(...events))
  const data = { a: 1 }
  await log.append('key-1', 'any', [fact('a', data)])
  expect(heard[0]!.data).toBe(data)
})

test('facts that wait for the same commit are one row a stream, of at most 128', async () => {
  const { log, path } = await testLog()
  await Promise.all(
    Array.from({ length: 300 }, (_, index) => log.append(`trail-${index % 2}`, 'any', [fact(`${index}`)])),
  )
  using db = new DatabaseSync(path, { readOnly: true })
  const rows = db.prepare('SELECT stream, revision, count FROM runs ORDER BY stream, revision').all()
  expect(rows.map((row) => Object.values(row))).toEqual([
    [1, 0, 128],
    [1, 128, 22],
    [2, 0, 128],
    [2, 128, 22],
  ])
})

test('more streams than it remembers the ends of are continued where they were', async () => {
  const { log } = await testLog()
  const streams = Array.from({ length: 20_500 }, (_, index) => `key-${index}`)
  await Promise.all(streams.map((stream) => log.append(stream, 'any', [fact('a')])))
  const first = await Promise.all(streams.slice(0, 10).map((stream) => log.append(stream, 0, [fact('b')])))
  expect(first.map(({ revision }) => revision)).toEqual(Array.from({ length: 10 }, () => 1))
})

test('another process can read beside it, and sees what was acknowledged', async () => {
  const { log, path } = await testLog()
  await using other = await sqliteLog({ path, onFault: () => undefined })
  await log.append('key-1', 'any', [fact('a')])
  expect([ids(await other.read('key-1')), await other.head()]).toEqual([['a'], 1])
})

test('two processes that write to one file overwrite nothing of each other', async () => {
  const { log, path } = await testLog()
  await using other = await sqliteLog({ path, onFault: () => undefined })
  // Each remembers where the log and the stream end, and the other moves both.
  await log.append('key-1', 'any', [fact('a')])
  await other.append('key-2', 'any', [fact('b')])
  await log.append('key-1', 0, [fact('c')])
  await other.append('key-1', 'any', [fact('d'), fact('e')])
  await log.append('key-1', 'any', [fact('f')])
  const events = await log.all({ after: 0, categories: ['key'], limit: 10 })
  expect(events.map(({ id, position, stream, revision }) => [id, position, stream, revision])).toEqual([
    ['a', 1, 'key-1', 0],
    ['b', 2, 'key-2', 0],
    ['c', 3, 'key-1', 1],
    ['d', 4, 'key-1', 2],
    ['e', 5, 'key-1', 3],
    ['f', 6, 'key-1', 4],
  ])
})

test('a file that a later version wrote is not touched', async () => {
  const { log, path } = await testLog()
  await log[Symbol.asyncDispose]()
  using db = new DatabaseSync(path)
  db.exec('PRAGMA user_version = 2')
  await expect(sqliteLog({ path, onFault: () => undefined })).rejects.toThrow('written by a later version')
})

test('a closed log refuses every append, the second as well as the first', async () => {
  const { log } = await testLog()
  await log[Symbol.asyncDispose]()
  const append = () => log.append('trail-1', 'any', [fact('a')])
  await expect(append()).rejects.toThrow('is closed')
  await expect(append()).rejects.toThrow('is closed')
})
