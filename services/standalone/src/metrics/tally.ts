/** Upper bounds, in seconds, of what a histogram tells apart. */
export const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

/** What was counted of one kind of work. */
export interface Tally {
  readonly name: string
  count: number
  /** Seconds. */
  sum: number
  /** How many took at most each of the bounds, and no less; the last: longer than all of them. */
  readonly buckets: Float64Array
  /** How many failed, by the name of the failure. */
  readonly failures: Map<string, number>
}

export interface Tallies {
  /** Counts one piece of work. A few plain numbers change, whatever is asked of them later. */
  add(name: string, seconds: number, failure: string | undefined): void
  all(): Iterable<Tally>
}

/** Durations and failures by the name of the work; names must be few. */
export const tallies = (): Tallies => {
  const known = new Map<string, Tally>()
  return {
    add: (name, seconds, failure) => {
      let tally = known.get(name)
      if (!tally) {
        tally = { name, count: 0, sum: 0, buckets: new Float64Array(bounds.length + 1), failures: new Map() }
        known.set(name, tally)
      }
      tally.count++
      tally.sum += seconds
      let bucket = 0
      while (bucket < bounds.length && seconds > bounds[bucket]!) bucket++
      tally.buckets[bucket]!++
      if (failure !== undefined) tally.failures.set(failure, (tally.failures.get(failure) ?? 0) + 1)
    },
    all: () => known.values(),
  }
}
