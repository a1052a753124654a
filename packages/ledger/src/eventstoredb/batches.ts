import type { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type shared from '@eventstore/db-client/generated/shared_pb.js'
import type streams from '@eventstore/db-client/generated/streams_pb.js'
import { type Expected, LedgerUnreachable } from '../event-log.ts'
import { type Answer, answered } from './answers.ts'
import { translated } from './faults.ts'
import type { Calls } from './inside.ts'
import type { Encoded } from './records.ts'
import { batchRequest } from './requests.ts'
import { within } from './within.ts'

interface Pending {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}
/** One long call, and who waits for answers on it. */
interface Batch {
  readonly call: ReturnType<StreamsClient['batchAppend']>
  readonly pending: Map<string, Pending>
  /** Answers so far. */
  heard: number
  over: boolean
}

/**
 * Appends, over one call of Streams/BatchAppend that stays open: many go out before the first is answered. Each is given up
 * after `patience` milliseconds. When the call breaks, what is pending on it is rejected; the next append opens another.
 */
export const batches = (calls: Calls, patience: number) => {
  let current: Promise<Batch> | undefined
  let count = 0

  const opened = async (): Promise<Batch> => {
    const opening = calls.open('append', (grpc, metadata, options) => grpc.batchAppend(metadata, options))
    const call = await within(patience, opening, (late) => late.on('error', nothing).cancel())
    const batch: Batch = { call, pending: new Map(), heard: 0, over: false }
    call.on('data', (response: streams.BatchAppendResp) => {
      batch.heard++
      const id = correlation(response.getCorrelationId())
      // One that nobody waits for any more was given up, or is answered again.
      const waiting = batch.pending.get(id)
      batch.pending.delete(id)
      if (!waiting) return
      try {
        waiting.resolve(answered(response))
      } catch (error) {
        waiting.reject(error)
      }
    })
    call.on('error', (error: unknown) => broken(batch, translated(error)))
    call.on('end', () => broken(batch, new LedgerUnreachable('the ledger ended the call')))
    return batch
  }

  const broken = (batch: Batch, why: Error) => {
    if (batch.over) return
    batch.over = true
    current = undefined
    batch.call.cancel()
    for (const { reject } of batch.pending.values()) reject(why)
    batch.pending.clear()
  }

  const open = (): Promise<Batch> => {
    const opening = (current ??= opened())
    opening.catch(() => {
      if (current === opening) current = undefined
    })
    return opening
  }

  return {
    /** One try. What it rejects with leaves the outcome unknown, unless `isFinal` says otherwise. */
    append: async (stream: string, expected: Expected, events: readonly Encoded[]): Promise<Answer> => {
      const batch = await open().catch((error: unknown) => {
        throw translated(error)
      })
      const id = `00000000-0000-4000-8000-${(++count).toString(16).padStart(12, '0')}`
      const { promise, resolve, reject } = Promise.withResolvers<Answer>()
      batch.pending.set(id, { resolve, reject })
      const heard = batch.heard
      try {
        batch.call.write(batchRequest(id, stream, expected, events))
        return await within(patience, promise)
      } finally {
        // Nothing at all came meanwhile: the call may be dead without anybody having told.
        if (batch.pending.delete(id) && batch.heard === heard) broken(batch, silent(patience))
      }
    },
    close: async (): Promise<void> => {
      const batch = await current?.catch(nothing)
      if (batch) broken(batch, new LedgerUnreachable('the ledger is closed'))
    },
  }
}

/** The server gives a timeout's id back in its other form, two numbers of 64 bits. */
const correlation = (uuid: shared.UUID | undefined): string => {
  const structured = uuid?.getStructured()
  if (!structured) return uuid?.getString().toLowerCase() ?? ''
  const half = (bits: string) => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0')
  const digits = half(structured.getMostSignificantBits()) + half(structured.getLeastSignificantBits())
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const silent = (time: number) => new LedgerUnreachable(`the ledger has said nothing for ${time} ms`)
const nothing = () => undefined
