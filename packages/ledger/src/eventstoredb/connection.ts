import { EventStoreDBClient } from '@eventstore/db-client'
import type { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type streams from '@eventstore/db-client/generated/streams_pb.js'
import { LedgerUnreachable } from '../event-log.ts'
import { batches } from './batches.ts'
import { checkedConnection } from './connection-string.ts'
import { erased, translated } from './faults.ts'
import { inside } from './inside.ts'
import { within } from './within.ts'

/** The calls of EventStoreDB's protocol that the ledger needs, each with an end in time. */
export interface Connection {
  readonly append: ReturnType<typeof batches>['append']
  /**
   * The responses to a read, until they end; of a stream that was erased there are none. Rejects with LedgerUnreachable when the
   * server says nothing for `idle` milliseconds, or at once when the signal says so.
   */
  read(
    request: streams.ReadReq,
    options?: { readonly signal?: AbortSignal; readonly idle?: number },
  ): AsyncGenerator<streams.ReadResp>
  /** Closes a stream for ever; one that was closed stays so. */
  tombstone(stream: string): Promise<void>
  close(): Promise<void>
}

type ReadCall = ReturnType<StreamsClient['read']>

/** Milliseconds beyond a call's own deadline before it is given up from outside: discovery and connecting have none. */
const grace = 100

/** Every call waits at most `patience` milliseconds for a sign of life. Throws for a connection string that is none. */
export const connection = (string: string, patience: number): Connection => {
  const client = opened(checkedConnection(string))
  const calls = inside(client)
  const { append, close: closeBatch } = batches(calls, patience)

  const open = (request: streams.ReadReq): Promise<ReadCall> => {
    const opening = calls.open('read', (grpc, metadata, options) => grpc.read(request, metadata, options))
    // One that opens when nobody waits for it any more.
    return within(patience, opening, (late) => late.on('error', nothing).cancel())
  }

  return {
    append,
    read: async function* (request, { signal, idle = patience } = {}) {
      let over: Error | undefined
      let call: ReadCall | undefined
      const stop = (why: Error) => {
        over ??= why
        call?.cancel()
      }
      const aborted = () => stop(new LedgerUnreachable('the ledger is closed'))
      const timer = idle === Infinity ? undefined : setTimeout(() => stop(silent(idle)), idle)
      signal?.addEventListener('abort', aborted)
      if (signal?.aborted) aborted()
      try {
        call = (await open(request)).on('error', nothing)
        if (over) throw over
        for await (const response of call) {
          timer?.refresh()
          yield response as streams.ReadResp
        }
      } catch (error) {
        if (over) throw over
        if (!erased(error)) throw translated(error)
      } finally {
        clearTimeout(timer)
        signal?.removeEventListener('abort', aborted)
        call?.cancel()
      }
    },
    tombstone: async (stream) => {
      try {
        const options = { expectedRevision: 'any', requiresLeader: true, deadline: patience } as const
        await within(patience + grace, client.tombstoneStream(stream, options))
      } catch (error) {
        if (!erased(error)) throw translated(error)
      }
    },
    close: async () => {
      await closeBatch()
      await within(patience, client.dispose()).catch(nothing)
      // Disposing of the client ends its calls and leaves the connection open.
      await within(patience, calls.closeChannel()).catch(nothing)
    },
  }
}

const opened = (string: string): EventStoreDBClient => {
  try {
    return EventStoreDBClient.connectionString(string)
  } catch (error) {
    // The client's own words repeat the string, which holds a password.
    const repeats = error instanceof Error && 'connectionString' in error
    throw repeats ? new Error('a setting in the connection string of EventStoreDB has a value it cannot have') : error
  }
}

const silent = (idle: number) => new LedgerUnreachable(`the ledger has said nothing for ${idle} ms`)
const nothing = () => undefined
