/**
 * Jobs: things to be done now, at least once.
 *
 * **By id.** A job is known by its id: an id that waits, runs, is parked or was done lately is not added again, so whoever
 * derives jobs from the ledger may derive them again and again, in as many processes as there are.
 *
 * **At least once.** A handler may run twice for one job, also in two processes at the same time, and must not mind.
 * Jobs are begun in the order in which they were scheduled, several at a time; in one process two jobs of the same
 * `group` never overlap.
 *
 * **Again.** A handler that throws is run again later, each time after twice the wait; what fails too often is *parked*: it stays
 * visible, and runs again only when it is retried. A handler that throws {@link Later} has not failed.
 *
 * **Not the truth.** What is scheduled here can get lost (a queue elsewhere may be flushed, or die). Whoever schedules keeps what is due
 * somewhere safe, hands it over again when `onLost` tells it to, and forgets it only when its handler has succeeded.
 *
 * **Names alone.** What a job carries is kept where others may read it: ids, names and times, never material.
 */
export interface Jobs extends AsyncDisposable {
  /**
   * Resolves when they are kept, to the ids among them that were done lately and therefore were not added. Rejects when they
   * cannot be kept for the moment; some of them may have been: schedule all of them again later.
   */
  schedule(jobs: readonly Job[]): Promise<readonly string[]>
  /** What gave up, with its last error; those parked last come first, at most 1,000. */
  parked(): Promise<readonly Parked[]>
  /** Gives a parked job all its tries again; false when no such job is parked. */
  retry(id: string): Promise<boolean>
  /** How much there is to do. */
  counts(): Promise<Counts>
  /** Whether jobs can be scheduled and are being done; where not, they wait. */
  ready(): boolean
  /** Resolves when no job waits to be begun and none is running; those that wait to be tried again do not count. */
  settled(): Promise<void>
  /** Tells that what was scheduled may be lost: hand over everything that is due again. */
  onLost(listener: () => void): Disposable
}

export interface Job {
  readonly id: string
  readonly name: string
  /** When it became due, milliseconds since the epoch: for the handler to know. It is begun as soon as it can be. */
  readonly at: number
  /** Jobs of one group do not overlap within a process. */
  readonly group?: string
  /** What JSON can carry, and anyone may read. */
  readonly data: unknown
}

export interface Parked {
  readonly job: Job
  /** Its last error, in words. */
  readonly error: string
}

export interface Counts {
  /** To be begun as soon as there is room. */
  readonly waiting: number
  readonly running: number
  /** To be tried again later. */
  readonly delayed: number
  readonly parked: number
}

/** What does the jobs of each name. The signal tells that the process is closing: finish soon. */
export type Handlers = Readonly<Record<string, (job: Job, signal: AbortSignal) => Promise<void>>>

/**
 * Thrown by a handler: not a failure but "not now" (another region is cut off). The job is run again after `pause`
 * milliseconds, twice as long each time up to a minute, for as long as it takes; it is never parked.
 */
export class Later extends Error {
  override readonly name = 'Later'
  readonly pause: number
  constructor(message: string, { pause = 1000, cause }: { readonly pause?: number; readonly cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.pause = pause
  }
}

const longestPause = 60_000

/** How long a job that was put off `times` times before now waits, milliseconds. */
export const pauseOf = ({ pause }: Later, times: number): number =>
  Math.min(pause * 2 ** Math.min(times, 16), longestPause)

/** An error in words, as a parked job shows it. */
export const inWords = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** A job nobody knows how to do: of a newer version of this program, perhaps. It fails, and is parked in the end. */
export const handlerOf = (handlers: Handlers, { name }: Job) => {
  const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined
  if (!handler) throw new Error(`no handler for jobs called ${name}`)
  return handler
}
