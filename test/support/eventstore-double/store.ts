/** An event as a client proposes it. */
export interface Proposed {
  readonly id: string
  readonly type: string
  readonly contentType: string
  readonly data: Uint8Array
  readonly metadata: Uint8Array
}
/** An event with its places: the position is where its record begins in the log's bytes, as in EventStoreDB. */
export interface Stored extends Proposed {
  readonly stream: string
  readonly revision: bigint
  readonly position: number
  /** Milliseconds since the epoch. */
  readonly created: number
}
export type Expecting = 'any' | 'no_stream' | 'stream_exists' | bigint
export type Outcome =
  { readonly revision: bigint; readonly position: number } | { readonly wrong: bigint | 'no_stream' } | 'deleted'

interface Stream {
  events: Stored[]
  deleted: boolean
  /** A soft deletion hides what is before. */
  truncatedBefore: number
}

/** The revision of a tombstone. */
const lastRevision = 9223372036854775807n
const recordOverhead = 120

/**
 * What EventStoreDB keeps, in memory: streams, one log of them all, and the documented checks of an append: optimistic
 * concurrency; idempotency by event id, exact where a revision is expected, and with `any` as far as the server's memory of lately
 * committed ids goes (`memory` of them). Deleted streams' events stay in `$all` until a scavenge.
 */
export const store = ({ memory = 100_000 } = {}) => {
  const log: Stored[] = []
  const streams = new Map<string, Stream>()
  const lately = new Map<string, { readonly stream: string; readonly revision: bigint }>()
  const committed = new Set<() => void>()
  /** Where records stood that were scavenged: whoever begins there begins with the next. */
  const scavenged = new Set<number>()
  let end = 0

  const write = (stream: string, revision: bigint, event: Proposed): Stored => {
    const stored = { ...event, stream, revision, position: end, created: Date.now() }
    end += recordOverhead + stream.length + event.type.length + event.data.length + event.metadata.length
    log.push(stored)
    return stored
  }
  // As a server does at its start: a log is never quite empty, and no fact ever stands at position 0.
  write('$server-info', 0n, {
    id: '00000000-0000-4000-8000-000000000000',
    type: '$started',
    contentType: 'application/json',
    data: Buffer.from('{}'),
    metadata: Buffer.alloc(0),
  })

  const remember = (id: string, stream: string, revision: bigint) => {
    lately.set(id, { stream, revision })
    while (lately.size > memory) lately.delete(lately.keys().next().value!)
  }

  const last = (stream: Stream | undefined) => BigInt(stream?.events.length ?? 0) - 1n
  const placed = (event: Stored): Outcome => ({ revision: event.revision, position: event.position })
  const wrong = (stream: Stream | undefined): Outcome => ({ wrong: stream?.events.length ? last(stream) : 'no_stream' })

  /** Where the ids stand already: all of them, none, or only the first ones. */
  const again = (name: string, stream: Stream, expected: Expecting, events: readonly Proposed[]) => {
    if (expected === 'any' || expected === 'stream_exists') {
      const known = events.map(({ id }) => lately.get(id)).map((one) => (one?.stream === name ? one : undefined))
      if (known[0] === undefined) return 'none'
      return known.includes(undefined) ? 'some' : stream.events[Number(known.at(-1)!.revision)]!
    }
    const from = expected === 'no_stream' ? 0 : Number(expected) + 1
    const there = events.map(({ id }, index) => stream.events[from + index]?.id === id)
    if (there.every(Boolean)) return stream.events[from + events.length - 1]!
    return there[0] ? 'some' : 'none'
  }

  const append = (name: string, expected: Expecting, events: readonly Proposed[]): Outcome => {
    const stream = streams.get(name)
    if (stream?.deleted) return 'deleted'
    const found = stream ? again(name, stream, expected, events) : 'none'
    if (typeof found === 'object') return placed(found)
    if (found === 'some') return wrong(stream)
    if (expected === 'stream_exists' && !stream) return wrong(stream)
    if (expected === 'no_stream' && stream && stream.truncatedBefore < stream.events.length) return wrong(stream)
    if (typeof expected === 'bigint' && expected !== last(stream)) return wrong(stream)
    const to = stream ?? { events: [], deleted: false, truncatedBefore: 0 }
    streams.set(name, to)
    for (const event of events) {
      const stored = write(name, last(to) + 1n, event)
      to.events.push(stored)
      remember(event.id, name, stored.revision)
    }
    for (const hear of committed) hear()
    return placed(to.events.at(-1)!)
  }

  const tombstone = (name: string, id: string): Outcome => {
    const stream = streams.get(name) ?? { events: [], deleted: false, truncatedBefore: 0 }
    if (stream.deleted) return 'deleted'
    streams.set(name, stream)
    stream.deleted = true
    const event = { id, type: '$streamDeleted', contentType: 'application/octet-stream' }
    const stored = write(name, lastRevision, { ...event, data: Buffer.alloc(0), metadata: Buffer.alloc(0) })
    for (const hear of committed) hear()
    return placed(stored)
  }

  return {
    log,
    append,
    tombstone,
    softDelete: (name: string): Outcome => {
      const stream = streams.get(name)
      if (!stream) return { wrong: 'no_stream' }
      if (stream.deleted) return 'deleted'
      stream.truncatedBefore = stream.events.length
      return { revision: last(stream), position: end }
    },
    /** The stream's events that are not hidden, in order. */
    stream: (name: string): readonly Stored[] | 'none' | 'deleted' => {
      const stream = streams.get(name)
      if (stream?.deleted) return 'deleted'
      const events = stream?.events.slice(stream.truncatedBefore) ?? []
      return events.length === 0 ? 'none' : events
    },
    /** The place in the log of the record at a position, or behind where one was scavenged; undefined where none begins. */
    placeOf: (position: number): number | undefined => {
      if (position >= end) return log.length
      let [low, high] = [0, log.length]
      while (low < high) {
        const middle = (low + high) >> 1
        if (log[middle]!.position < position) low = middle + 1
        else high = middle
      }
      return log[low]?.position === position || scavenged.has(position) ? low : undefined
    },
    /** Takes the events of tombstoned streams off the disk; their tombstones stay. */
    scavenge: (): void => {
      const kept = log.filter(({ stream, revision }) => !streams.get(stream)?.deleted || revision === lastRevision)
      for (const event of log) if (!kept.includes(event)) scavenged.add(event.position)
      log.splice(0, log.length, ...kept)
    },
    onCommit: (hear: () => void): Disposable => {
      committed.add(hear)
      return { [Symbol.dispose]: () => void committed.delete(hear) }
    },
    /** Takes a record as another life of the server wrote it. */
    restore: (event: Stored): void => {
      if (event.position < end) return
      log.push(event)
      end =
        event.position +
        recordOverhead +
        event.stream.length +
        event.type.length +
        event.data.length +
        event.metadata.length
      const stream = streams.get(event.stream) ?? { events: [], deleted: false, truncatedBefore: 0 }
      streams.set(event.stream, stream)
      if (event.revision === lastRevision) stream.deleted = true
      else stream.events.push(event)
      remember(event.id, event.stream, event.revision)
    },
  }
}
export type Store = ReturnType<typeof store>
