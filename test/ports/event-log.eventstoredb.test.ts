/* oxlint-disable vitest/no-conditional-tests, vitest/no-disabled-tests -- a suite that has no server says so */
import { randomUUID } from 'node:crypto'
import { type EventLog, type Recorded, eventStoreLog } from '@keyledger/ledger'
import { test } from 'vitest'
import { scavenge } from './event-log-deviations.ts'
import { eventLog } from './event-log.ts'

/**
 * A real server keeps what earlier runs wrote: each test works in streams and categories of its own, told apart by how
 * their names begin.
 */
const apart = (log: EventLog, prefix: string): EventLog => {
  const own = (events: readonly Recorded[]) =>
    events.map((event) => ({ ...event, stream: event.stream.slice(prefix.length) }))
  return {
    ...log,
    append: (stream, expected, facts) => log.append(prefix + stream, expected, facts),
    read: async (stream, from, limit) => own(await log.read(prefix + stream, from, limit)),
    all: async ({ categories, ...rest }) =>
      own(await log.all({ ...rest, categories: categories.map((name) => prefix + name) })),
    streams: async (start) => (await log.streams(prefix + start)).map((stream) => stream.slice(prefix.length)),
    subscribe: (categories, listener) =>
      log.subscribe(
        categories.map((name) => prefix + name),
        (events) => listener(own(events)),
      ),
    erase: (stream) => log.erase(prefix + stream),
    fresh: () => log.fresh(),
    [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
  }
}

const connection = process.env['ESDB_URL']
const name = 'the event log in EventStoreDB, against a real server'

if (connection === undefined)
  test.skip(`${name} (not run: no ESDB_URL=esdb://... says where one is, and no package registry carries one)`)
else
  eventLog(name, async () => {
    const prefix = `t${randomUUID().replaceAll('-', '')}`
    return {
      open: async (onFault) => apart(await eventStoreLog({ connection, staleness: 2000, onFault }), prefix),
      bytes: async () => Buffer.alloc(0),
      remove: async () => undefined,
    }
  }, [
    scavenge,
    {
      reason: 'a server that others use is never empty',
      tests: ['has a head, which is the position of the last fact'],
    },
  ])
