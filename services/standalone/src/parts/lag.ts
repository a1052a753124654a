import type { EventLog, Followed } from '@keyledger/ledger'

/** How far a read model is behind the ledger. */
export interface Lag {
  readonly model: string
  /** Not yet in the model; counted up to {@link mostCounted}. */
  readonly events: number
  /** Since the oldest of them happened; 0 when there is none. */
  readonly seconds: number
}

export const mostCounted = 1000

/** The lag of each model now, by what the ledger has after its position: positions themselves are not to be reckoned with. */
export const lags = (log: EventLog, followed: readonly Followed[], now: () => number): Promise<readonly Lag[]> =>
  Promise.all(
    followed.map(async ({ name, categories, position }) => {
      const ahead = await log.all({ after: position(), categories, limit: mostCounted })
      // What came in while the ledger was read is no lag.
      const behind = ahead.filter((event) => event.position > position())
      const oldest = behind[0]
      return {
        model: name,
        events: behind.length,
        seconds: oldest ? Math.max(0, (now() - Date.parse(oldest.time)) / 1000) : 0,
      }
    }),
  )
