import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type EventLog, eventStoreLog, sqliteLog } from '@keyledger/ledger'
import { median } from './processes.ts'
import { program } from './programs.ts'

const lanes = 64
const seconds = 3
const rounds = 3

const fact = () => ({
  id: randomUUID(),
  type: 'KeyTagged',
  version: 1,
  time: '2026-01-01T00:00:00.000Z',
  metadata: {
    actor: 'arn:aws:iam::111122223333:user/bench',
    requestId: randomUUID(),
    region: 'us-east-1',
    account: '1',
  },
  data: { tags: [{ TagKey: 'bench', TagValue: 'x'.repeat(200) }] },
})

/** Appends a second, one fact each, `lanes` at a time: each to a stream of its own, expecting a revision; or all to one, expecting nothing. */
const appended = async (log: EventLog, kind: 'own streams' | 'one stream'): Promise<number> => {
  const until = performance.now() + seconds * 1000
  let count = 0
  const lane = async () => {
    const stream = kind === 'own streams' ? `key-${randomUUID()}` : 'trail-bench'
    let revision: number | 'none' = 'none'
    while (performance.now() < until) {
      const at = await log.append(stream, kind === 'own streams' ? revision : 'any', [fact()])
      revision = at.revision
      count++
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return count / seconds
}

/** Append throughput of the ledger's adapters, round by round in turn: SQLite, and EventStoreDB's client against the gRPC double. */
export const adapters = async (folder: string): Promise<void> => {
  await using double = await program('eventstore-double')
  const onFault = console.error
  const logs: Record<string, EventLog> = {
    sqlite: await sqliteLog({ path: join(folder, 'ledger.db'), onFault }),
    'eventstoredb (double)': await eventStoreLog({
      connection: double.url,
      staleness: 2000,
      now: () => Date.now(),
      onFault,
    }),
  }
  console.log(
    `${lanes} appends at a time, ${rounds} rounds of ${seconds} s, medians; the double keeps its events in memory\n`,
  )
  for (const kind of ['own streams', 'one stream'] as const) {
    const results = new Map<string, number[]>(Object.keys(logs).map((name) => [name, []]))
    for (let round = 0; round < rounds; round++)
      for (const [name, log] of Object.entries(logs)) results.get(name)!.push(await appended(log, kind))
    const base = median(results.get('sqlite')!)
    for (const [name, figures] of results)
      console.log(
        `${kind}  ${name.padEnd(24)} ${median(figures).toFixed(0).padStart(7)} a second  ${(median(figures) / base).toFixed(2)}`,
      )
  }
  for (const log of Object.values(logs)) await log[Symbol.asyncDispose]()
}
