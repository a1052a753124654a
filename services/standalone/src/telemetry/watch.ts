import type { Slots } from '@keyledger/command'
import type { Job } from '@keyledger/messaging'
import type { Exchange, Stages } from '@keyledger/wire'

/** What watches a house at work: logs, counts, traces. Each member costs nothing where it is absent. */
export interface Watch {
  /** Times the stages of requests. */
  readonly stages?: Stages
  /** Told of each request when its answer is out; `began` and `ended` are milliseconds of one monotonic clock. */
  readonly answered?: (x: Exchange<Slots>, status: number, began: number, ended: number) => void
  /** Runs a job. */
  readonly job?: (job: Job, run: () => Promise<void>) => Promise<void>
}
