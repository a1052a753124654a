import type { Slots } from '@keyledger/command'
import type { EventLog, Followed } from '@keyledger/ledger'
import { type Counts, type Job, Later } from '@keyledger/messaging'
import type { Exchange } from '@keyledger/wire'
import { type Lag, lags } from '../parts/lag.ts'
import { processMetrics } from './process.ts'
import { type Metrics, metrics } from './registry.ts'
import { tallies } from './tally.ts'

/** What this process counts of its work. Labels name services, operations, jobs, models and faults: never a key, an account, a caller. */
export interface Counted extends Disposable {
  readonly metrics: Metrics
  began(): void
  answered(x: Exchange<Slots>, seconds: number): void
  readonly job: (job: Job, run: () => Promise<void>) => Promise<void>
  fault(service: string): void
  follow(log: EventLog, followed: readonly Followed[]): void
  queue(counts: () => Promise<Counts & { readonly due: number }>): void
}

export const counted = (now: () => number): Counted => {
  const registry = metrics()
  const own = processMetrics(registry)
  const requests = tallies()
  const jobs = tallies()
  const faults = new Map<string, number>()
  const followed: Followed[] = []
  let log: EventLog | undefined
  let inFlight = 0
  registry.work({
    name: 'keyledger_request_duration_seconds',
    help: 'Requests answered and how long each took, from the last byte that came to the first that left.',
    failed: 'keyledger_request_errors_total',
    tallies: requests,
    labels: (name) => {
      const [service, operation] = name.split('.') as [string, string]
      return { service, operation }
    },
  })
  registry.family({
    name: 'keyledger_requests_in_flight',
    help: 'Requests that came and are not answered yet.',
    type: 'gauge',
    values: () => [{ value: inFlight }],
  })
  registry.work({
    name: 'keyledger_job_duration_seconds',
    help: 'Jobs run by this process and how long each took.',
    failed: 'keyledger_job_errors_total',
    tallies: jobs,
    labels: (job) => ({ job }),
  })
  registry.family({
    name: 'keyledger_faults_total',
    help: 'What went wrong where nobody waited for the outcome, or became an answer with status 500.',
    type: 'counter',
    values: () => [...faults].map(([service, value]) => ({ labels: { service }, value })),
  })

  // Both families of a scrape are of one reading of the ledger.
  let underWay: Promise<readonly Lag[]> | undefined
  const reading = () =>
    (underWay ??= (log ? lags(log, followed, now) : Promise.resolve([])).finally(() => {
      underWay = undefined
    }))
  registry.family({
    name: 'keyledger_followed_events_total',
    help: 'Events of the ledger that a read model of this process has taken in since the start.',
    type: 'counter',
    values: () => followed.map(({ name, events }) => ({ labels: { model: name }, value: events() })),
  })
  registry.family({
    name: 'keyledger_follower_lag_events',
    help: 'Events of the ledger that are not in the read model yet; at most 1000 are counted.',
    type: 'gauge',
    values: async () => (await reading()).map(({ model, events }) => ({ labels: { model }, value: events })),
  })
  registry.family({
    name: 'keyledger_follower_lag_seconds',
    help: 'How long ago the oldest event happened that is not in the read model yet.',
    type: 'gauge',
    values: async () => (await reading()).map(({ model, seconds }) => ({ labels: { model }, value: seconds })),
  })

  return {
    metrics: registry,
    began: () => void inFlight++,
    answered: ({ slots }, seconds) => {
      inFlight--
      // An operation that is none is named by whoever asks: names that are not ours would be without end.
      const operation = slots.row ? slots.eventName! : 'Unknown'
      const service = slots.eventSource ?? 'kms.amazonaws.com'
      requests.add(`${service.slice(0, service.indexOf('.'))}.${operation}`, seconds, slots.error?.code)
    },
    job: async ({ name }, run) => {
      const began = performance.now()
      let failure: string | undefined
      try {
        await run()
      } catch (error) {
        failure = error instanceof Later ? 'Later' : error instanceof Error ? error.name : 'Error'
        throw error
      } finally {
        jobs.add(name, (performance.now() - began) / 1000, failure)
      }
    },
    fault: (service) => void faults.set(service, (faults.get(service) ?? 0) + 1),
    follow: (ledger, more) => {
      log = ledger
      followed.push(...more)
    },
    queue: (counts) =>
      registry.family({
        name: 'keyledger_jobs',
        help: 'Jobs by where they are in the queue, which the workers of a region share; due: what the ledger asks for by now and is not known to be done.',
        type: 'gauge',
        values: async () => Object.entries(await counts()).map(([state, value]) => ({ labels: { state }, value })),
      }),
    [Symbol.dispose]: () => own[Symbol.dispose](),
  }
}
