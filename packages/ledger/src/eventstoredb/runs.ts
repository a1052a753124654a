import type { Appended } from '../event-log.ts'
import type { Landing } from './landing.ts'
import type { Encoded } from './records.ts'

interface Waiting {
  readonly events: readonly Encoded[]
  readonly size: number
  readonly resolve: (appended: Appended) => void
  readonly reject: (error: unknown) => void
}

/** One append takes so many facts and bytes of those who expect nothing: well below what the server takes. */
const mostFacts = 512
const mostBytes = 256 * 1024

/**
 * Appends that expect nothing: those for one stream that come together, or while one of them is under way, leave as one. Each
 * stays whole and is answered for itself.
 */
export const runs = (land: Landing) => {
  const lines = new Map<string, Waiting[]>()

  /** The first of those who wait; at least one, however large. */
  const boarded = (line: Waiting[]): readonly Waiting[] => {
    let [count, facts, bytes] = [0, 0, 0]
    for (const { events, size } of line) {
      if (count > 0 && (facts + events.length > mostFacts || bytes + size > mostBytes)) break
      count++
      facts += events.length
      bytes += size
    }
    return line.splice(0, count)
  }

  const leave = async (stream: string, run: readonly Waiting[]): Promise<void> => {
    const events = run.flatMap((one) => one.events)
    try {
      const { revision, position } = await land(stream, 'any', events)
      let behind = events.length
      for (const one of run) {
        behind -= one.events.length
        // Where the others' facts stand the server does not say. Whoever has seen this position has seen theirs.
        one.resolve({ revision: revision - behind, position })
      }
    } catch (error) {
      for (const { reject } of run) reject(error)
    }
  }

  const drive = async (stream: string, line: Waiting[]): Promise<void> => {
    // Whoever appends in this turn of the event loop comes along.
    await Promise.resolve()
    while (line.length > 0) await leave(stream, boarded(line))
    lines.delete(stream)
  }

  return (stream: string, events: readonly Encoded[], size: number): Promise<Appended> =>
    new Promise((resolve, reject) => {
      const waiting = { events, size, resolve, reject }
      const line = lines.get(stream)
      if (line) line.push(waiting)
      else {
        const started = [waiting]
        lines.set(stream, started)
        void drive(stream, started)
      }
    })
}
