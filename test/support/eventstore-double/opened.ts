import { randomUUID } from 'node:crypto'
import { type EventLog, type EventStoreOptions, type Fact, eventStoreLog } from '@keyledger/ledger'
import { onTestFinished } from 'vitest'
import { type EventStoreDouble, eventStoreDouble } from './index.ts'
import { type Store, store } from './store.ts'
import { type Wire, wire } from './wire.ts'

export interface Opened {
  readonly double: EventStoreDouble
  readonly wire: Wire
  readonly log: EventLog
  readonly faults: unknown[]
  /** Another process, with a connection of its own past the wire. */
  readonly other: EventLog
}

/** Milliseconds that the logs wait for the double: short, as it is told to be silent. */
export const patience = 400

/** The double, a wire to it that can be cut, and two logs: one over the wire, one beside it. Gone when the test is over. */
export const opened = async (
  options: Partial<EventStoreOptions> & { readonly kept?: Store; readonly largest?: number } = {},
): Promise<Opened> => {
  const { kept = store(), largest, ...rest } = options
  const parts = new AsyncDisposableStack()
  onTestFinished(() => parts.disposeAsync())
  const double = parts.use(await eventStoreDouble({ store: kept, ...(largest !== undefined && { largest }) }))
  const line = parts.use(await wire(double.port))
  const faults: unknown[] = []
  const onFault = (fault: unknown) => void faults.push(fault)
  const settings = { staleness: 1000, patience, onFault, ...rest }
  const log = parts.use(await eventStoreLog({ connection: line.url, ...settings }))
  const other = parts.use(await eventStoreLog({ connection: double.url, ...settings }))
  // Last in, first out: the logs are closed while the double still answers.
  parts.defer(() => {
    line.mend()
    double.conduct.well()
    double.subscriptions.mute(false)
  })
  return { double, wire: line, log, faults, other }
}

/** A fact of no importance. */
export const fact = (data: unknown = {}): Fact => ({
  id: randomUUID(),
  type: 'Happened',
  version: 1,
  time: '2026-01-02T03:04:05.678Z',
  data,
})

export const ids = (events: readonly { readonly id: string }[]): readonly string[] => events.map(({ id }) => id)
