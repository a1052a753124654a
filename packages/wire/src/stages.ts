import type { Exchange, Mark } from './exchange.ts'

/** Takes the marks of one request after another; what the server's option `stages` wants. */
export interface Stages {
  /** Starts a request's watch; each call of what it returns ends a stage, or a wait, which began at the call before. */
  begin(): Mark
}

/** Hears of every request when it is complete and when its answer has been handed to the socket. */
export interface Meter<Slots extends object = Record<string, unknown>> {
  /** Answers the moment, by whatever clock the meter has. */
  began(): number
  /** `status` is 0 where no answer could be given at all; `began` is what `began` answered for this request. */
  ended(x: Exchange<Slots>, status: number, began: number): void
}

/** Mean duration of a stage. */
export interface StageMean {
  readonly stage: string
  readonly count: number
  readonly microseconds: number
}

/**
 * A stopwatch for the bench. `nanoseconds` is a monotonic clock (`process.hrtime.bigint` as a number will do). A stage
 * that awaits counts the wait, other requests' work included; a synchronous one is pure cost.
 */
export const stopwatch = (nanoseconds: () => number): Stages & { means(): StageMean[]; reset(): void } => {
  const totals = new Map<string, { count: number; total: number }>()
  return {
    begin: () => {
      let last = nanoseconds()
      return (stage) => {
        const now = nanoseconds()
        const began = last
        last = now
        if (stage === undefined) return
        const sum = totals.get(stage) ?? { count: 0, total: 0 }
        totals.set(stage, { count: sum.count + 1, total: sum.total + now - began })
      }
    },
    means: () => [...totals].map(([stage, { count, total }]) => ({ stage, count, microseconds: total / count / 1000 })),
    reset: () => totals.clear(),
  }
}
