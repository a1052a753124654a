import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteLog } from '@keyledger/ledger'
import { afterAll, expect, test } from 'vitest'
import { lags } from './lag.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyledger-lag-'))
afterAll(() => rmSync(folder, { recursive: true }))

const now = Date.parse('2026-06-01T12:00:00Z')
const fact = (id: number, secondsAgo: number) => ({
  id: `fact-${id}`,
  type: 'Happened',
  version: 1,
  time: new Date(now - secondsAgo * 1000).toISOString(),
  data: {},
})

test('a model is behind by the events of its categories that it has not seen, and by the age of the oldest', async () => {
  await using log = await sqliteLog({ path: join(folder, 'ledger.db'), onFault: () => undefined })
  const first = await log.append('key-a', 'none', [fact(1, 60)])
  await log.append('key-a', 0, [fact(2, 30), fact(3, 20)])
  await log.append('alias-a', 'none', [fact(4, 10)])
  const model = (name: string, category: string, position: number) => ({
    name,
    categories: [category],
    position: () => position,
    events: () => 0,
  })
  const of = [
    model('new', 'key', 0),
    model('behind', 'key', first.position),
    model('level', 'key', first.position + 2),
    model('other', 'alias', 0),
  ]
  expect(await lags(log, of, () => now)).toEqual([
    { model: 'new', events: 3, seconds: 60 },
    { model: 'behind', events: 2, seconds: 30 },
    { model: 'level', events: 0, seconds: 0 },
    { model: 'other', events: 1, seconds: 10 },
  ])
})
