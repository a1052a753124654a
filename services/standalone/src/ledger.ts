import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ConfigFault, config } from '@keyledger/command'
import { keyArn, keyOfStream } from '@keyledger/keys'
import { type EventLog, type Recorded, sqliteLog } from '@keyledger/ledger'
import { readerMayLeave } from './reader.ts'
import { keyRepository } from './repositories.ts'

/** `npm run ledger`: what happened, from the ledger itself. Reads only; works beside a running house. */

const usage = `npm run ledger -- tail [-n COUNT] [--follow] [--json]     the last events of all streams
npm run ledger -- read STREAM [--json]                  every event of one stream, oldest first
npm run ledger -- replay KEY [--at TIME] [--json]       a key's state as of then (KEY: key id or ARN; TIME: ISO 8601)
npm run ledger -- streams [PREFIX]                      the streams there are`

const everything = ['house', 'account', 'key', 'alias', 'grants', 'trail']

interface Options {
  readonly json: boolean
  readonly at: string | undefined
  readonly count: number
  readonly follow: boolean
}

const print = (options: Options, event: Recorded) => {
  if (options.json) return console.log(JSON.stringify(event))
  const actor = event.metadata?.actor ?? '-'
  console.log(`${event.time}  ${event.stream}@${event.revision}  ${event.type}  by ${actor}`)
  console.log(`    ${JSON.stringify(event.data)}`)
}

const page = 1000

const tail = async (log: EventLog, options: Options, left: AbortSignal) => {
  let after = Math.max(0, (await log.head()) - options.count)
  while (!left.aborted) {
    const events = await log.all({ after, categories: everything, limit: page })
    for (const event of events) print(options, event)
    after = events.at(-1)?.position ?? after
    // Another process writes: there is no feed to wait on, so look twice a second.
    if (options.follow && events.length < page) await new Promise((resolve) => setTimeout(resolve, 500))
    else if (events.length < page) return
  }
}

const read = async (log: EventLog, stream: string, options: Options) => {
  const events = await log.read(stream)
  if (events.length === 0) throw new ConfigFault(`there is no stream ${stream}`)
  for (const event of events) print(options, event)
}

/** An id alone may be a key's in several accounts and regions; an ARN is one key's, and no other's with the same id. */
const isNamed = (stream: string, name: string): boolean => {
  const place = keyOfStream(stream)
  return place !== undefined && (name === place.id || name === keyArn(place.region, place.account, place.id))
}

const replay = async (log: EventLog, name: string, options: Options) => {
  const streams = (await log.streams('key-')).filter((stream) => isNamed(stream, name))
  if (streams.length === 0) throw new ConfigFault(`there is no key ${name}`)
  const { at = 'now' } = options
  const time = options.at === undefined ? undefined : Date.parse(options.at)
  if (Number.isNaN(time)) throw new ConfigFault(`--at ${at} is not a time; write it as 2026-01-31T12:00:00Z`)
  for (const stream of streams) {
    const state = await keyRepository(log).peek(stream, time === undefined ? {} : { time })
    const { exists } = state
    // What stands in the state before a key's first event was never true of any key.
    if (options.json) console.log(JSON.stringify({ stream, at, ...(exists === 'no' ? { exists } : { state }) }))
    else if (exists === 'no') console.log(`${stream} did not exist yet as of ${at}`)
    else {
      console.log(`${stream} as of ${at}`)
      for (const [field, value] of Object.entries(state))
        if (value !== undefined)
          console.log(`  ${field.padEnd(18)} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    }
  }
}

// Whatever is written is for its owner alone.
process.umask(0o077)
const left = readerMayLeave()

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      at: { type: 'string' },
      follow: { type: 'boolean', short: 'f', default: false },
      n: { type: 'string', short: 'n', default: '20' },
    },
  })
  if (!/^\d{1,9}$/.test(values.n)) throw new ConfigFault(`-n ${values.n} is not a number of events`)
  const options = { json: values.json, at: values.at, count: Number(values.n), follow: values.follow }
  const [verb, subject] = positionals
  const { data } = config(process.env)
  const path = join(data, 'ledger.db')
  // Opening would make one, and the first start would then take the folder for a house that lost its root key.
  if (!existsSync(path)) throw new ConfigFault(`there is no ledger in ${data}`)
  await using log = await sqliteLog({ path, onFault: console.error })
  if (verb === 'tail') await tail(log, options, left)
  else if (verb === 'read' && subject) await read(log, subject, options)
  else if (verb === 'replay' && subject) await replay(log, subject, options)
  else if (verb === 'streams') for (const stream of await log.streams(subject ?? '')) console.log(stream)
  else throw new ConfigFault(`\n${usage}`)
} catch (error) {
  console.error('keyledger:', error instanceof Error ? error.message : error)
  process.exitCode = error instanceof ConfigFault || error instanceof TypeError ? 2 : 1
}
