import { type EventLog, type Fact, type Metadata, type Recorded, WrongRevision, category } from './event-log.ts'
import { recent } from './recent.ts'

interface Command {
  readonly type: string
}
interface Event {
  readonly type: string
  readonly data: object
}

/** What a repository needs of an aggregate: its decisions and its evolution, as tables by type. */
export interface Aggregate<S, C extends Command, E extends Event> {
  readonly initial: S
  readonly decide: { readonly [T in C['type']]: (state: S, command: Extract<C, { readonly type: T }>) => readonly E[] }
  readonly evolve: { readonly [T in E['type']]: (state: S, event: Extract<E, { readonly type: T }>) => S }
}

/** What is put around the events of one command. */
export interface Envelope {
  /** A fresh UUID for each event. */
  readonly ids: () => string
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly metadata: Metadata
}

/** The streams of one kind of aggregate, as states. */
export interface Repository<S, C extends Command> {
  /**
   * The state of a stream; the initial state of one that is not there. At once where it is remembered, and then never
   * older than the last append acknowledged in this process. Rejects, and decides nothing, if the log cannot be read or holds an
   * event that is not understood.
   */
  find(stream: string): S | Promise<S>
  /**
   * Decides the command on the stream's present state and appends the events; resolves to the state after them. Whatever
   * the decision throws, it throws; a command that changes nothing appends nothing. If others append meanwhile, it decides again
   * on what they made of it; rejects with Conflict, having changed nothing, if that happens again and again.
   */
  handle(stream: string, command: C, envelope: Envelope): Promise<S>
  /** The state now, or as of a time in milliseconds, read from the log and not remembered. */
  peek(stream: string, upTo?: { readonly time?: number }): Promise<S>
}

/** Others kept changing the stream faster than this command could be decided on it. */
export class Conflict extends Error {
  override readonly name = 'Conflict'
}

interface Options<S, C extends Command, E extends Event> {
  readonly log: EventLog
  readonly aggregate: Aggregate<S, C, E>
  /** Brings a fact as it was once written to today's event; throws for one it does not know. */
  readonly upcast?: (stored: Pick<Fact, 'type' | 'version' | 'data'>) => E
  /** Today's version of each type of event; 1 for those that are not named. */
  readonly versions?: Readonly<Record<string, number>>
  /** How many states are remembered; those used least recently are forgotten first. */
  readonly capacity?: number
}

interface Fold<S> {
  readonly state: S
  /** Of the last event in it; -1 before the first. */
  readonly revision: number
}
const tries = 20

/** `state` after `events`. An event of an unknown type throws: a state that skipped a fact would lie. */
export const fold = <S, C extends Command, E extends Event>(
  { evolve }: Pick<Aggregate<S, C, E>, 'evolve'>,
  state: S,
  events: readonly E[],
): S => events.reduce((current, event) => (row(evolve, event.type) as (state: S, event: E) => S)(current, event), state)

// Tables are typed row by row; that a row found under a type takes what has that type, only this cast can say.
const row = (table: object, type: string): unknown => {
  if (!Object.hasOwn(table, type)) throw new TypeError(`nothing is known of ${JSON.stringify(type)}`)
  return table[type as keyof object]
}

