import { join } from 'node:path'
import type { StageMean } from '@keyledger/wire'
import { type Load, type Server, load, median, pinning, serve } from './processes.ts'
import { writeRequests } from './requests.ts'
import { bench } from './settings.ts'

/**
 * Signed requests with a durable trail, beside a bare node:http echo of the same requests in the same run, round by
 * round in turn. The requests are signed beforehand; each is verified in full every time.
 */
export const throughput = async (folder: string): Promise<void> => {
  const { connections, seconds, rounds, keyIds } = bench
  const operations = ['Encrypt', 'GenerateDataKey']
  const round = async (server: Server, operation: string, count: number = connections): Promise<Load> =>
    load(server.port, count, seconds, await writeRequests(join(folder, operation), server.port, operation, keyIds))

  const results = new Map<string, Load[]>()
  const note = (name: string, result: Load) => results.set(name, [...(results.get(name) ?? []), result])
  {
    await using house = await serve('server.ts', join(folder, 'a'))
    await using echo = await serve('echo.ts')
    for (let i = 0; i < rounds; i++)
      for (const operation of operations) {
        note('echo', await round(echo, operation))
        note(operation, await round(house, operation))
      }
  }
  const of = (name: string, figure: (result: Load) => number) => median(results.get(name)!.map(figure))
  const echo = of('echo', (result) => result.perSecond)
  console.log(`${connections} connections, ${rounds} rounds of ${seconds} s, medians; ${pinning}\n`)
  console.log('                     requests/s   of echo   p50 ms   p99 ms   max ms')
  for (const name of results.keys()) {
    const figures = [
      of(name, (result) => result.perSecond)
        .toFixed(0)
        .padStart(10),
      (of(name, (result) => result.perSecond) / echo).toFixed(2).padStart(9),
      ...(['p50', 'p99', 'max'] as const).map((figure) =>
        of(name, (r) => r[figure])
          .toFixed(2)
          .padStart(8),
      ),
    ]
    console.log(`${name.padEnd(20)} ${figures.join(' ')}`)
  }

  await using staged = await serve('server.ts', join(folder, 'b'), 'stages')
  const table = new Map<string, string[]>()
  for (const count of [1, connections]) {
    await staged.ask('stages')
    await round(staged, 'Encrypt', count)
    for (const { stage, microseconds } of await staged.ask<StageMean[]>('stages'))
      table.set(stage, [...(table.get(stage) ?? []), microseconds.toFixed(1).padStart(14)])
  }
  console.log(`\nEncrypt, microseconds a stage   1 connection ${String(connections).padStart(4)} connections`)
  for (const [stage, figures] of table) console.log(`${stage.padEnd(28)} ${figures.join(' ')}`)
  console.log('(trail is the wait for the durable record, which is shared; the stages before it are pure cost)')
}
