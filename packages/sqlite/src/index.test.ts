import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Database, database } from './index.ts'
import type procedures from './testing-procedures.ts'

const module = new URL('./testing-procedures.ts', import.meta.url)
let folder: string
let path: string
let db: Database<ReturnType<typeof procedures>>
/** Another connection: it sees what is committed and nothing else. */
let onlooker: DatabaseSync

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyledger-sqlite-'))
  path = join(folder, 'words.db')
  db = await database(path, module)
  onlooker = new DatabaseSync(path)
})
afterEach(async () => {
  onlooker.close()
  await db.close()
  rmSync(folder, { recursive: true })
})
const committed = () =>
  (onlooker.prepare('SELECT word FROM words ORDER BY rowid').all() as { word: string }[]).map(({ word }) => word)
const outcome = (call: Promise<unknown>) =>
  call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error: String(error) }),
  )

describe('a batch', () => {
  test('is all calls made in one turn, and settles only when it is committed', async () => {
    const seen = await Promise.all(
      ['a', 'b', 'c'].map((word) => db.call('add', word).then((turn) => [turn, committed()])),
    )
    expect(seen).toEqual([0, 0, 0].map((turn) => [turn, ['a', 'b', 'c']]))
  })

  test('is followed by one of all calls made while it was under way', async () => {
    const first = db.call('add', 'first')
    await new Promise(setImmediate)
    const second = ['second', 'third'].map((word) => db.call('add', word))
    expect(await Promise.all([first, ...second])).toEqual([0, 1, 1])
  })

  test('runs and settles in the order of its calls', async () => {
    const settled: string[] = []
    const words = ['z', 'a', 'z', 'm']
    await Promise.allSettled(
      words.map((word, index) => outcome(db.call('add', word)).then(() => settled.push(`${index}`))),
    )
    expect([settled, await db.call('words')]).toEqual([
      ['0', '1', '2', '3'],
      ['z', 'a', 'm'],
    ])
  })

  test('may be larger than what one commit takes', async () => {
    await Promise.all(Array.from({ length: 2500 }, (_, index) => db.call('add', `${index}`)))
    expect(committed()).toHaveLength(2500)
  })

  test('leaves nothing behind, and rejects whole, when it cannot be committed', async () => {
    const calls = [db.call('add', 'orphan'), db.call('rhyme', 'nothing'), db.call('words')]
    const error = 'Error: FOREIGN KEY constraint failed'
    expect([await Promise.all(calls.map(outcome)), committed()]).toEqual([[{ error }, { error }, { error }], []])
    await db.call('add', 'later')
    expect(committed()).toEqual(['later'])
  })

  test('of reads alone waits for no writer', async () => {
    await db.call('add', 'a')
    onlooker.exec('BEGIN IMMEDIATE')
    expect(await db.call('words')).toEqual(['a'])
    onlooker.exec('COMMIT')
  })
})

describe('a call that fails', () => {
  test('is undone alone and rejects alone; the others of its batch are committed', async () => {
    const calls = [
      db.call('add', 'a'),
      db.call('addAndFail', 'b'),
      db.call('add', 'a'),
      db.call('add', 'c'),
      db.call('words'),
    ]
    expect([await Promise.all(calls.map(outcome)), committed()]).toEqual([
      [
        { value: 0 },
        { error: 'RangeError: not b' },
        { error: 'Error: UNIQUE constraint failed: words.word' },
        { value: 0 },
        { value: ['a', 'c'] },
      ],
      ['a', 'c'],
    ])
  })

  test('makes the module forget what was undone', async () => {
    await db.call('add', 'a')
    await Promise.allSettled([db.call('add', 'b'), db.call('addAndFail', 'c')])
    expect(await db.call('remembered')).toBe(0)
  })

  test('may fail because it is unknown, or because its arguments cannot be carried', async () => {
    const unknown = (db as unknown as { call(name: string): Promise<void> }).call('subtract')
    const calls = [db.call('add', 'a'), unknown, db.call('take', () => 0), db.call('add', 'b')]
    expect([await Promise.all(calls.map(outcome)), committed()]).toEqual([
      [
        { value: 0 },
        { error: 'Error: no procedure subtract' },
        { error: 'DataCloneError: () => 0 could not be cloned.' },
        { value: 0 },
      ],
      ['a', 'b'],
    ])
  })

  test('because nothing of it can be carried stops no later call', async () => {
    await expect(db.call('take', () => 0)).rejects.toThrow('could not be cloned')
    expect(await db.call('add', 'a')).toBe(0)
  })
})

test('what runs outside a transaction keeps its place among the calls', async () => {
  const calls = [
    db.call('add', 'a'),
    db.call('vacuum'),
    db.call('addAndFail', 'b'),
    db.call('vacuum'),
    db.call('words'),
  ]
  expect(await Promise.all(calls.map(outcome))).toEqual([
    { value: 0 },
    { value: undefined },
    { error: 'RangeError: not b' },
    { value: undefined },
    { value: ['a'] },
  ])
})

test('arguments may grow until their batch is sent', async () => {
  let open: string[] | undefined
  await using gathering = await database<ReturnType<typeof procedures>>(path, module, () => (open = undefined))
  open = ['a']
  const call = gathering.call('addAll', open)
  open.push('b')
  await call
  expect([open, committed()]).toEqual([undefined, ['a', 'b']])
})

describe('closing', () => {
  test('waits for the calls made before and refuses those made after', async () => {
    const first = db.call('add', 'a')
    await new Promise(setImmediate)
    const second = db.call('add', 'b')
    const closed = db.close()
    const late = outcome(db.call('add', 'c'))
    await closed
    expect([await first, await second, await late, committed()]).toEqual([
      0,
      1,
      { error: `Error: the database ${path} is closed` },
      ['a', 'b'],
    ])
  })

  test('twice is closing once', async () => {
    await Promise.all([db.close(), db.close()])
    await db.close()
    await expect(db.call('words')).rejects.toThrow('is closed')
  })

  test('is what the end of the thread amounts to: whoever waits is told', async () => {
    const calls = [db.call('die'), db.call('add', 'a')]
    await expect(Promise.allSettled(calls)).resolves.toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
    await expect(db.call('words')).rejects.toThrow('is closed')
    await db.close()
  })
})

test('many may open a new file at once', async () => {
  for (let round = 0; round < 10; round++) {
    const fresh = join(folder, `new-${round}.db`)
    const all = await Promise.all(
      Array.from({ length: 6 }, () => database<ReturnType<typeof procedures>>(fresh, module)),
    )
    await Promise.all(all.map((one, index) => one.call('add', `${index}`)))
    expect(await all[0]!.call('words')).toHaveLength(all.length)
    await Promise.all(all.map((one) => one.close()))
  }
})

test('a file or a module that cannot be opened is an error at once', async () => {
  await expect(database(join(folder, 'no', 'such', 'folder.db'), module)).rejects.toThrow(
    'unable to open database file',
  )
  await expect(database(path, new URL('./nothing.ts', import.meta.url))).rejects.toThrow('nothing.ts')
})
