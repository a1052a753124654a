import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigFault } from '@keyledger/command'
import { type EventLog, LedgerUnreachable, eventStoreLog, sqliteLog } from '@keyledger/ledger'
import type { Settings } from '../options.ts'
import { inWords, scrubbed } from '../telemetry/words.ts'

/** Which event log this process works on, before and after it is opened. */
export interface LedgerPlace {
  /** How people call it: a file's name, or an address. */
  readonly name: string
  /** Whether anything was ever written to it. Makes nothing. */
  begun(): Promise<boolean>
  /** Opened once; the same for whoever asks again. */
  open(): Promise<EventLog>
}

/** The category of a founding's first event. */
const first = 'account'
/** Milliseconds of the system's clock between two tries to reach a ledger that is not there yet. */
const pause = 500

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

/** A server starts when it starts: waits until it answers, and says once that it does not. Rejects when the signal aborts. */
const reached = async (connection: string, { staleness, onFault, signal }: Settings): Promise<EventLog> => {
  for (let told = false; ; told = true)
    try {
      return await eventStoreLog({ connection, staleness, onFault })
    } catch (error) {
      if (!(error instanceof LedgerUnreachable)) throw new ConfigFault(`KEYLEDGER_LEDGER: ${inWords(error)}`)
      if (!told) onFault(error)
      await sleep(pause, undefined, signal ? { signal } : {})
    }
}

/** What is opened closes with `parts`. */
export const ledgerPlace = (settings: Settings, parts: AsyncDisposableStack): LedgerPlace => {
  const { ledger: connection, data, onFault } = settings
  if (connection === undefined) {
    const path = join(data, 'ledger.db')
    return {
      name: 'ledger.db',
      begun: () => Promise.resolve(existsSync(path)),
      open: once(async () => parts.use(await sqliteLog({ path, onFault }))),
    }
  }
  const open = once(async () => parts.use(await reached(connection, settings)))
  return {
    name: scrubbed(connection),
    begun: async () => (await (await open()).all({ after: 0, categories: [first], limit: 1 })).length > 0,
    open,
  }
}
