import { database } from '@keyledger/sqlite'
import {
  type Appended,
  type EventLog,
  type Expected,
  type Fact,
  type Listener,
  type Recorded,
  WrongRevision,
  category,
} from '../event-log.ts'
import type procedures from './procedures.ts'
import { type Outcome, absent, any, erased } from './procedures.ts'
import type { Run } from './schema.ts'

/** Facts on their way into one stream, and who waits for them: `upTo` facts of them are theirs and those before. */
interface Gathering {
  readonly facts: Fact[]
  readonly bodies: string[]
  readonly waiting: {
    readonly upTo: number
    readonly resolve: (appended: Appended) => void
    readonly reject: (error: unknown) => void
  }[]
}
/** A run is read whole: this many records of 1 KB are still read in less than a millisecond. */
const longestRun = 128

interface Options {
  /** The database's file; made if it is not there. */
  readonly path: string
  /** Told what a listener threw. */
  readonly onFault: (fault: unknown) => void
}

/** The event log in one SQLite file of this process: see {@link EventLog} for what it promises. */
export const sqliteLog = async ({ path, onFault }: Options): Promise<EventLog> => {
  // Appends that expect nothing and wait for the same commit become one run; when the batch leaves, they are closed. A new
  // map each time: a cleared one's old table points to its new one, and once such a table has grown old the collector takes
  // all that ever follow it, and what stands in them, for alive.
  let open = new Map<string, Gathering>()
  const db = await database<ReturnType<typeof procedures>>(path, new URL('./procedures.ts', import.meta.url), () => {
    open = new Map()
  })
  const listeners = new Map<string, Set<Listener>>()

  const publish = (stream: string, facts: readonly Fact[], revision: number, position: number) => {
    const interested = listeners.get(category(stream))
    if (!interested || interested.size === 0) return
    const events = facts.map((fact, index) => recorded(fact, position + index, stream, revision + index))
    for (const listener of interested)
      try {
        listener(events)
      } catch (error) {
        onFault(error)
      }
  }

  // Calls settle in the order in which they were made, and each has but this one reaction: so facts are published in the
  // order of their positions.
  const settle = (stream: string, { facts, waiting }: Gathering, outcome: Outcome) => {
    if ('actual' in outcome) {
      const actual = outcome.actual === erased ? 'erased' : outcome.actual === absent ? 'none' : outcome.actual
      for (const { reject } of waiting) reject(new WrongRevision(stream, actual))
      return
    }
    const revision = outcome.revision - facts.length
    const position = outcome.position - facts.length
    if (!outcome.again) publish(stream, facts, revision + 1, position + 1)
    for (const { upTo, resolve } of waiting) resolve({ revision: revision + upTo, position: position + upTo })
  }

  const gathering = (stream: string, expected: number): Gathering => {
    const gathered: Gathering = { facts: [], bodies: [], waiting: [] }
    db.call('append', stream, expected, gathered.bodies).then(
      (outcome) => settle(stream, gathered, outcome),
      (error: unknown) => {
        // A batch that never left did not close it: nobody may join what has failed.
        if (open.get(stream) === gathered) open.delete(stream)
        gathered.waiting.forEach(({ reject }) => reject(error))
      },
    )
    return gathered
  }

  const gatheringFor = (stream: string, expected: Expected): Gathering => {
    if (expected !== 'any') return gathering(stream, expected === 'none' ? absent : expected)
    const started = open.get(stream)
    if (started && started.facts.length < longestRun) return started
    const gathered = gathering(stream, any)
    open.set(stream, gathered)
    return gathered
  }

  return {
    append: (stream, expected, facts) =>
      new Promise((resolve, reject) => {
        if (facts.length === 0) throw new RangeError('an append of no facts')
        // First, as it throws for what JSON cannot carry; a gathering once begun goes to the thread.
        const bodies = facts.map((fact) => JSON.stringify(fact))
        const gathered = gatheringFor(stream, expected)
        gathered.facts.push(...facts)
        gathered.bodies.push(...bodies)
        gathered.waiting.push({ upTo: gathered.facts.length, resolve, reject })
      }),
    read: async (stream, from = 0, limit = Infinity) =>
      (await db.call('read', stream, from, limit))
        .flatMap(facts)
        .filter(({ revision }) => revision >= from)
        .slice(0, limit),
    all: async ({ after, categories, limit }) =>
      (await db.call('all', after, categories, limit))
        .flatMap(facts)
        .filter(({ position }) => position > after)
        .slice(0, limit),
    head: () => db.call('head'),
    streams: (prefix) => db.call('streams', prefix),
    subscribe: (categories, listener) => {
      // A function of its own: the same listener may subscribe twice.
      const own: Listener = (events) => listener(events)
      for (const name of categories) listeners.set(name, (listeners.get(name) ?? new Set()).add(own))
      return { [Symbol.dispose]: () => categories.forEach((name) => listeners.get(name)!.delete(own)) }
    },
    // One process writes to the file, and its listeners hear of a commit before whoever asked for it does.
    fresh: () => undefined,
    erase: async (stream) => {
      // Both in one batch. A crash between them leaves the bytes in the write-ahead log, and the next erase empties it.
      const erasing = db.call('erase', stream)
      await db.call('truncate')
      await erasing
    },
    [Symbol.asyncDispose]: () => db.close(),
  }
}

const facts = ([position, stream, revision, , body]: Run): Recorded[] =>
  (JSON.parse(body) as Fact[]).map((fact, index) => recorded(fact, position + index, stream, revision + index))

// Member by member: a spread costs the hot path five times as much.
const recorded = (fact: Fact, position: number, stream: string, revision: number): Recorded => {
  const { id, type, version, time, metadata, data } = fact
  return metadata === undefined
    ? { id, type, version, time, data, position, stream, revision }
    : { id, type, version, time, metadata, data, position, stream, revision }
}
