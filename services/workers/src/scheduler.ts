import type { Clock, Job, Jobs } from '@keyledger/messaging'
import { type DueRows, idOf, jobOf } from './due-work.ts'

/** Something to be done every so often, by whichever process of the region comes first. */
export interface Period {
  readonly name: string
  /** Milliseconds after the start, and then between two times. */
  readonly first: number
  readonly every: number
}

interface Options {
  readonly rows: Pick<DueRows, 'waiting' | 'next' | 'anyHanded' | 'hand' | 'forget' | 'doneElsewhere'>
  readonly jobs: Pick<Jobs, 'schedule' | 'settled' | 'onLost'>
  readonly periods: readonly Period[]
  readonly clock: Clock
  /** Told of the first of failures that follow each other. */
  readonly onFault: (fault: unknown) => void
}

export interface Scheduler extends AsyncDisposable {
  /** A row was added that is due at `at`. */
  added(at: number): void
  /** Resolves when what is due is done, or waits to be tried again; rejects when it could not be handed over. */
  settled(): Promise<void>
}

/** After so long without an end a job is handed over again: it may be lost, or done elsewhere. Milliseconds. */
const patience = 60_000
const firstPause = 1000
const longestPause = 30_000

/**
 * Waits for the moment when the next row falls due and hands it over as a job. Nothing depends on a job's fate: a row that
 * is not removed in the end is handed over again, which adds nothing where the job still waits, and tells where
 * another process has done it.
 */
export const scheduler = ({ rows, jobs, periods, clock, onFault }: Options): Scheduler => {
  const closing = new AbortController()
  const next = new Map(periods.map(({ name, first }) => [name, clock.now() + first]))
  let stirred = new AbortController()
  /** Whoever has to do with an earlier time stirs. */
  let horizon = Infinity
  let resting: ((failure: unknown) => void)[] = []
  let handed = 0
  let looked = clock.now()

  const stir = () => stirred.abort(new Error('something changed'))

  const handOverRows = async (): Promise<void> => {
    for (;;) {
      const page = rows.waiting(clock.now())
      if (page.length === 0 || closing.signal.aborted) return
      // Before the jobs are there: should they get lost meanwhile, it is forgotten again, and not after.
      rows.hand(page, clock.now())
      try {
        const done = new Set(await jobs.schedule(page.map(jobOf)))
        if (done.size > 0) rows.doneElsewhere(page.filter((row) => done.has(idOf(row))))
        handed += page.length
      } catch (error) {
        rows.hand(page, 0)
        throw error
      }
    }
  }

  const handOverPeriods = async (): Promise<void> => {
    const now = clock.now()
    const due = periods.filter(({ name }) => next.get(name)! <= now)
    if (due.length === 0) return
    // Processes that come to it in the same period give it the same id.
    const jobOf = ({ name, every }: Period): Job => {
      return { id: `${name} ${Math.floor(now / every)}`, name, at: now, group: name, data: null }
    }
    await jobs.schedule(due.map(jobOf))
    for (const { name, every } of due) next.set(name, now + every)
    handed += due.length
  }

  const look = async (): Promise<void> => {
    if (clock.now() - looked >= patience) {
      rows.forget(clock.now() - patience)
      looked = clock.now()
    }
    await handOverRows()
    await handOverPeriods()
  }

  const run = async (): Promise<void> => {
    for (let failures = 0; !closing.signal.aborted;) {
      stirred = new AbortController()
      horizon = Infinity
      // Who asks while this goes on wants to know of the next.
      const asking = resting.splice(0)
      let failure: unknown
      try {
        await look()
        failures = 0
        horizon = Math.min(rows.next(), ...next.values(), rows.anyHanded() ? looked + patience : Infinity)
      } catch (error) {
        failure = error
        if (failures === 0 && !closing.signal.aborted) onFault(error)
        horizon = clock.now() + Math.min(longestPause, firstPause * 2 ** failures++)
      }
      for (const rested of asking) rested(failure)
      await clock.at(horizon, AbortSignal.any([stirred.signal, closing.signal])).catch(nothing)
    }
    for (const rested of resting.splice(0)) rested(undefined)
  }

  const rest = async (): Promise<void> => {
    if (closing.signal.aborted) return
    const failure = await new Promise((resolve) => {
      resting.push(resolve)
      stir()
    })
    if (failure !== undefined) throw failure
  }

  const lost = jobs.onLost(() => {
    rows.forget(Infinity)
    stir()
  })
  const running = run()

  return {
    added: (at) => {
      if (at < horizon) stir()
    },
    settled: async () => {
      for (let before = -1; before !== handed || rows.next() <= clock.now();) {
        before = handed
        await rest()
        await jobs.settled()
      }
    },
    [Symbol.asyncDispose]: async () => {
      lost[Symbol.dispose]()
      closing.abort(new Error('closing'))
      await running
    },
  }
}

const nothing = () => undefined
