import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { load, median } from './processes.ts'
import { program } from './programs.ts'
import { writeRequests } from './requests.ts'
import { bench } from './settings.ts'

const rounds = 3

/**
 * Signed Encrypt through one and through two command processes of one region (ledger: the gRPC double in a process of its own; one
 * vault), and through the embedded house, in turn. Server processes, ledger and load share this machine's cores: what two processes
 * gain here is what is left of them.
 */
export const distributed = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true })
  const seed = join(folder, 'seed.json')
  await writeFile(seed, JSON.stringify(bench.seed))
  await using double = await program('eventstore-double')
  const common = { KEYLEDGER_SEED: seed, KEYLEDGER_REGIONS: bench.region, KEYLEDGER_PORT: '0' }
  const shared = {
    ...common,
    KEYLEDGER_LEDGER: double.url,
    KEYLEDGER_VAULT: join(folder, 'vault.db'),
    KEYLEDGER_SERVICES: 'command,projections',
  }
  const house = (name: string, environment: Record<string, string>) =>
    program('house', { ...environment, KEYLEDGER_DATA: join(folder, name) })
  await using first = await house('one', shared)
  await using second = await house('two', shared)
  await using embedded = await house('embedded', { ...common })

  const through = async (urls: readonly string[]): Promise<{ perSecond: number; p99: number }> => {
    const connections = bench.connections / urls.length
    const results = await Promise.all(
      urls.map(async (url, index) => {
        const port = Number(new URL(url).port)
        const requests = await writeRequests(join(folder, `requests-${index}`), port, 'Encrypt', bench.keyIds)
        return load(port, connections, bench.seconds, requests)
      }),
    )
    return {
      perSecond: results.reduce((sum, { perSecond }) => sum + perSecond, 0),
      p99: Math.max(...results.map(({ p99 }) => p99)),
    }
  }
  const variants: Record<string, readonly string[]> = {
    'embedded (SQLite), one process': [embedded.url],
    'shared ledger, one command process': [first.url],
    'shared ledger, two command processes': [first.url, second.url],
  }
  const results = new Map<string, { perSecond: number; p99: number }[]>(Object.keys(variants).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++)
    for (const [name, urls] of Object.entries(variants)) results.get(name)!.push(await through(urls))
  const of = (name: string, figure: 'perSecond' | 'p99') => median(results.get(name)!.map((one) => one[figure]))
  const base = of('shared ledger, one command process', 'perSecond')
  console.log(
    `${bench.connections} connections, ${rounds} rounds of ${bench.seconds} s, medians; all on the same cores\n`,
  )
  for (const name of results.keys())
    console.log(
      `${name.padEnd(38)} ${of(name, 'perSecond').toFixed(0).padStart(6)} a second  ` +
        `${(of(name, 'perSecond') / base).toFixed(2)} of one  p99 ${of(name, 'p99').toFixed(0)} ms`,
    )
}
