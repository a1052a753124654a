import { parseArgs } from 'node:util'
import { type Config, ConfigFault, config } from '@keyledger/command'
import { readerMayLeave } from './reader.ts'
import { urlOf } from './url.ts'

/** `npm run jobs`: what the workers gave up, and another go at it, through the admin listener of a process that has workers. */

const usage = `npm run jobs -- parked [--json]     what gave up, with its last error
npm run jobs -- retry ID...         gives it all its tries again
npm run jobs -- retry --all         the same for everything that is parked
The process is the one at KEYLEDGER_ADMIN_HOST and KEYLEDGER_ADMIN_PORT.`

interface ParkedJob {
  readonly id: string
  readonly name: string
  readonly at: number
  readonly error: string
}

const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** Asks the listener; what it refuses is said in its own words. */
const asker = ({ admin }: Config) => {
  if (!admin) throw new ConfigFault('KEYLEDGER_ADMIN_PORT is not set: it says where the workers listen')
  const base = urlOf('http', { ...admin, host: everywhere[admin.host] ?? admin.host })
  return async (method: 'GET' | 'POST', path: string): Promise<Readonly<Record<string, unknown>>> => {
    const response = await fetch(`${base}${path}`, { method }).catch((cause: unknown) => {
      throw new Error(`nobody answers at ${base}`, { cause })
    })
    const answer = (await response.json()) as Readonly<Record<string, unknown>>
    if (!response.ok) throw new Error(`${base}${path}: ${String(answer['error'])}`)
    return answer
  }
}

readerMayLeave()

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, all: { type: 'boolean', default: false } },
  })
  const [verb, ...ids] = positionals
  if (verb !== 'parked' && !(verb === 'retry' && (ids.length > 0 || values.all))) throw new ConfigFault(`\n${usage}`)
  const ask = asker(config(process.env))
  const parked = async () => (await ask('GET', '/jobs/parked'))['parked'] as readonly ParkedJob[]
  if (verb === 'parked')
    for (const job of await parked())
      console.log(
        values.json ? JSON.stringify(job) : `${job.id}\n    due ${new Date(job.at).toISOString()}: ${job.error}`,
      )
  else
    for (const id of values.all ? (await parked()).map((job) => job.id) : ids) {
      await ask('POST', `/jobs/${encodeURIComponent(id)}/retry`)
      console.log(`${id} is tried again`)
    }
} catch (error) {
  console.error('keyledger:', error instanceof Error ? error.message : error)
  process.exitCode = error instanceof ConfigFault || error instanceof TypeError ? 2 : 1
}
