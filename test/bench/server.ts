import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getHeapSpaceStatistics } from 'node:v8'
import { systemClock } from '@keyledger/messaging'
import { house, scavengeAloneOnOneCore } from '@keyledger/standalone'
import { stopwatch } from '@keyledger/wire'
import { bench } from './settings.ts'

/**
 * The house under load, in a process of its own: `node server.ts FOLDER [stages]`. Prints `{port, startMs}` once ready;
 * answers each line on its standard input with what is asked: `stages` (means since the last), `memory` (bytes).
 */
const [folder, option] = process.argv.slice(2)
mkdirSync(folder!, { recursive: true })
const seed = join(folder!, 'seed.json')
writeFileSync(seed, JSON.stringify(bench.seed))
scavengeAloneOnOneCore()
const watch = stopwatch(() => performance.now() * 1e6)

const began = performance.now()
const open = await house({
  host: '127.0.0.1',
  port: 0,
  data: join(folder!, 'data'),
  regions: ['us-east-1'],
  seed,
  tls: undefined,
  seal: `file:${join(folder!, 'root.key')}`,
  passphrase: () => Promise.reject(new Error('no passphrase')),
  clock: systemClock(() => Date.now()),
  id: randomUUID,
  onFault: console.error,
  ...(option === 'stages' ? { stages: watch } : {}),
})
console.log(JSON.stringify({ port: Number(new URL(open.url).port), startMs: performance.now() - began }))

/** Bytes of objects that outlived the young generation. */
const oldSpace = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')!.space_used_size
let settled = oldSpace()

/** What `memory` answers: besides node's figures, by how much the old generation grew since it was asked before. */
export interface Memory extends NodeJS.MemoryUsage {
  readonly grownOld: number
}

const asked: Record<string, () => unknown> = {
  stages: () => {
    const means = watch.means()
    watch.reset()
    return means
  },
  memory: () => {
    const grownOld = oldSpace() - settled
    globalThis.gc?.()
    settled = oldSpace()
    return { ...process.memoryUsage(), grownOld }
  },
}
process.stdin.setEncoding('utf8')
process.stdin.on('data', (text: string) => {
  for (const line of text.split('\n')) if (line) console.log(JSON.stringify(asked[line]?.() ?? null))
})
process.stdin.on('end', () => void open[Symbol.asyncDispose]().then(() => process.exit(0)))
