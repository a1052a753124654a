import { type ServerDuplexStream, type ServerReadableStream, type sendUnaryData, status } from '@grpc/grpc-js'
import type { Conduct } from './deeds.ts'
import { perform } from './deeds.ts'
import {
  appended,
  deleted,
  denied,
  expired,
  failure,
  proposed,
  shared,
  statuses,
  streamName,
  streams,
  tooLarge,
} from './messages.ts'
import { unavailable } from './messages.ts'
import type { Expecting, Outcome, Proposed, Store } from './store.ts'

const failures = { unavailable, denied, expired }
const size = (events: readonly Proposed[]) =>
  events.reduce((sum, { data, metadata, type }) => sum + data.length + metadata.length + 2 * type.length, 0)

type AppendCall = ServerReadableStream<streams.AppendReq, streams.AppendResp>
type BatchCall = ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>

interface Options {
  readonly store: Store
  readonly conduct: Conduct
  /** Bytes of one append at most. */
  readonly largest: number
}

const expectedBy = (options: streams.AppendReq.Options): Expecting => {
  if (options.hasAny()) return 'any'
  if (options.hasNoStream()) return 'no_stream'
  return options.hasStreamExists() ? 'stream_exists' : BigInt(options.getRevision())
}
const expectedByBatch = (options: streams.BatchAppendReq.Options): Expecting => {
  if (options.hasAny()) return 'any'
  if (options.hasNoStream()) return 'no_stream'
  return options.hasStreamExists() ? 'stream_exists' : BigInt(options.getStreamPosition())
}

/** Streams/Append: options, then the events, then one answer. */
export const append =
  ({ store, conduct, largest }: Options) =>
  (call: AppendCall, callback: sendUnaryData<streams.AppendResp>): void => {
    let options: streams.AppendReq.Options | undefined
    const events: Proposed[] = []
    call.on('data', (message: streams.AppendReq) => {
      if (message.hasOptions()) options = message.getOptions()
      else
        try {
          events.push(proposed(message.getProposedMessage()!))
        } catch (error) {
          callback(error as Error)
        }
    })
    call.on('error', () => undefined)
    call.on('end', () => {
      const stream = streamName(options!.getStreamIdentifier())
      const expected = expectedBy(options!)
      void perform({
        deed: conduct.of('append', stream),
        act: () => (size(events) > largest ? 'too large' : store.append(stream, expected, events)),
        answer: (outcome) => {
          if (outcome === 'deleted') callback(deleted(stream))
          else if (outcome === 'too large') callback(tooLarge(largest))
          else callback(null, appended(outcome, expected))
        },
        fail: (kind) => callback(failures[kind]()),
      })
    })
  }

/** One field of a message on the wire, of those that have a length. */
const field = (number: number, bytes: Uint8Array): Buffer => {
  const length: number[] = []
  for (let rest = bytes.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes])
}

/** google.rpc.Status with one of EventStoreDB's errors as its detail. */
const refusal = (type: string, detail: Uint8Array): statuses.Status => {
  const url = Buffer.from(`type.googleapis.com/event_store.client.${type}`)
  const any = Buffer.concat([field(1, url), field(2, detail)])
  return statuses.Status.deserializeBinary(Buffer.concat([field(2, Buffer.from(type)), field(3, any)]))
}

const structured = (id: shared.UUID): shared.UUID => {
  const digits = id.getString().replaceAll('-', '')
  const half = (from: number) => String(BigInt.asIntN(64, BigInt(`0x${digits.slice(from, from + 16)}`)))
  return new shared.UUID().setStructured(
    new shared.UUID.Structured().setMostSignificantBits(half(0)).setLeastSignificantBits(half(16)),
  )
}

const batchAnswer = (outcome: Outcome | 'too large', largest: number): streams.BatchAppendResp => {
  const response = new streams.BatchAppendResp()
  if (outcome === 'deleted') return response.setError(refusal('StreamDeleted', Buffer.alloc(0)))
  if (outcome === 'too large') {
    const detail = new shared.MaximumAppendSizeExceeded().setMaxappendsize(largest)
    return response.setError(refusal('MaximumAppendSizeExceeded', detail.serializeBinary()))
  }
  if ('wrong' in outcome) {
    const detail = new shared.WrongExpectedVersion()
    if (outcome.wrong !== 'no_stream') detail.setCurrentStreamRevision(String(outcome.wrong))
    return response.setError(refusal('WrongExpectedVersion', detail.serializeBinary()))
  }
  const position = new shared.AllStreamPosition()
  position.setCommitPosition(String(outcome.position)).setPreparePosition(String(outcome.position))
  const success = new streams.BatchAppendResp.Success()
  return response.setSuccess(success.setCurrentRevision(String(outcome.revision)).setPosition(position))
}

/** Streams/BatchAppend: many appends on one long call, each answered under its correlation id. */
export const batchAppend =
  ({ store, conduct, largest }: Options) =>
  (call: BatchCall): void => {
    const parts = new Map<string, { options: streams.BatchAppendReq.Options; events: Proposed[] }>()
    call.on('error', () => undefined)
    call.on('end', () => call.end())
    call.on('data', (message: streams.BatchAppendReq) => {
      const correlation = message.getCorrelationId()!
      const key = correlation.getString()
      const part = parts.get(key) ?? { options: message.getOptions()!, events: [] }
      parts.set(key, part)
      try {
        part.events.push(...message.getProposedMessagesList().map(proposed))
      } catch (error) {
        call.emit('error', error)
        return
      }
      if (!message.getIsFinal()) return
      parts.delete(key)
      const stream = streamName(part.options.getStreamIdentifier())
      const expected = expectedByBatch(part.options)
      const tell = (response: streams.BatchAppendResp, id = correlation) =>
        void call.write(response.setCorrelationId(id).setStreamIdentifier(part.options.getStreamIdentifier()))
      void perform({
        deed: conduct.of('batchAppend', stream),
        act: () => (size(part.events) > largest ? 'too large' : store.append(stream, expected, part.events)),
        answer: (outcome) => tell(batchAnswer(outcome, largest)),
        fail: (kind) => {
          if (kind === 'denied') tell(new streams.BatchAppendResp().setError(refusal('AccessDenied', Buffer.alloc(0))))
          else if (kind === 'expired')
            // The server gives the id of what expired in its other form.
            tell(new streams.BatchAppendResp().setError(refusal('Timeout', Buffer.alloc(0))), structured(correlation))
          // It takes the whole call along, and what else is pending on it.
          else call.emit('error', unavailable())
        },
      })
    })
  }

interface Removing {
  readonly request: { getOptions(): streams.TombstoneReq.Options | streams.DeleteReq.Options | undefined }
}

/** Streams/Delete and Streams/Tombstone. */
export const remove =
  <R>(
    method: 'delete' | 'tombstone',
    { conduct }: Options,
    act: (stream: string) => Outcome,
    done: (position: string) => R,
  ) =>
  ({ request }: Removing, callback: sendUnaryData<R>): void => {
    const stream = streamName(request.getOptions()!.getStreamIdentifier())
    void perform({
      deed: conduct.of(method, stream),
      act: () => act(stream),
      answer: (outcome) => {
        if (outcome === 'deleted') callback(deleted(stream))
        else if ('wrong' in outcome)
          callback(
            failure(status.FAILED_PRECONDITION, 'wrong expected version', {
              exception: 'wrong-expected-version',
              'stream-name': stream,
              'expected-version': '-2',
              'actual-version': '-1',
            }),
          )
        else callback(null, done(String(outcome.position)))
      },
      fail: (kind) => callback(failures[kind]()),
    })
  }
