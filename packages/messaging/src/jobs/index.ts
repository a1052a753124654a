/**
 * Jobs: things to be done at a time, at least once.
 *
 * A job is known by its id: scheduling an id that is waiting moves nothing and adds nothing, so whoever derives jobs
 * from the ledger may derive them again and again. A handler may run twice for one job and must not mind. A handler
 * that throws is run again later, each time after twice the wait; what fails too often is *parked*: it stays visible, and
 * runs again only when it is scheduled anew or retried. Nothing is persistent here: what is due must be derivable.
 */
export interface Jobs extends AsyncDisposable {
  schedule(job: Job): void
  /** What gave up, with its last error. */
  parked(): readonly Parked[]
  /** Gives a parked job all its tries again. */
  retry(id: string): void
  /** Resolves when no job is due and none is running. */
  settled(): Promise<void>
}

export interface Job {
  readonly id: string
  readonly name: string
  /** Milliseconds since the epoch; in the past means now. */
  readonly at: number
  readonly data: unknown
}

export interface Parked {
  readonly job: Job
  readonly error: unknown
}

/** What does the jobs of each name. */
export type Handlers = Readonly<Record<string, (job: Job, signal: AbortSignal) => Promise<void>>>
