import shared from '@eventstore/db-client/generated/shared_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import { type Fact, LedgerUnreachable, type Metadata, type Recorded } from '../event-log.ts'

/** A fact as it goes over the wire. */
export interface Encoded {
  readonly id: string
  readonly message: streams.BatchAppendReq.ProposedMessage
  /** Bytes, as the server reckons them. */
  readonly size: number
}
/** What stands in the log at a position: a fact, or something of the server's own. */
export interface Entry {
  readonly position: number
  readonly stream: string
  readonly type: string
  /** Undefined for what is not of an author's. Throws for what keyledger did not write: who cannot understand a fact must not go on. */
  readonly fact: () => Recorded | undefined
}

/**
 * EventStoreDB takes an append of up to 1 MiB, unless it is configured otherwise. What stands around the events on the
 * disk is the server's own business, so a little is left to it.
 */
export const largestAppend = 1024 * 1024 - 16 * 1024

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const json = 'application/json'

/**
 * The id is the event's id, `data` its data; what else the author says stands in its metadata. Throws TypeError for what JSON
 * cannot carry and for ids that the server would not give back as they are; RangeError for one fact that is too large.
 */
export const encoded = ({ id, type, version, time, metadata, data }: Fact): Encoded => {
  if (!uuid.test(id)) throw new TypeError(`a fact's id is a UUID in lower case, which ${JSON.stringify(id)} is not`)
  const text = JSON.stringify(data) as string | undefined
  if (text === undefined) throw new TypeError(`the data of fact ${id} is nothing that JSON can carry`)
  const body = Buffer.from(text)
  const told = Buffer.from(JSON.stringify({ version, time, metadata }))
  const size = body.length + told.length + 2 * type.length
  if (size > largestAppend) throw tooLarge(size)
  const message = new streams.BatchAppendReq.ProposedMessage()
    .setId(new shared.UUID().setString(id))
    .setData(body)
    .setCustomMetadata(told)
  message.getMetadataMap().set('type', type).set('content-type', json)
  return { id, message, size }
}

export const tooLarge = (size: number): RangeError =>
  new RangeError(`an append of ${size} bytes is more than the ledger takes at once (${largestAppend})`)

/** Positions are numbers here: exact up to 2^53, which is 8 petabytes of log. */
export const counted = (told: string): number => {
  const value = Number(told)
  if (Number.isSafeInteger(value)) return value
  // Servers before 22.6 answer with the greatest number there is where they do not know.
  throw new LedgerUnreachable(`the ledger tells a position that cannot be counted with: ${told}`)
}

type Event = streams.ReadResp.ReadEvent.RecordedEvent

export const entry = (event: Event): Entry => {
  const stream = Buffer.from(event.getStreamIdentifier()!.getStreamName_asU8()).toString()
  const position = counted(event.getCommitPosition())
  const type = event.getMetadataMap().get('type') ?? ''
  // A tombstone stands in its stream, yet is the server's.
  const system = type.startsWith('$') || stream.startsWith('$')
  return { position, stream, type, fact: () => (system ? undefined : decoded(event, type, stream, position)) }
}

const decoded = (event: Event, type: string, stream: string, position: number): Recorded => {
  const { version, time, metadata } = toldBy(event, stream)
  const data = JSON.parse(Buffer.from(event.getData_asU8()).toString()) as unknown
  const fact = { id: event.getId()!.getString(), type, version, time, ...(metadata && { metadata }), data }
  return { ...fact, position, stream, revision: counted(event.getStreamRevision()) }
}

interface Told {
  readonly version: number
  readonly time: string
  readonly metadata?: Metadata
}

const toldBy = (event: Event, stream: string): Told => {
  try {
    const told = JSON.parse(Buffer.from(event.getCustomMetadata_asU8()).toString()) as Partial<Told> | null
    if (typeof told?.version === 'number' && typeof told.time === 'string') return told as Told
  } catch {
    // Said below, for both.
  }
  throw new Error(`event ${event.getStreamRevision()} of ${stream} was not written by keyledger`)
}
