import type { Address } from '@keyledger/command'
import type { Jobs } from '@keyledger/messaging'
import type { Metrics } from '../metrics/registry.ts'
import { blaming } from '../place.ts'
import type { Readiness } from '../parts/readiness.ts'
import { type Route, json, listener } from './listener.ts'

interface Admin {
  readonly address: Address
  readonly ready: Readiness
  readonly metrics: Metrics
  /** The jobs of this process, once there are any. */
  readonly jobs: () => Pick<Jobs, 'parked' | 'retry'> | undefined
  readonly onFault: (fault: unknown) => void
}

/**
 * What an operator's programs may ask of a process, from its first moment to its last:
 * - `GET /healthz`: it lives (200). Whoever gets no answer may restart it.
 * - `GET /readyz`: it can do its work (200), or what is missing (503). Nobody should send it requests, nor restart it.
 * - `GET /metrics`: for Prometheus.
 * - `GET /jobs/parked`, `POST /jobs/ID/retry`: what gave up, and another go at it. Workers only.
 */
export const adminListener = async ({ address, ready, metrics, jobs, onFault }: Admin) => {
  const noWorkers = () => json(404, { error: 'no workers run in this process' })
  const routes: readonly Route[] = [
    { method: 'GET', path: /^\/healthz$/, answer: () => json(200, { alive: true }) },
    {
      method: 'GET',
      path: /^\/readyz$/,
      answer: async () => {
        const missing = await ready.missing()
        return missing.length === 0 ? json(200, { ready: true }) : json(503, { ready: false, missing })
      },
    },
    {
      method: 'GET',
      path: /^\/metrics$/,
      answer: async () => ({ status: 200, type: metrics.contentType, body: await metrics.exposition() }),
    },
    {
      method: 'GET',
      path: /^\/jobs\/parked$/,
      answer: async () => {
        const parked = await jobs()?.parked()
        return parked ? json(200, { parked: parked.map(({ job, error }) => ({ ...job, error })) }) : noWorkers()
      },
    },
    {
      method: 'POST',
      path: /^\/jobs\/([^/]+)\/retry$/,
      answer: async ([id]) => {
        const retried = await jobs()?.retry(id!)
        if (retried === undefined) return noWorkers()
        return retried ? json(200, { retried: id }) : json(404, { error: 'no such job is parked' })
      },
    },
  ]
  return blaming(`KEYLEDGER_ADMIN_HOST ${address.host}, KEYLEDGER_ADMIN_PORT ${address.port}`, () =>
    listener(address, routes, onFault),
  )
}
