import { join } from 'node:path'
import { type EventLog, sqliteLog } from '@keyledger/ledger'
import { type Server, load, median, serve } from './processes.ts'
import { writeRequests } from './requests.ts'
import { bench } from './settings.ts'

const manyKeys = 100_000
const manyRecords = 1_000_000
const runLength = 64
/** Rounds of what scatters most: three of them gave 0.84, 1.05 and 1.10 of one and the same. */
const turns = 9

const inMegabytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(0)} MiB`
const { connections, seconds, rounds } = bench

const perSecond = async (server: Server, file: string, keyIds: readonly string[], length: number = seconds) =>
  (
    await load(
      server.port,
      connections,
      length,
      await writeRequests(file, server.port, 'Encrypt', keyIds, keyIds.length),
    )
  ).perSecond

/** Median start of each house, in milliseconds: they start in turn, as a machine is not the same from minute to minute. */
const startTimes = async (...folders: readonly string[]): Promise<number[]> => {
  const times = folders.map((): number[] => [])
  for (let i = 0; i < turns; i++)
    for (const [index, folder] of folders.entries()) {
      await using server = await serve('server.ts', folder)
      times[index]!.push(server.startMs)
    }
  return times.map(median)
}

const ledgerOf = (folder: string): Promise<EventLog> =>
  sqliteLog({ path: join(folder, 'data', 'ledger.db'), onFault: console.error })

/** Copies of a real record, in the runs that the trail itself would make of 64 requests. */
const fillTrail = async (folder: string): Promise<void> => {
  await using log = await ledgerOf(folder)
  const [stream] = await log.streams('trail-')
  const [sample] = await log.read(stream!, 0, 1)
  const { type, version, time, data } = sample!
  for (let written = 0; written < manyRecords;) {
    const appends = Array.from({ length: 16 }, () =>
      log.append(
        stream!,
        'any',
        Array.from({ length: runLength }, () => ({ id: crypto.randomUUID(), type, version, time, data })),
      ),
    )
    await Promise.all(appends)
    written += 16 * runLength
  }
}

/** 100,000 keys, then 1,000,000 records on the trail: what they cost a start, a request, and in memory. */
export const scale = async (folder: string): Promise<void> => {
  const few = join(folder, 'few')
  const many = join(folder, 'many')
  {
    await using server = await serve('server.ts', many)
    const requests = await writeRequests(join(folder, 'create'), server.port, 'CreateKey', [''], 512)
    const began = performance.now()
    for (let made = 100; made < manyKeys;) {
      const { count } = await load(server.port, connections, 60, requests, Math.min(20_000, manyKeys - made))
      made += count
      await writeRequests(requests, server.port, 'CreateKey', [''], 512)
    }
    console.log(`${manyKeys} keys made in ${((performance.now() - began) / 1000).toFixed(0)} s`)
  }
  const keyIds = await (async () => {
    await using log = await ledgerOf(many)
    const streams = await log.streams('key-')
    return streams.map((stream) => stream.slice(stream.lastIndexOf('.') + 1))
  })()
  for (let i = keyIds.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[keyIds[i], keyIds[j]] = [keyIds[j]!, keyIds[i]!]
  }

  console.log(`start with ${keyIds.length} keys: ${(await startTimes(many))[0]!.toFixed(0)} ms until ready`)
  {
    await using a = await serve('server.ts', few)
    await using b = await serve('server.ts', many)
    console.log(`memory after the start: ${inMegabytes((await b.ask<NodeJS.MemoryUsage>('memory')).rss)}`)
    const cold = await perSecond(b, join(folder, 'b'), keyIds.slice(0, 20_000))
    await perSecond(b, join(folder, 'b'), keyIds, 30)
    const small: number[] = []
    const large: number[] = []
    // As many different requests for both: what the load pays for reading so many is not the keys'.
    const fewIds = keyIds.map((_, index) => bench.keyIds[index % bench.keyIds.length]!)
    for (let i = 0; i < turns; i++) {
      small.push(await perSecond(a, join(folder, 'a'), fewIds))
      large.push(await perSecond(b, join(folder, 'b'), keyIds))
    }
    console.log(
      `Encrypt on a random key, ${keyIds.length} against ${bench.keyIds.length} keys: ` +
        `${(median(large) / median(small)).toFixed(2)} of the throughput warm, ${(cold / median(small)).toFixed(2)} in the first seconds after the start`,
    )
    const memory = await b.ask<NodeJS.MemoryUsage>('memory')
    console.log(`memory after all of them were used: ${inMegabytes(memory.rss)} (heap ${inMegabytes(memory.heapUsed)})`)
  }

  const fresh = join(folder, 'fresh')
  {
    await using server = await serve('server.ts', fresh)
    await perSecond(server, join(folder, 'a'), bench.keyIds)
  }
  await fillTrail(few)
  // The read model follows the trail while it is written; here it was written behind its back, so once is catching up.
  const caughtUp = performance.now()
  await (await serve('server.ts', few))[Symbol.asyncDispose]()
  console.log(`reading ${manyRecords} records again: ${((performance.now() - caughtUp) / 1000).toFixed(1)} s`)
  const [after, before] = await startTimes(few, fresh)
  console.log(`start with ${manyRecords} records on the trail: ${(after! / before!).toFixed(2)} of the time without`)
  await using a = await serve('server.ts', fresh)
  await using b = await serve('server.ts', few)
  const without: number[] = []
  const withThem: number[] = []
  for (let i = 0; i < rounds; i++) {
    without.push(await perSecond(a, join(folder, 'a'), bench.keyIds))
    withThem.push(await perSecond(b, join(folder, 'b'), bench.keyIds))
  }
  console.log(
    `Encrypt with ${manyRecords} records on the trail: ${(median(withThem) / median(without)).toFixed(2)} of the throughput without`,
  )
}
