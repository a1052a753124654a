import { request } from 'node:http'
import type { Jobs, Parked } from '@keyledger/messaging'
import { afterAll, expect, test } from 'vitest'
import { metrics } from '../metrics/registry.ts'
import { type Readiness, readiness } from '../parts/readiness.ts'
import { adminListener } from './index.ts'

type Workers = Pick<Jobs, 'parked' | 'retry'>

const open = new AsyncDisposableStack()
afterAll(() => open[Symbol.asyncDispose]())

const faults: unknown[] = []
const listening = async (
  options: { ready?: Readiness; jobs?: Workers; registry?: ReturnType<typeof metrics> } = {},
) => {
  const admin = await adminListener({
    address: { host: '127.0.0.1', port: 0 },
    ready: options.ready ?? readiness(),
    metrics: options.registry ?? metrics(),
    jobs: () => options.jobs,
    onFault: (fault) => faults.push(fault),
  })
  open.use(admin)
  return async (method: string, path: string, headers: Record<string, string> = {}) => {
    const { status, body } = await new Promise<{ status: number; body: string }>((resolve, reject) => {
      const sent = request({ port: admin.port, method, path, headers, agent: false }, (response) => {
        let text = ''
        response.on('data', (chunk) => (text += String(chunk)))
        response.on('end', () => resolve({ status: response.statusCode!, body: text }))
      })
      sent.on('error', reject).end()
    })
    return [status, /^[{[]/.test(body) ? (JSON.parse(body) as unknown) : body]
  }
}

test('it lives as soon as it listens, and is ready when nothing is missing', async () => {
  const ready = readiness()
  const ask = await listening({ ready })
  ready.need('ledger', () => 'is not open yet')
  ready.need('vault', () => undefined)
  ready.need('jobs', () => Promise.reject(new Error('cannot reach redis://:hidden@jobs:6379')))
  expect(await ask('GET', '/healthz')).toEqual([200, { alive: true }])
  expect(await ask('GET', '/readyz')).toEqual([
    503,
    {
      ready: false,
      missing: [
        { part: 'ledger', why: 'is not open yet' },
        { part: 'jobs', why: 'cannot reach redis://[secret]@jobs:6379' },
      ],
    },
  ])
  ready.need('ledger', () => undefined)
  ready.need('jobs', async () => undefined)
  expect(await ask('GET', '/readyz?verbose')).toEqual([200, { ready: true }])
})

test('a part that does not answer is missing', async () => {
  const ready = readiness()
  ready.need('ledger', () => new Promise(() => undefined))
  const ask = await listening({ ready })
  expect(await ask('GET', '/readyz')).toEqual([
    503,
    { ready: false, missing: [{ part: 'ledger', why: 'does not answer' }] },
  ])
})

test('a metric that cannot be had is left out, and the rest is told', async () => {
  const registry = metrics()
  registry.family({ name: 'gone', help: 'h', type: 'gauge', values: () => Promise.reject(new Error('away')) })
  registry.family({ name: 'here', help: 'h', type: 'gauge', values: () => [{ labels: { a: 'b' }, value: 2 }] })
  const ask = await listening({ registry })
  const [status, body] = await ask('GET', '/metrics')
  expect(status).toBe(200)
  expect(body).toContain('# TYPE gone gauge\n')
  expect(body).toContain('here{a="b"} 2\n')
})

test('parked jobs are shown, and tried again by their ids, whatever stands in them', async () => {
  const job = { id: 'DestroyKey key-us-east-1.1.a/b 3', name: 'DestroyKey', at: 5, data: { stream: 'key-1' } }
  let parked: Parked[] = [{ job, error: 'the disk is full' }]
  const jobs: Workers = {
    parked: () => Promise.resolve(parked),
    retry: (id) => {
      const before = parked.length
      parked = parked.filter((each) => each.job.id !== id)
      return Promise.resolve(parked.length < before)
    },
  }
  const ask = await listening({ jobs })
  const path = `/jobs/${encodeURIComponent(job.id)}/retry`
  expect(await ask('GET', '/jobs/parked')).toEqual([200, { parked: [{ ...job, error: 'the disk is full' }] }])
  expect(await ask('POST', path)).toEqual([200, { retried: job.id }])
  expect(await ask('POST', path)).toEqual([404, { error: 'no such job is parked' }])
  expect(await ask('GET', '/jobs/parked')).toEqual([200, { parked: [] }])
})

test('a process without workers has no jobs', async () => {
  const ask = await listening()
  expect(await ask('GET', '/jobs/parked')).toEqual([404, { error: 'no workers run in this process' }])
  expect(await ask('POST', '/jobs/a/retry')).toEqual([404, { error: 'no workers run in this process' }])
})

test.each([
  ['GET', '/', 404, 'nothing is here'],
  ['GET', '/jobs/parked/', 404, 'nothing is here'],
  ['POST', '/healthz', 405, 'only GET'],
  ['GET', '/jobs/a/retry', 405, 'only POST'],
  ['POST', '/jobs/%ff/retry', 400, 'the path is not percent-encoded UTF-8'],
])('%s %s is refused with %d', async (method, path, status, error) => {
  const ask = await listening()
  expect(await ask(method, path)).toEqual([status, { error }])
})

test("a page in the operator's browser gets nothing", async () => {
  const ask = await listening({ jobs: { parked: () => Promise.resolve([]), retry: () => Promise.resolve(true) } })
  expect(await ask('POST', '/jobs/a/retry', { origin: 'https://evil.example' })).toEqual([
    403,
    { error: 'not for browsers' },
  ])
})

test('what fails is told to the log, not to who asks', async () => {
  faults.length = 0
  const away = () => Promise.reject(new Error('Redis at jobs:6379 is away'))
  const ask = await listening({ jobs: { parked: away, retry: away } })
  expect(await ask('GET', '/jobs/parked')).toEqual([500, { error: 'it failed; the log says why' }])
  expect(faults).toEqual([new Error('Redis at jobs:6379 is away')])
})
