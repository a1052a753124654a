/**
 * The event log: facts, in streams, in one order.
 *
 * **Streams.** A stream is a name and the facts appended to it, numbered 0, 1, 2 ... without a gap: a fact's *revision*.
 * What stands before the name's first `-` is its *category* (`key-eu-west-1.111122223333.<id>` is in `key`). A stream
 * comes into being with its first fact; there are no empty streams. Reading a stream that is not there gives nothing.
 *
 * **Positions.** All facts of the log stand in one order, by their *position*: positive, growing, with gaps where the
 * adapter likes them, never given twice. Whoever has seen everything up to a position need never look before it again.
 * Positions come from the log and are not to be reckoned with: `after` is 0 or a position that the log told.
 *
 * **Durable.** When `append` resolves, its facts survive the loss of the process and of the machine's power. When it
 * rejects with `WrongRevision`, `RangeError` or `TypeError`, it left nothing behind. When it rejects with anything else (the
 * disk, the connection), the outcome is unknown: append again with the same ids and the same expectation to find out. An
 * adapter whose log is far away has then already tried to find out itself, and rejects with `LedgerUnreachable`.
 *
 * **Whole.** The facts of one append are all there or none is, at revisions and positions that follow each other.
 *
 * **Idempotent.** An append that expects a revision and finds just its own facts (the same ids, in the same order, at just
 * the revisions they would have had) succeeds and answers as the first did. With `any` no such memory is promised.
 *
 * **Live.** A listener is called synchronously, in order of position, with every fact committed after it subscribed, once
 * each, before the promise of the append that brought it resolves. A listener that throws harms neither the append nor
 * the other listeners; it is reported to the adapter's `onFault` and goes on listening.
 *
 * **Shared.** Where several processes append to one log, a listener hears of the others' facts too, as soon as they can be
 * told, and perhaps of some that the others committed just before it subscribed. Whoever decides on what was heard asks
 * `fresh` first: what is committed elsewhere is obeyed here within the adapter's bound, or nothing is decided.
 *
 * **Never edited.** `erase` alone takes away: afterwards no byte of the stream's facts is in the log's files, the stream reads as
 * if it had never been, and it stays closed: an append to it rejects with `WrongRevision` and `actual: 'erased'`.
 */
export interface EventLog extends AsyncDisposable {
  /**
   * Appends at least one fact; answers the revision of the last of them and a position to wait for: whoever has seen all up to
   * it has seen them. Throws WrongRevision; RangeError for none, and for more than the adapter can take at once; TypeError
   * for what it cannot carry.
   */
  append(stream: string, expected: Expected, facts: readonly Fact[]): Promise<Appended>
  /** The stream's facts from revision `from` (0) on, at most `limit` (all), in order. */
  read(stream: string, from?: number, limit?: number): Promise<readonly Recorded[]>
  /** The facts of the categories that stand after a position, in order; at most `limit`, fewer only where there are no more. */
  all(options: { after: number; categories: readonly string[]; limit: number }): Promise<readonly Recorded[]>
  /** The position of the last fact there is; 0 in an empty log. */
  head(): Promise<number>
  /** The names of the streams that begin with `prefix`, in order of name. */
  streams(prefix: string): Promise<readonly string[]>
  /** The live feed of some categories, until it is disposed. */
  subscribe(categories: readonly string[], listener: Listener): Disposable
  /**
   * Undefined when everything that was in the log `staleness` milliseconds ago has been given to the listeners; else a
   * promise of having caught up, which rejects with LedgerUnreachable when the log cannot be read: then whoever decides must refuse.
   */
  fresh(): undefined | Promise<void>
  /** Idempotent. */
  erase(stream: string): Promise<void>
}

/** What happened, as its author says it. Times are ISO 8601 with milliseconds, UTC. */
export interface Fact {
  /** A UUID, given by the author: the fact's identity for ever. */
  readonly id: string
  readonly type: string
  /** Of the shape of `data`, from 1. */
  readonly version: number
  readonly time: string
  readonly metadata?: Metadata
  /** Whatever JSON can carry. A member that is undefined is not written, yet listeners may see it. */
  readonly data: unknown
}

/** On whose behalf. */
export interface Metadata {
  /** The principal's ARN. */
  readonly actor: string
  readonly requestId: string
  readonly region: string
  readonly account: string
}

/** A fact with its places in the log. */
export interface Recorded extends Fact {
  readonly position: number
  readonly stream: string
  readonly revision: number
}

/** What must be true of the stream: nothing; that it is not there; that its last fact has this revision. */
export type Expected = 'any' | 'none' | number
export type Listener = (events: readonly Recorded[]) => void
export interface Appended {
  readonly revision: number
  readonly position: number
}

/** The stream is not where the append expected it to be; nothing was appended. */
export class WrongRevision extends Error {
  override readonly name = 'WrongRevision'
  readonly stream: string
  readonly actual: number | 'none' | 'erased'
  constructor(stream: string, actual: WrongRevision['actual']) {
    super(`${stream} is at ${actual}`)
    this.stream = stream
    this.actual = actual
  }
}

/** The log cannot be reached, or did not answer in time. Of an append that rejects with it the outcome is unknown. */
export class LedgerUnreachable extends Error {
  override readonly name = 'LedgerUnreachable'
}

/** What stands before a stream name's first `-`. */
export const category = (stream: string): string => {
  const end = stream.indexOf('-')
  return end < 0 ? stream : stream.slice(0, end)
}
