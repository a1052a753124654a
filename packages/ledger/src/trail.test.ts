import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import type { EventLog } from './event-log.ts'
import { fact, ids, testLog } from './testing.ts'
import { trail } from './trail.ts'

test('a record is on the disk when the trail says so', async () => {
  const { log, path } = await testLog()
  const records = trail(log)
  using onlooker = new DatabaseSync(path, { readOnly: true })
  const bodies = onlooker.prepare('SELECT body FROM runs')
  const written = (id: string) => bodies.all().some(({ body }) => String(body).includes(`"${id}"`))
  const names = Array.from({ length: 20 }, (_, index) => `record-${index}`)
  const durable = await Promise.all(names.map((id) => records.record('trail-1', fact(id)).then(() => written(id))))
  expect(durable).toEqual(names.map(() => true))
})

test('records that arrive together share commits, each on its stream, in the order of their arrival', async () => {
  const { log, path } = await testLog()
  const records = trail(log)
  const names = Array.from({ length: 100 }, (_, index) => `record-${index}`)
  await Promise.all(names.map((id, index) => records.record(`trail-${index % 2}`, fact(id))))
  expect([ids(await log.read('trail-0')), ids(await log.read('trail-1'))]).toEqual([
    names.filter((_, index) => index % 2 === 0),
    names.filter((_, index) => index % 2 === 1),
  ])
  using onlooker = new DatabaseSync(path, { readOnly: true })
  expect(onlooker.prepare('SELECT count(*) AS n FROM runs').get()!['n']).toBeLessThan(10)
})

test('a record does not wait for others for ever, though every turn brings one', async () => {
  const commits: number[] = []
  let pending = 0
  const log: Pick<EventLog, 'append'> = {
    append: async () => {
      if (pending++ === 0) queueMicrotask(() => (commits.push(pending), (pending = 0)))
      await new Promise(setImmediate)
      return { revision: 0, position: 0 }
    },
  }
  let time = 0
  const records = trail(log as EventLog, () => time)
  const all: Promise<void>[] = []
  for (let turn = 0; turn < 40; turn++) {
    for (let each = 0; each < 2; each++) all.push(records.record('trail-1', fact(`${turn}.${each}`)))
    time++
    await new Promise(setImmediate)
  }
  await Promise.all(all)
  expect(commits.reduce((sum, count) => sum + count)).toBe(80)
  expect(Math.max(...commits)).toBeLessThan(20)
})

test('a record that cannot be kept is not acknowledged, and takes none with it', async () => {
  const { log } = await testLog()
  const records = trail(log)
  const facts = [fact('a'), fact('b'), fact('c', 1n), fact('d')]
  const outcomes = await Promise.allSettled(facts.map((each) => records.record('trail-1', each)))
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  expect(ids(await log.read('trail-1'))).toEqual(['a', 'b', 'd'])
  await log[Symbol.asyncDispose]()
  await expect(records.record('trail-1', fact('e'))).rejects.toThrow('is closed')
})
