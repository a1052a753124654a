import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { adapters } from './adapters.ts'
import { decisions } from './decisions.ts'
import { distributed } from './distributed.ts'
import { memory } from './memory.ts'
import { scale } from './scale.ts'
import { throughput } from './throughput.ts'

/** `npm run bench [-- throughput | scale | memory | decisions | adapters | distributed]`. Absolute figures say little about another machine: read the ratios. */
const benches: Record<string, (folder: string) => Promise<void>> = {
  throughput,
  scale,
  memory,
  decisions,
  adapters,
  distributed,
}
const name = process.argv[2] ?? 'throughput'
const chosen = Object.hasOwn(benches, name) ? benches[name] : undefined
if (!chosen) {
  console.error(`npm run bench -- ${Object.keys(benches).join(' | ')}`)
  process.exit(2)
}
const folder = await mkdtemp(join(tmpdir(), 'keyledger-bench-'))
try {
  await chosen(folder)
} finally {
  await rm(folder, { recursive: true, force: true })
}
