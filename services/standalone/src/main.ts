import { randomUUID } from 'node:crypto'
import { type Config, ConfigFault, config } from '@keyledger/command'
import { SealFault, VaultFault } from '@keyledger/crypto'
import { LedgerBehind, LedgerUnreachable } from '@keyledger/ledger'
import { systemClock } from '@keyledger/messaging'
import { house } from './house.ts'
import { BusyFault } from './lock.ts'
import { scavengeAloneOnOneCore } from './one-core.ts'
import { MissingFault, StrangeLedger } from './parts/safe.ts'
import { passphraseOf } from './passphrase.ts'
import { humanLog } from './telemetry/human.ts'
import type { Log } from './telemetry/log.ts'
import { version } from './version.ts'

/**
 * `npm start`: the whole house in one process on embedded parts, or the services of it that KEYLEDGER_SERVICES names. Exit
 * codes: 0 stopped, 1 failed, 2 a bad setting.
 */

// Whatever the house writes is for its owner alone.
process.umask(0o077)
scavengeAloneOnOneCore()

const now = () => Date.now()

const stopped = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopped.abort())

const logOf = async (settings: Config): Promise<Log> => {
  const { log: level, services, regions } = settings
  if (level === undefined) return humanLog(settings)
  const { jsonLog } = await import('./telemetry/json.ts')
  return jsonLog({ level, now, about: { pid: process.pid, services: services.join(), regions: regions.join() } })
}

/** OpenTelemetry is large: it is loaded only where somebody listens. */
const tracesOf = async ({ traces: endpoint, services, regions }: Config) => {
  if (endpoint === undefined) return undefined
  const { traces } = await import('./telemetry/traces.ts')
  const about = {
    'service.name': 'keyledger',
    'service.version': version,
    'service.instance.id': randomUUID(),
    'keyledger.services': services.join(),
    'cloud.region': regions.join(),
  }
  return traces({ endpoint, about })
}

const faults = [
  ConfigFault,
  SealFault,
  VaultFault,
  BusyFault,
  MissingFault,
  StrangeLedger,
  LedgerBehind,
  LedgerUnreachable,
]
/** A setting, a seal, another house's vault, a folder in use: one line says it all. Anything else is ours and comes with its trace. */
const known = (error: unknown) => faults.some((fault) => error instanceof fault)

const run = async (settings: Config, log: Log): Promise<void> => {
  await using traces = await tracesOf(settings)
  await using open = await house({
    ...settings,
    clock: systemClock(now),
    id: randomUUID,
    passphrase: () => passphraseOf(settings.passphrase),
    signal: stopped.signal,
    onFault: log.fault,
    watch: { ...traces, ...answered(log, traces?.answered) },
  })
  log.ready(open)
  if (!stopped.signal.aborted) await new Promise((resolve) => stopped.signal.addEventListener('abort', resolve))
  log.say('keyledger is closing')
}

type Answered = Log['answered']
const answered = ({ answered: one }: Log, other: Answered): { readonly answered?: NonNullable<Answered> } => {
  if (one && other)
    return {
      answered: (...request) => {
        one(...request)
        other(...request)
      },
    }
  const only = one ?? other
  return only ? { answered: only } : {}
}

let log: Log | undefined
try {
  const settings = config(process.env)
  log = await logOf(settings)
  await run(settings, log)
} catch (error) {
  // Told to stop while it was still waiting for something.
  if (!(stopped.signal.aborted && error === stopped.signal.reason)) {
    const told = known(error) ? (error as Error).message : error
    if (log) log.fatal(told)
    else console.error('keyledger:', told)
    process.exitCode = error instanceof ConfigFault ? 2 : 1
  }
}
