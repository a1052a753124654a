import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { eventStoreDouble } from './index.ts'
import type { Told } from './program.ts'
import { type Stored, store } from './store.ts'

/**
 * `node test/support/eventstore-double/main.ts PORT [FILE]`: the double as a process of its own. With a file it keeps what it
 * acknowledged there, and has it again when it is started again. It takes orders on its standard input, see `Told`.
 */
const [port = '0', file] = process.argv.slice(2)

interface Line extends Omit<Stored, 'revision' | 'data' | 'metadata'> {
  readonly revision: string
  readonly data: string
  readonly metadata: string
}

const kept = store()
if (file !== undefined) {
  const descriptor = openSync(file, 'a+')
  for (const line of readFileSync(descriptor, 'utf8').split('\n')) {
    // One line an append. The last one may have been cut short; it was not acknowledged.
    if (!line.endsWith(']')) continue
    for (const { revision, data, metadata, ...rest } of JSON.parse(line) as Line[]) {
      const bytes = { data: Buffer.from(data, 'base64'), metadata: Buffer.from(metadata, 'base64') }
      kept.restore({ ...rest, revision: BigInt(revision), ...bytes })
    }
  }
  let written = kept.log.length
  kept.onCommit(() => {
    const lines = kept.log.slice(written).map(({ revision, data, metadata, ...rest }) => {
      const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
      return { ...rest, revision: String(revision), data: text(data), metadata: text(metadata) } satisfies Line
    })
    written = kept.log.length
    writeSync(descriptor, `\n${JSON.stringify(lines)}\n`)
    fsyncSync(descriptor)
  })
  process.once('exit', () => closeSync(descriptor))
}

const double = await eventStoreDouble({ port: Number(port), store: kept })
console.log(`the double is ready at ${double.url}`)

const orders: { readonly [K in keyof Told]-?: (value: NonNullable<Told[K]>) => void } = {
  subscriptions: (what) => (what === 'cut' ? double.subscriptions.cut() : double.subscriptions.mute(what === 'stall')),
  calls: (deeds) => double.conduct.by(({ method }) => deeds[method] ?? 'serve'),
}
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line) as Told
  if (told.subscriptions) orders.subscriptions(told.subscriptions)
  if (told.calls) orders.calls(told.calls)
  console.log(`done ${line}`)
}
