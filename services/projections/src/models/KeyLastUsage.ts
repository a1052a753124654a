import type { DatabaseSync } from 'node:sqlite'
import { type EventLog, type Recorded, openModel, refuseOlderLog } from '@keyledger/ledger'
import type { Clock } from '@keyledger/messaging'

/** The operations that count as a use of a key (KMS API reference, `KeyLastUsageTrackingOperation`). */
const tracked: ReadonlySet<string> = new Set([
  'Decapsulate',
  'Decrypt',
  'DeriveSharedSecret',
  'Encapsulate',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'ReEncrypt',
  'Sign',
  'Verify',
  'VerifyMac',
])

export interface LastUsage {
  /** Milliseconds since the epoch. */
  readonly time: number
  /** What its record says; not there when the record is not on the trail any more. */
  readonly operation?: string
  readonly eventId?: string
  readonly requestId?: string
}

/**
 * Where on the trail a use stands; the record there says the rest. Replaced in place by the next use: there is one for
 * every request, and whatever it held of its own would be moved through the heap only to be forgotten.
 */
interface Place {
  stream: string
  revision: number
  /** ISO 8601 */
  time: string
  position: number
}

const model = {
  name: 'KeyLastUsage',
  version: 2,
  tables: ['last_usage'],
  schema: `CREATE TABLE IF NOT EXISTS last_usage(
    arn TEXT PRIMARY KEY, stream TEXT NOT NULL, revision INTEGER NOT NULL, time INTEGER NOT NULL
  ) WITHOUT ROWID`,
}
const categories = ['trail']
const pageSize = 5000
/**
 * Milliseconds between two writes to the disk, and keys written before the event loop gets its turn. Seldom, as a key
 * costs ten times as much to write as to note; what it defers, a start after a crash reads again from the trail, some
 * 100,000 records a second.
 */
const flushEvery = 30_000
const chunk = 200
/** What keys have in common whose rows lie side by side in the table. */
const neighbourhood = /^.*\/(?:mrk-)?../
const otherWork = () => new Promise((resolve) => setImmediate(resolve))

interface Options {
  readonly log: EventLog
  readonly db: DatabaseSync
  readonly clock: Clock
  readonly onFault: (fault: unknown) => void
}

/** The parts of a trail record that matter here. */
interface Use {
  readonly eventName: string
  readonly errorCode?: string
  readonly requestID: string
  readonly eventID: string
  readonly resources?: readonly { readonly ARN: string }[]
}

/** What is known of a key without asking the trail. */
type Noted = Pick<Place, 'stream' | 'revision'> & { readonly time: number }

const none: readonly never[] = []
/** The keys that a record says were used successfully. */
const used = ({ eventName, errorCode, resources }: Use) =>
  errorCode === undefined && resources !== undefined && tracked.has(eventName) ? resources : none

/** Trails are trimmed, and older ledgers put back: another record may stand by now where this one was noted. */
const isNoted = ({ revision, time, data }: Recorded, place: Noted, arn: string): boolean =>
  revision === place.revision && Date.parse(time) === place.time && used(data as Use).some(({ ARN }) => ARN === arn)

/**
 * The last successful use of every key, followed from the trail. It sits beside the hot path, so a use costs one entry
 * in a map; the map goes to the disk every half minute, a little at a time. A crash loses what the trail still has: the
 * next start reads on from the checkpoint.
 */
