import { type Appended, type Expected, LedgerUnreachable, WrongRevision } from '../event-log.ts'
import { recent } from '../recent.ts'
import type { Connection } from './connection.ts'
import { isFinal } from './faults.ts'
import type { Reading } from './reading.ts'
import type { Encoded } from './records.ts'
import { pause } from './within.ts'

interface Options {
  readonly connection: Connection
  readonly reading: Reading
  /** Milliseconds, of a clock that never goes back. */
  readonly now: () => number
  /** How long it is tried to bring an append to its end, in milliseconds. */
  readonly giveUp: number
  readonly signal: AbortSignal
}

/** What a look at the stream says of an append whose outcome is unknown. */
type Look = { readonly landed: Appended } | { readonly end: number | 'none' } | { readonly taken: number }

const firstPause = 50
const longestPause = 1000
const rememberedEnds = 10_000

/**
 * Appends until it is known what came of it. A server that does not answer may yet have written: then the stream is searched for the
 * ids. If they stand there, the append is acknowledged. If not, it is tried again with the same ids, so that the server
 * itself refuses to write them twice: where a revision is expected it does so for ever; with `any` only as long as it remembers, hence the
 * second try expects the end of the stream that was just searched. Rejects with LedgerUnreachable if time is up before.
 */
export const landing = ({ connection, reading, now, giveUp, signal }: Options) => {
  /** How far streams were known to reach: what is appended later stands behind it, and need not be searched for before it. */
  const ends = recent<string, number>(rememberedEnds)

  const lookForward = async (stream: string, after: number, ids: readonly string[]): Promise<Look> => {
    const there = await reading.read(stream, after + 1, ids.length)
    const last = there.at(-1)
    if (!last) return { end: after < 0 ? 'none' : after }
    const same = there.length === ids.length && there.every(({ id }, index) => id === ids[index])
    return same ? { landed: { revision: last.revision, position: last.position } } : { taken: await endOf(stream) }
  }

  const endOf = async (stream: string): Promise<number> => {
    for await (const { revision } of reading.backwards(stream, -1, 1)) return revision
    throw new LedgerUnreachable(`${stream} ended while it was looked at`)
  }

  const lookBack = async (stream: string, floor: number, ids: readonly string[]): Promise<Look> => {
    let end: number | undefined
    for await (const { id, revision, position } of reading.backwards(stream, floor)) {
      if (id === ids.at(-1)) return { landed: { revision, position } }
      end ??= revision
    }
    return { end: end ?? (floor < 0 ? 'none' : floor) }
  }

  /** Undefined where the stream cannot be read now. */
  const looked = async (stream: string, expected: Expected, floor: number, ids: readonly string[]) => {
    try {
      if (expected === 'any') return await lookBack(stream, floor, ids)
      return await lookForward(stream, expected === 'none' ? -1 : expected, ids)
    } catch (error) {
      if (isFinal(error)) throw error
      return undefined
    }
  }

  /** Where an event stands whose place the server did not tell. */
  const positionAt = async (stream: string, revision: number): Promise<number> => {
    const [event] = await reading.read(stream, revision, 1)
    if (!event) throw new LedgerUnreachable(`${stream} does not show what it acknowledged`)
    return event.position
  }

  return async (stream: string, expected: Expected, events: readonly Encoded[]): Promise<Appended> => {
    const ids = events.map(({ id }) => id)
    const until = now() + giveUp
    const floor = ends.get(stream) ?? -1
    let asked = expected
    let fault: unknown
    let wait = firstPause
    for (;;) {
      try {
        const answer = await connection.append(stream, asked, events)
        if ('revision' in answer) {
          const position = answer.position ?? (await positionAt(stream, answer.revision))
          if (expected === 'any') ends.set(stream, answer.revision)
          return { revision: answer.revision, position }
        }
        if (expected !== 'any' || answer.actual === 'erased') throw new WrongRevision(stream, answer.actual)
        // Others appended since the stream was searched, or it was our own first try that came late.
        fault ??= new LedgerUnreachable(`${stream} never stood still`)
      } catch (error) {
        if (isFinal(error)) throw error
        fault = error
      }
      for (;;) {
        if (signal.aborted || now() >= until)
          throw new LedgerUnreachable(`it is unknown whether ${stream} was appended to`, { cause: fault })
        await pause(wait, signal)
        wait = Math.min(longestPause, wait * 2)
        const look = await looked(stream, expected, floor, ids)
        if (!look) continue
        if ('landed' in look) return look.landed
        if ('taken' in look) throw new WrongRevision(stream, look.taken)
        asked = look.end
        break
      }
    }
  }
}
export type Landing = ReturnType<typeof landing>
