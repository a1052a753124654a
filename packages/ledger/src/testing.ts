import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { EventLog, Fact } from './event-log.ts'
import { sqliteLog } from './sqlite/index.ts'

/** A log in a folder of its own, gone when the test is over; `faults` are what it reported. */
export const testLog = async (): Promise<{ log: EventLog; faults: unknown[]; path: string }> => {
  const folder = await mkdtemp(join(tmpdir(), 'keyledger-ledger-'))
  const path = join(folder, 'ledger.db')
  const faults: unknown[] = []
  const log = await sqliteLog({ path, onFault: (fault) => faults.push(fault) })
  onTestFinished(async () => {
    await log[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })
  return { log, faults, path }
}

/** A fact of no importance. */
export const fact = (id: string, data: unknown = {}, type = 'Happened'): Fact => ({
  id,
  type,
  version: 1,
  time: '2026-01-02T03:04:05.678Z',
  data,
})

export const ids = (events: readonly { readonly id: string }[]): readonly string[] => events.map(({ id }) => id)
