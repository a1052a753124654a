import { type Gauge, Registry } from 'prom-client'
import { within } from '../parts/patience.ts'
import { type Tallies, bounds } from './tally.ts'

export interface Value {
  readonly labels?: Readonly<Record<string, string | number>>
  readonly value: number
  readonly metricName?: string
}

interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** Asked when somebody scrapes, never before. */
  readonly values: () => readonly Value[] | Promise<readonly Value[]>
}

export interface Metrics {
  family(family: Family): void
  /** A histogram of durations and a counter of failures. */
  work(work: {
    readonly name: string
    readonly help: string
    readonly failed: string
    readonly tallies: Tallies
    /** The labels of a name. */
    readonly labels: (name: string) => Readonly<Record<string, string>>
  }): void
  /** The text that Prometheus reads. */
  exposition(): Promise<string>
  readonly contentType: string
}

/** Metrics that are counted elsewhere, in plain numbers, and collected when they are asked for. */
export const metrics = (): Metrics => {
  const registry = new Registry()

  const family: Metrics['family'] = ({ name, help, type, values }) => {
    // What cannot be had now (Redis is away, the ledger does not answer) is left out, and the rest is told.
    const asked = async () => values()
    const get = async () => ({ name, help, type, aggregator: 'sum', values: await within(asked).catch(() => []) })
    // What a registry asks of a metric is its name and `get`; its types name prom-client's own classes alone.
    registry.registerMetric({ name, get } as unknown as Gauge)
  }

  const work: Metrics['work'] = ({ name, help, failed, tallies, labels: labelsOf }) => {
    family({
      name,
      help,
      type: 'histogram',
      values: () =>
        [...tallies.all()].flatMap((tally) => {
          const labels = labelsOf(tally.name)
          let below = 0
          const buckets = [...tally.buckets].map((count, index) => ({
            labels: { le: bounds[index] ?? '+Inf', ...labels },
            value: (below += count),
            metricName: `${name}_bucket`,
          }))
          return [
            ...buckets,
            { labels, value: tally.sum, metricName: `${name}_sum` },
            { labels, value: tally.count, metricName: `${name}_count` },
          ]
        }),
    })
    family({
      name: failed,
      help: `Those that failed, by how (of ${name}).`,
      type: 'counter',
      values: () =>
        [...tallies.all()].flatMap((tally) =>
          [...tally.failures].map(([code, value]) => ({
            labels: { ...labelsOf(tally.name), code },
            value,
          })),
        ),
    })
  }

  return { family, work, exposition: () => registry.metrics(), contentType: registry.contentType }
}
