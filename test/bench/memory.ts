import { join } from 'node:path'
import { load, serve } from './processes.ts'
import { writeRequests } from './requests.ts'
import type { Memory } from './server.ts'
import { bench } from './settings.ts'

const total = 500_000
const step = 50_000

/**
 * Half a million requests: physical memory after each tenth, once the garbage is collected; and how many bytes a request
 * outlived the young generation, which costs the collector most.
 */
export const memory = async (folder: string): Promise<void> => {
  await using server = await serve('server.ts', join(folder, 'm'))
  const sizes: number[] = []
  for (let sent = 0; sent < total; sent += step) {
    const operation = (sent / step) % 2 === 0 ? 'Encrypt' : 'GenerateDataKey'
    const file = await writeRequests(join(folder, 'requests'), server.port, operation, bench.keyIds)
    await load(server.port, bench.connections, 280, file, step)
    const { rss, heapUsed, grownOld } = await server.ask<Memory>('memory')
    sizes.push(rss)
    console.log(
      `${String(sent + step).padStart(7)} requests: ${(rss / 1024 ** 2).toFixed(1)} MiB, heap ${(heapUsed / 1024 ** 2).toFixed(1)} MiB, ` +
        `${(grownOld / step).toFixed(0)} bytes a request grew old`,
    )
  }
  // The first tenths fill the caches and let the engine compile; from then on nothing may grow.
  const settled = sizes.slice(1)
  console.log(
    `growth from ${2 * step} to ${total} requests: ${((settled.at(-1)! / settled[0]! - 1) * 100).toFixed(1)} %`,
  )
}
