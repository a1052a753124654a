import type { Recorded } from '../event-log.ts'
import type { Connection } from './connection.ts'
import { type Entry, entry } from './records.ts'
import { type Filter, ofAll, ofAllEnd, ofAuthors, ofCategories, ofStream, ofStreamEnd } from './requests.ts'

/** A piece of the whole log: what stands in it, and whether the log ends behind it. */
export interface Page {
  readonly entries: readonly Entry[]
  readonly last: boolean
}

/** Everything that only looks at the ledger. */
export const reading = (connection: Connection, signal: AbortSignal) => {
  const entries = async function* (request: Parameters<Connection['read']>[0]): AsyncGenerator<Entry> {
    for await (const response of connection.read(request, { signal })) {
      const event = response.getEvent()?.getEvent()
      if (event) yield entry(event)
    }
  }
  /** The first `limit` facts; the server may have begun to send more. */
  const facts = async (request: Parameters<Connection['read']>[0], limit: number): Promise<Recorded[]> => {
    const found: Recorded[] = []
    for await (const { fact } of entries(request)) {
      const own = fact()
      if (own) found.push(own)
      if (found.length >= limit) break
    }
    return found
  }
  const last = async (filter?: Filter): Promise<number> => {
    for await (const { position } of entries(ofAllEnd(1, filter))) return position
    return 0
  }

  return {
    read: (stream: string, from: number, limit: number): Promise<readonly Recorded[]> =>
      limit <= 0 || from > Number.MAX_SAFE_INTEGER ? Promise.resolve([]) : facts(ofStream(stream, from, limit), limit),
    all: async (after: number, categories: readonly string[], limit: number): Promise<readonly Recorded[]> => {
      if (limit <= 0 || categories.length === 0) return []
      const found: Recorded[] = []
      for await (const { fact, position } of entries(ofAll(after, Infinity, ofCategories(categories)))) {
        const own = position > after && fact()
        if (own) found.push(own)
        if (found.length >= limit) break
      }
      return found
    },
    /** What follows a position, of every kind: `most` of it. With it comes what stands at the position itself. */
    page: async (from: number, most: number): Promise<Page> => {
      const found: Entry[] = []
      for await (const one of entries(ofAll(from, most))) found.push(one)
      return { entries: found, last: found.length < most }
    },
    /** Of the last event that is not the server's own: tombstones count, so that it never goes back. */
    head: (): Promise<number> => last(ofAuthors),
    /** Of the last event of any kind. */
    end: (): Promise<number> => last(),
    /** The stream's facts from its end back to those after revision `floor`, `most` of them. */
    backwards: async function* (stream: string, floor: number, most = Infinity): AsyncGenerator<Recorded> {
      for await (const { fact } of entries(ofStreamEnd(stream, most))) {
        const own = fact()
        if (!own || own.revision <= floor) return
        yield own
      }
    },
    /** The server keeps no list of them, so that every event of theirs is looked at: for the operator alone. */
    streams: async (prefix: string): Promise<readonly string[]> => {
      const names = new Set<string>()
      for await (const { stream, type } of entries(
        ofAll(0, Infinity, prefix === '' ? ofAuthors : { prefixes: [prefix] }),
      ))
        if (type === '$streamDeleted') names.delete(stream)
        else if (!stream.startsWith('$')) names.add(stream)
      return [...names].toSorted()
    },
  }
}
export type Reading = ReturnType<typeof reading>