export const keyLastUsage = async ({ log, db, clock, onFault }: Options) => {
  const { position: start, marks } = openModel(db, model)
  await refuseOlderLog(log, model.name, start)
  const put = db.prepare('INSERT OR REPLACE INTO last_usage VALUES (?, ?, ?, ?)')
  const get = db.prepare('SELECT stream, revision, time FROM last_usage WHERE arn = ?')
  let recent = new Map<string, Place>()
  /** On its way to the disk: still read from here until it is there. */
  let leaving = new Map<string, Place>()
  let seen = start
  /** While the past is being read: up to where. What is heard live meanwhile stands behind what nobody has read yet. */
  let reading: number | undefined = start
  let taken = 0
  /** The checkpoint on the disk. */
  let marked = start

  const closing = new AbortController()
  let flushing: Promise<void> | undefined

  /** One flush for whatever is used in the next moments; while nothing is used, nothing wakes. */
  const flushLater = async (): Promise<void> => {
    await clock.at(clock.now() + flushEvery, closing.signal).catch(() => undefined)
    await flush().catch(onFault)
    flushing = seen > marked && !closing.signal.aborted ? flushLater() : undefined
  }

  const take = (events: readonly Recorded[]): void => {
    taken += events.length
    for (const { data, position, stream, revision, time } of events) {
      if (position > seen) seen = position
      for (const { ARN } of used(data as Use)) {
        const known = recent.get(ARN)
        if (!known) recent.set(ARN, { stream, revision, time, position })
        else if (position > known.position) {
          known.stream = stream
          known.revision = revision
          known.time = time
          known.position = position
        }
      }
    }
    if (seen > marked) flushing ??= flushLater()
  }

  const write = (places: readonly (readonly [string, Place])[]): void => {
    db.exec('BEGIN')
    try {
      for (const [arn, { stream, revision, time }] of places) put.run(arn, stream, revision, Date.parse(time))
      db.exec('COMMIT')
    } catch (error) {
      db.exec('ROLLBACK')
      throw error
    }
  }

  /** So each page of the table is written once, and not once for every key on it: a sixth of the work, with many keys. */
  const neighboursTogether = async (places: ReadonlyMap<string, Place>) => {
    const together = new Map<string, (readonly [string, Place])[]>()
    let done = 0
    for (const place of places) {
      const where = neighbourhood.exec(place[0])?.[0] ?? ''
      const neighbours = together.get(where)
      if (neighbours) neighbours.push(place)
      else together.set(where, [place])
      if (++done % (10 * chunk) === 0) await otherWork()
    }
    return [...together.values()].flat()
  }

  const flush = async (): Promise<void> => {
    const position = reading ?? seen
    leaving = recent
    recent = new Map()
    // What was heard live stays: only beside it does `take` tell that a use yet to be read is an older one.
    if (reading !== undefined)
      for (const [arn, place] of leaving)
        if (place.position > reading) {
          recent.set(arn, place)
          leaving.delete(arn)
        }
    try {
      const places = await neighboursTogether(leaving)
      for (let first = 0; first < places.length; first += chunk) {
        write(places.slice(first, first + chunk))
        await otherWork()
      }
    } catch (error) {
      // The disk would not: the next flush tries again with what was not replaced by something newer.
      recent = new Map([...leaving, ...recent])
      leaving = new Map()
      throw error
    }
    // Last, when everything up to it is in: a crash before here only makes the next start read some records again.
    if (position > marked) marks.set(model.name, model.version, position)
    marked = Math.max(marked, position)
    leaving = new Map()
  }

  const feed = log.subscribe(categories, take)
  // A live record that came first is newer than any page's: `take` never lets an older one replace it.
  for (let after = start; ;) {
    const page = await log.all({ after, categories, limit: pageSize })
    take(page)
    if (page.length < pageSize) break
    reading = after = page.at(-1)!.position
  }
  reading = undefined

  const noted = (arn: string): Noted | undefined => {
    const live = recent.get(arn) ?? leaving.get(arn)
    return live ? { ...live, time: Date.parse(live.time) } : (get.get(arn) as Noted | undefined)
  }

  return {
    name: model.name,
    categories,
    position: () => seen,
    events: () => taken,
    /** When; milliseconds since the epoch. */
    lastUsed: (arn: string): number | undefined => noted(arn)?.time,
    lastUsage: async (arn: string): Promise<LastUsage | undefined> => {
      const place = noted(arn)
      if (!place) return undefined
      const { time } = place
      const [record] = await log.read(place.stream, place.revision, 1)
      // The time alone, rather than nothing: that would say that the key was never used.
      if (!record || !isNoted(record, place, arn)) return { time }
      const { eventName, eventID, requestID } = record.data as Use
      return { operation: eventName, time, eventId: eventID, requestId: requestID }
    },
    [Symbol.asyncDispose]: async () => {
      feed[Symbol.dispose]()
      closing.abort()
      await flushing
      await flush()
    },
  }
}
