import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { aliasStream, grantsStream, keyStream, trailStream } from '@keyledger/keys'
import { type EventLog, sqliteLog, trail } from '@keyledger/ledger'
import { testClock } from '@keyledger/messaging'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { projections } from './index.ts'

const region = 'us-east-1'
const account = '111122223333'
const start = Date.parse('2026-06-01T12:00:00Z')
const time = new Date(start).toISOString()
const id = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`
const arn = (index: number) => `arn:aws:kms:${region}:${account}:key/${id(index)}`

let folder: string
let log: EventLog
const faults: unknown[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyledger-projections-'))
  log = await sqliteLog({ path: join(folder, 'ledger.db'), onFault: (fault) => faults.push(fault) })
})
afterEach(async () => {
  await log[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
  expect(faults.splice(0)).toEqual([])
})

const open = (clock = testClock(start), of = log) =>
  projections({ log: of, folder, clock, onFault: (fault) => void faults.push(fault) })
/** Closes the log, has something done to its file, and opens it again. */
const reopened = async (meanwhile: (path: string) => unknown) => {
  const path = join(folder, 'ledger.db')
  await log[Symbol.asyncDispose]()
  await meanwhile(path)
  log = await sqliteLog({ path, onFault: (fault) => faults.push(fault) })
}
/** A log whose trail, from a position on, is read only when one says so. */
const slow = (from: number) => {
  const asked = Promise.withResolvers<void>()
  const going = Promise.withResolvers<void>()
  const all: EventLog['all'] = async (options) => {
    const page = await log.all(options)
    if (options.categories.includes('trail') && options.after >= from) {
      asked.resolve()
      await going.promise
    }
    return page
  }
  return { log: { ...log, all }, asked: asked.promise, go: () => going.resolve() }
}
const fact = (type: string, data: object) => ({ id: crypto.randomUUID(), type, version: 1, time, data })
const create = (index: number) =>
  log.append(keyStream({ region, account, id: id(index) }), 'any', [fact('KeyCreated', {})])
const name = (alias: string, index: number) =>
  log.append(aliasStream({ region, account, name: alias }), 'any', [fact('AliasCreated', { targetKeyId: id(index) })])
const grant = (index: number, grantId: string, more: object = {}) =>
  log.append(grantsStream({ region, account, id: id(index) }), 'any', [
    fact('GrantCreated', { grantId, granteeId: 'AIDAANN', granteePrincipal: 'ann', retiringPrincipal: 'ben', ...more }),
  ])
const stream = trailStream(region, account, '2026-06-01')
const record = (eventName: string, indexes: readonly number[], more: object = {}) => {
  const eventID = crypto.randomUUID()
  const resources = indexes.map((index) => ({ ARN: arn(index) }))
  const data = { eventName, eventID, requestID: `request of ${eventID}`, resources, ...more }
  return { id: eventID, type: 'ApiCall', version: 1, time, data }
}
const use = async (eventName: string, indexes: readonly number[], more: object = {}) => {
  const noted = record(eventName, indexes, more)
  await trail(log).record(stream, noted)
  return noted.id
}

describe('the lists', () => {
  it('show what was acknowledged, at once', async () => {
    await using open1 = await open()
    await create(1)
    expect(open1.lists.keys(region, account, { limit: 10 })).toEqual([{ keyId: id(1) }])
    await log.append(keyStream({ region, account, id: id(1) }), 'any', [fact('KeyDeleted', {})])
    expect(open1.lists.keys(region, account, { limit: 10 })).toEqual([])
  })

  it('page by key id, and keep accounts and regions apart', async () => {
    await using open1 = await open()
    for (const index of [3, 1, 2]) await create(index)
    await log.append(keyStream({ region: 'eu-west-1', account, id: id(9) }), 'any', [fact('KeyCreated', {})])
    const first = open1.lists.keys(region, account, { limit: 2 })
    const second = open1.lists.keys(region, account, { limit: 2, after: first.at(-1)!.keyId })
    expect([first, second]).toEqual([[{ keyId: id(1) }, { keyId: id(2) }], [{ keyId: id(3) }]])
  })

  it('know the aliases of a key, also after one was moved', async () => {
    await using open1 = await open()
    await name('alias/a', 1)
    await name('alias/b', 1)
    const moved = aliasStream({ region, account, name: 'alias/b' })
    await log.append(moved, 'any', [fact('AliasUpdated', { targetKeyId: id(2) })])
    const of = (index: number) =>
      open1.lists.aliases(region, account, { keyId: id(index), limit: 10 }).map((each) => each.name)
    expect({ one: of(1), two: of(2), count: open1.lists.aliasCount(region, account, id(1)) }).toEqual({
      one: ['alias/a'],
      two: ['alias/b'],
      count: 1,
    })
  })

  it('know the grants of a key by their grantee and whoever may retire them, in the order in which they were made', async () => {
    await using open1 = await open()
    for (const grantId of ['c', 'a']) await grant(1, grantId)
    await grant(1, 'b', { granteeId: 'AIDABOB', retiringPrincipal: undefined })
    await grant(2, 'd')
    const { grants, retirableGrants } = open1.lists
    const ids = (rows: ReturnType<typeof grants>) => rows.map((row) => row.grant.grantId)
    const ofKey = (more: object) => ids(grants(region, account, id(1), { after: 0, limit: 9, ...more }))
    expect(ofKey({})).toEqual(['c', 'a', 'b'])
    expect(ofKey({ grantee: 'AIDAANN' })).toEqual(['c', 'a'])
    expect(ofKey({ grantee: 'ann' })).toEqual([])
    expect(ofKey({ grantId: 'a' })).toEqual(['a'])
    expect(ofKey({ grantId: 'b', grantee: 'AIDAANN' })).toEqual([])
    const [first] = grants(region, account, id(1), { after: 0, limit: 1 })
    expect(ofKey({ after: first!.position })).toEqual(['a', 'b'])
    const retirable = (more: object = {}) => ids(retirableGrants(region, 'ben', { after: 0, limit: 9, ...more }))
    expect(retirable()).toEqual(['c', 'a', 'd'])
    expect(retirable({ account: '444455556666' })).toEqual([])

    const gone = grantsStream({ region, account, id: id(1) })
    await log.append(gone, 'any', [fact('GrantRetired', { grantId: 'c' }), fact('GrantRevoked', { grantId: 'b' })])
    expect([ofKey({}), retirable()]).toEqual([['a'], ['a', 'd']])
    await log.append(keyStream({ region, account, id: id(1) }), 'any', [fact('KeyDeleted', {})])
    expect([ofKey({}), retirable()]).toEqual([[], ['d']])
  })

  it('are the same after they were dropped and rebuilt from the log', async () => {
    for (const index of [1, 2]) await create(index)
    await name('alias/a', 1)
    await grant(1, 'a')
    const usage = await use('Encrypt', [1])
    const told = async () => {
      await using each = await open()
      const { keys, aliases, grants, lastUsage } = each.lists
      return [
        keys(region, account, { limit: 9 }),
        aliases(region, account, { limit: 9 }),
        grants(region, account, id(1), { after: 0, limit: 9 }),
        (await lastUsage(arn(1)))?.eventId,
      ]
    }
    const before = await told()
    expect(before).toEqual([
      [{ keyId: id(1) }, { keyId: id(2) }],
      [expect.objectContaining({ name: 'alias/a' })],
      [expect.objectContaining({ keyId: id(1), grant: expect.objectContaining({ grantId: 'a' }) as object })],
      usage,
    ])
    for (const file of ['', '-wal', '-shm']) await rm(join(folder, `projections.db${file}`), { force: true })
    expect(await told()).toEqual(before)
  })
})

describe('the last use of a key', () => {
  it('is the last successful cryptographic one', async () => {
    await using open1 = await open()
    const encrypted = await use('Encrypt', [1])
    await use('DescribeKey', [1])
    await use('Decrypt', [1], { errorCode: 'DisabledException' })
    expect(await open1.lists.lastUsage(arn(1))).toEqual({
      operation: 'Encrypt',
      time: start,
      eventId: encrypted,
      requestId: `request of ${encrypted}`,
    })
    expect(open1.lists.lastUsed(arn(1))).toBe(start)
  })

  it('marks both keys of a ReEncrypt', async () => {
    await using open1 = await open()
    await use('ReEncrypt', [1, 2])
    const last = await Promise.all([1, 2, 3].map((index) => open1.lists.lastUsage(arn(index))))
    expect(last.map((usage) => usage?.operation)).toEqual(['ReEncrypt', 'ReEncrypt', undefined])
  })

  it('goes to the disk half a minute later, and from there it is read again', async () => {
    const clock = testClock(start)
    await using open1 = await open(clock)
    await use('Encrypt', [2])
    const eventId = await use('Encrypt', [1])
    await clock.advance(30_000)
    using db = new DatabaseSync(join(folder, 'projections.db'), { readOnly: true })
    const row = { arn: arn(1), stream, revision: 1, time: start }
    expect(db.prepare('SELECT * FROM last_usage WHERE arn = ?').get(arn(1))).toEqual(row)
    expect((await open1.lists.lastUsage(arn(1)))?.eventId).toBe(eventId)
    expect(open1.lists.lastUsed(arn(1))).toBe(start)
  })

  it('is found by the next start, whether the last moments reached the disk or not', async () => {
    const clock = testClock(start)
    await using crashed = await open(clock)
    await use('Encrypt', [1])
    await clock.advance(30_000)
    const last = await use('Decrypt', [1])
    // A second reader on the same files, as if the first had died here: what it had only in memory is on the trail.
    await using next = await open()
    const told = await Promise.all([crashed, next].map((each) => each.lists.lastUsage(arn(1))))
    expect(told.map((usage) => usage?.eventId)).toEqual([last, last])
  })

  it('is never marked as read beyond what was, though newer uses are heard while the past is being read', async () => {
    await log.append(
      stream,
      'any',
      Array.from({ length: 5000 }, () => record('Encrypt', [1])),
    )
    const past = await use('Encrypt', [2])
    const clock = testClock(start)
    // The second page of the past takes longer to read than the flush is away.
    const late = slow(5000)
    const died = open(clock, late.log)
    await late.asked
    const heard = await use('Encrypt', [3])
    await clock.advance(30_000)
    using db = new DatabaseSync(join(folder, 'projections.db'), { readOnly: true })
    // The first page is on the disk, so the flush was; had it moved the mark beyond it, a crash now would lose the second.
    expect(db.prepare('SELECT arn FROM last_usage').all()).toEqual([{ arn: arn(1) }])
    expect(db.prepare("SELECT position FROM checkpoints WHERE model = 'KeyLastUsage'").get()).toEqual({
      position: 5000,
    })
    await using next = await open()
    const told = await Promise.all([2, 3].map((index) => next.lists.lastUsage(arn(index))))
    expect(told.map((usage) => usage?.eventId)).toEqual([past, heard])
    late.go()
    await (await died)[Symbol.asyncDispose]()
  })

  it('is the newest, though it was heard and a flush went by before an older one was read', async () => {
    await use('Encrypt', [1])
    const clock = testClock(start)
    const late = slow(0)
    const opening = open(clock, late.log)
    await late.asked
    const newest = await use('Decrypt', [1])
    await clock.advance(30_000)
    late.go()
    {
      await using opened = await opening
      expect((await opened.lists.lastUsage(arn(1)))?.eventId).toBe(newest)
    }
    await using next = await open()
    expect((await next.lists.lastUsage(arn(1)))?.eventId).toBe(newest)
  })

  it('is told by its time alone when its record was erased', async () => {
    await using open1 = await open()
    await use('Encrypt', [1])
    await log.erase(stream)
    expect([open1.lists.lastUsed(arn(1)), await open1.lists.lastUsage(arn(1))]).toEqual([start, { time: start }])
  })

  it('is told by its time alone when the trail was trimmed, not by the record that is the first there now', async () => {
    {
      await using open1 = await open()
      await use('Encrypt', [1])
      await use('Decrypt', [1, 2])
      await use('Decrypt', [2])
      await use('Encrypt', [1])
      expect((await open1.lists.lastUsage(arn(2)))?.operation).toBe('Decrypt')
    }
    await reopened((path) => {
      using db = new DatabaseSync(path)
      db.exec('DELETE FROM runs WHERE revision < 3')
    })
    await using next = await open()
    expect([next.lists.lastUsed(arn(2)), await next.lists.lastUsage(arn(2))]).toEqual([start, { time: start }])
    expect((await next.lists.lastUsage(arn(1)))?.operation).toBe('Encrypt')
  })

  it("is told by its time alone when an older ledger was put back, not by another key's record in its place", async () => {
    const backup = join(folder, 'backup.db')
    await use('Encrypt', [9])
    await reopened((path) => copyFile(path, backup))
    {
      await using _ = await open()
      await use('Encrypt', [1])
      await use('Encrypt', [2])
      await use('Encrypt', [3])
    }
    await reopened(async (path) => {
      for (const file of ['-wal', '-shm']) await rm(path + file, { force: true })
      await copyFile(backup, path)
    })
    // Another process went on with it before this one came back: of another key, another time, an attempt that failed.
    await use('Decrypt', [7])
    await log.append(stream, 'any', [{ ...record('Decrypt', [2]), time: new Date(start + 1).toISOString() }])
    await use('Decrypt', [3], { errorCode: 'DisabledException' })
    await using next = await open()
    const told = await Promise.all([1, 2, 3].map((index) => next.lists.lastUsage(arn(index))))
    expect(told).toEqual([{ time: start }, { time: start }, { time: start }])
  })

  it('reaches the disk with the next flush when the disk refused one, unless a newer one replaced it', async () => {
    const clock = testClock(start)
    await using open1 = await open(clock)
    await use('Encrypt', [1])
    const other = await use('Encrypt', [2])
    using db = new DatabaseSync(join(folder, 'projections.db'))
    db.exec('BEGIN IMMEDIATE')
    await clock.advance(30_000)
    expect(faults.splice(0)).toEqual([expect.objectContaining({ message: 'database is locked' })])
    const newer = await use('Decrypt', [1])
    const told = await Promise.all([1, 2].map((index) => open1.lists.lastUsage(arn(index))))
    expect(told.map((usage) => usage?.eventId)).toEqual([newer, other])
    db.exec('COMMIT')
    await clock.advance(30_000)
    expect(db.prepare('SELECT arn, revision FROM last_usage ORDER BY arn').all()).toEqual([
      { arn: arn(1), revision: 2 },
      { arn: arn(2), revision: 1 },
    ])
  })

  it('is read from the trail anew when the file is of the version before', async () => {
    const eventId = await use('Encrypt', [1])
    {
      using db = new DatabaseSync(join(folder, 'projections.db'))
      db.exec(`CREATE TABLE checkpoints(model TEXT PRIMARY KEY, version INTEGER, position INTEGER);
        INSERT INTO checkpoints VALUES ('KeyLastUsage', 1, 1);
        CREATE TABLE last_usage(arn TEXT PRIMARY KEY, operation TEXT NOT NULL, time INTEGER NOT NULL,
          event_id TEXT NOT NULL, request_id TEXT NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID`)
    }
    await using open1 = await open()
    expect((await open1.lists.lastUsage(arn(1)))?.eventId).toBe(eventId)
  })

  it('is found among the records of a commit that was written as one', async () => {
    await using open1 = await open()
    const together = trail(log)
    const records = Array.from({ length: 300 }, (_, index) => record('Encrypt', [index]))
    await Promise.all(records.map((each) => together.record(stream, each)))
    const told = await Promise.all(records.map((_, index) => open1.lists.lastUsage(arn(index))))
    expect(told.map((usage) => usage?.eventId)).toEqual(records.map((each) => each.id))
  })
})
