import { type Appended, type EventLog, type Expected, LedgerUnreachable } from '../event-log.ts'
import { connection as connected } from './connection.ts'
import { feed as fed } from './feed.ts'
import { landing } from './landing.ts'
import { reading as readFrom } from './reading.ts'
import { type Encoded, encoded, largestAppend, tooLarge } from './records.ts'
import { runs } from './runs.ts'

export interface EventStoreOptions {
  /** As EventStoreDB documents it: `esdb://user:password@host:port?tls=true`, `esdb+discover://...`. */
  readonly connection: string
  /** Milliseconds: see `fresh`. */
  readonly staleness: number
  /** Milliseconds, best of a clock that never goes back: what stands still or steps makes facts seem fresher than they are. */
  readonly now?: () => number
  /** Milliseconds that the server may be silent before a call counts as failed. */
  readonly patience?: number
  /** Told what a listener threw, and when the ledger goes away. */
  readonly onFault: (fault: unknown) => void
}

/**
 * The event log in EventStoreDB 22.6 or later, which many processes share: see {@link EventLog} for what it promises.
 * Opening it needs the ledger to be there: rejects with LedgerUnreachable where it is not.
 *
 * It deviates from the port in this: `erase` closes a stream with a tombstone, so that nobody can read or append to it, but
 * its facts are still found by `all`, and their bytes on the disk, until the server's next scavenge. And an append resolves
 * when its facts are durable, even if the ledger went away before listeners could be told.
 */
export const eventStoreLog = async ({
  connection: string,
  staleness,
  now = () => performance.now(),
  patience = 3000,
  onFault,
}: EventStoreOptions): Promise<EventLog> => {
  const closing = new AbortController()
  const { signal } = closing
  const connection = connected(string, patience)
  const reading = readFrom(connection, signal)
  const start = await reading.end().catch(async (error: unknown) => {
    await connection.close()
    throw error
  })
  const feed = fed({ connection, reading, start, staleness, now, signal, onFault })
  const land = landing({ connection, reading, now, giveUp: 3 * patience, signal })
  const board = runs(land)
  const underWay = new Set<Promise<unknown>>()

  const placed = (stream: string, expected: Expected, events: readonly Encoded[]): Promise<Appended> => {
    const size = events.reduce((sum, event) => sum + event.size, 0)
    if (size > largestAppend) throw tooLarge(size)
    return expected === 'any' ? board(stream, events, size) : land(stream, expected, events)
  }

  const append: EventLog['append'] = async (stream, expected, facts) => {
    if (signal.aborted) throw new LedgerUnreachable('the ledger is closed')
    if (facts.length === 0) throw new RangeError('an append of no facts')
    const appended = await placed(stream, expected, facts.map(encoded))
    await feed.settled(stream, appended.position)
    return appended
  }

  return {
    append: (...args) => {
      const appending = append(...args)
      const over = appending.then(nothing, nothing)
      underWay.add(over)
      void over.then(() => underWay.delete(over))
      return appending
    },
    read: (stream, from = 0, limit = Infinity) => reading.read(stream, from, limit),
    all: ({ after, categories, limit }) => reading.all(after, categories, limit),
    head: reading.head,
    streams: reading.streams,
    subscribe: feed.subscribe,
    fresh: feed.fresh,
    erase: async (stream) => {
      // The server would make a tombstone for a stream that never was, and that is still free to be.
      if ((await reading.read(stream, 0, 1)).length > 0) await connection.tombstone(stream)
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(underWay)
      closing.abort()
      await feed.ended()
      await connection.close()
    },
  }
}

const nothing = () => undefined