/** Loads, decides, appends, and again on conflict; remembers states and keeps them at the log's present. */
export const repository = <S, C extends Command, E extends Event>({
  log,
  aggregate,
  upcast = (stored) => stored as unknown as E,
  versions = {},
  capacity = 250_000,
}: Options<S, C, E>): Repository<S, C> => {
  const folds = recent<string, Fold<S>>(capacity)
  /** Streams being read, with what was appended to them since. */
  const loading = new Map<string, { readonly load: Promise<Fold<S>>; readonly since: Recorded[] }>()
  const watched = new Set<string>()
  const turns = new Map<string, Promise<void>>()

  const advanced = (from: Fold<S>, events: readonly Recorded[]): Fold<S> => {
    const fresh = events.filter(({ revision }) => revision > from.revision)
    if (fresh.length === 0) return from
    if (fresh[0]!.revision !== from.revision + 1) throw new Error(`events of ${fresh[0]!.stream} are missing`)
    return { state: fold(aggregate, from.state, fresh.map(upcast)), revision: fresh.at(-1)!.revision }
  }

  const live = (events: readonly Recorded[]) => {
    for (const event of events) {
      loading.get(event.stream)?.since.push(event)
      const known = folds.get(event.stream)
      if (!known) continue
      try {
        folds.set(event.stream, advanced(known, [event]))
      } catch {
        // Whoever asks next reads the stream, and hears why.
        folds.delete(event.stream)
      }
    }
  }

  const watch = (stream: string) => {
    const name = category(stream)
    if (watched.has(name)) return
    watched.add(name)
    log.subscribe([name], live)
  }

  const read = async (stream: string, since: readonly Recorded[]): Promise<Fold<S>> => {
    try {
      const events = await log.read(stream)
      // What was appended while the stream was read is in `events` or follows them.
      const now = advanced(advanced({ state: aggregate.initial, revision: -1 }, events), since)
      const known = folds.get(stream)
      // Meanwhile this process may have appended, and its feed be late.
      if (known && known.revision > now.revision) return known
      if (now.revision >= 0) folds.set(stream, now)
      return now
    } finally {
      loading.delete(stream)
    }
  }

  const load = (stream: string): Promise<Fold<S>> => {
    const started = loading.get(stream)
    if (started) return started.load
    watch(stream)
    const since: Recorded[] = []
    const load = read(stream, since)
    loading.set(stream, { load, since })
    return load
  }

  /** Undefined if the stream was not where it was thought to be. */
  const attempt = async (stream: string, command: C, { ids, time, metadata }: Envelope): Promise<S | undefined> => {
    const from = folds.get(stream) ?? (await load(stream))
    const decide = row(aggregate.decide, command.type) as (state: S, command: C) => readonly E[]
    const events = decide(from.state, command)
    if (events.length === 0) return from.state
    const envelope = { time: new Date(time).toISOString(), metadata }
    const facts = events.map(({ type, data }) => ({ id: ids(), type, version: versions[type] ?? 1, ...envelope, data }))
    try {
      const { revision } = await log.append(stream, from.revision < 0 ? 'none' : from.revision, facts)
      const known = folds.get(stream)
      if (known && known.revision >= revision) return fold(aggregate, from.state, events)
      // The feed is late. What this process did itself it knows without it.
      const state = fold(aggregate, from.state, events)
      folds.set(stream, { state, revision })
      return state
    } catch (error) {
      if (!(error instanceof WrongRevision) || error.actual === 'erased') throw error
      // The feed may have brought what came between. If not, the stream is to be read again.
      if (folds.get(stream)?.revision === from.revision) folds.delete(stream)
      return undefined
    }
  }

  const decided = async (stream: string, command: C, envelope: Envelope): Promise<S> => {
    for (let tried = 0; tried < tries; tried++) {
      const state = await attempt(stream, command, envelope)
      if (state !== undefined) return state
    }
    throw new Conflict(`${stream} changed ${tries} times while ${command.type} was being decided`)
  }

  // One after the other in this process: commands that arrive together would only make each other decide again.
  const inTurn = async <T>(stream: string, act: () => Promise<T>): Promise<T> => {
    const before = turns.get(stream)
    const acting = before ? before.then(act) : act()
    const over = acting.then(nothing, nothing)
    turns.set(stream, over)
    try {
      return await acting
    } finally {
      if (turns.get(stream) === over) turns.delete(stream)
    }
  }

  return {
    find: (stream) => folds.get(stream)?.state ?? load(stream).then(({ state }) => state),
    handle: (stream, command, envelope) => inTurn(stream, () => decided(stream, command, envelope)),
    peek: async (stream, { time = Infinity } = {}) => {
      const events = await log.read(stream)
      // Clocks step: what stands before an event had happened when it did, whatever its own time says.
      const last = events.findLastIndex((event) => Date.parse(event.time) <= time)
      return fold(aggregate, aggregate.initial, events.slice(0, last + 1).map(upcast))
    },
  }
}

const nothing = () => undefined
