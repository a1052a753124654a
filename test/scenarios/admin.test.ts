import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { CreateKeyCommand, DecryptCommand, EncryptCommand, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestHouse, alice, testHouse } from '../support/house.ts'
import { asker } from '../support/raw.ts'
import { unread } from '../support/unread.ts'

/** What an operator's programs learn of a house at work: is it alive, is it ready, how busy, what gave up. */
let open: TestHouse
let admin: string
beforeAll(async () => {
  open = await testHouse({ admin: { host: '127.0.0.1', port: 0 } })
  admin = open.house.admin!
})
afterAll(() => open[Symbol.asyncDispose]())

/** `name{labels}` by value, of the families that Prometheus would read. */
const scraped = async () => {
  const response = await fetch(`${admin}/metrics`)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const text = await response.text()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const values = new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ')
      return [line.slice(0, end), Number(line.slice(end + 1))] as const
    }),
  )
  return { text, values, of: (name: string) => values.get(name) }
}

test('it is alive and ready', async () => {
  expect(await (await fetch(`${admin}/healthz`)).json()).toEqual({ alive: true })
  expect(await (await fetch(`${admin}/readyz`)).json()).toEqual({ ready: true })
})

describe('the metrics', () => {
  const ask = asker(
    () => open.house.url,
    () => open.clock.now(),
  )

  test('count requests and their durations by operation, and errors by code', async () => {
    const kms = open.kms()
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
    const KeyId = KeyMetadata!.KeyId!
    for (let time = 0; time < 3; time++) {
      const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
      await kms.send(new DecryptCommand({ CiphertextBlob }))
    }
    await expect(kms.send(new DecryptCommand({ CiphertextBlob: Buffer.from('none') }))).rejects.toThrow(/./)
    await open.sts().send(new GetCallerIdentityCommand({}))
    await ask('TrentService.NoSuchOperation', '{}')
    await ask('TrentService.AnotherOne', '{}')

    const { of, values } = await scraped()
    const count = (service: string, operation: string) =>
      of(`keyledger_request_duration_seconds_count{service="${service}",operation="${operation}"}`)
    expect({
      encrypt: count('kms', 'Encrypt'),
      decrypt: count('kms', 'Decrypt'),
      identity: count('sts', 'GetCallerIdentity'),
      unknown: count('kms', 'Unknown'),
      inFlight: of('keyledger_requests_in_flight'),
      invalid: of(
        'keyledger_request_errors_total{service="kms",operation="Decrypt",code="InvalidCiphertextException"}',
      ),
      nowhere: of('keyledger_request_errors_total{service="kms",operation="Unknown",code="UnknownOperationException"}'),
    }).toEqual({ encrypt: 3, decrypt: 4, identity: 1, unknown: 2, inFlight: 0, invalid: 1, nowhere: 2 })

    const buckets = [...values]
      .filter(([name]) => /_bucket\{.*service="kms",operation="Encrypt"/.test(name))
      .map(([, value]) => value)
    expect(buckets).toEqual(buckets.toSorted((a, b) => a - b))
    expect(buckets.at(-1)).toBe(3)
    expect(of('keyledger_request_duration_seconds_sum{service="kms",operation="Encrypt"}')).toBeGreaterThan(0)
  })

  test('say how far read models are behind, how many jobs there are, and how busy the process is', async () => {
    const { values } = await scraped()
    const families = new Set([...values.keys()].map((name) => name.replace(/\{.*/, '')))
    const of = (family: string) =>
      Object.fromEntries(
        [...values]
          .filter(([name]) => name.startsWith(`${family}{`))
          .map(([name, value]) => [name.slice(family.length), value]),
      )
    expect(of('keyledger_follower_lag_events')).toEqual({
      '{model="KeyInventory"}': 0,
      '{model="AliasInventory"}': 0,
      '{model="GrantInventory"}': 0,
      '{model="KeyLastUsage"}': 0,
      '{model="DueWork"}': 0,
    })
    expect(Object.values(of('keyledger_follower_lag_seconds'))).toEqual([0, 0, 0, 0, 0])
    expect(values.get('keyledger_followed_events_total{model="KeyInventory"}')).toBe(1)
    expect(Object.keys(of('keyledger_jobs'))).toEqual(
      ['waiting', 'running', 'delayed', 'parked', 'due'].map((state) => `{state="${state}"}`),
    )
    for (const family of [
      'process_resident_memory_bytes',
      'process_cpu_seconds_total',
      'nodejs_heap_size_used_bytes',
      'nodejs_eventloop_lag_seconds',
      'nodejs_eventloop_utilization',
    ])
      expect(families).toContain(family)
  })

  test('name no key, no account, no caller and no operation that somebody made up', async () => {
    const { text } = await scraped()
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}|\b\d{12}\b|arn:|AKIA|alice|NoSuchOperation|AnotherOne/)
  })
})

/** `npm run jobs`, as its program runs. */
const program = fileURLToPath(new URL('../../services/standalone/src/jobs.ts', import.meta.url))
const jobs = (...args: string[]) =>
  new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    const env = { PATH: process.env['PATH'], KEYLEDGER_ADMIN_PORT: new URL(admin).port }
    const child = spawn(process.execPath, [program, ...args], { env })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => (stdout += String(chunk)))
    child.stderr.on('data', (chunk) => (stderr += String(chunk)))
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })

const day = 24 * 3600 * 1000

test('a job that gave up is shown, and done when the operator has put right what kept it', async () => {
  const kms = open.kms()
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
  const KeyId = KeyMetadata!.KeyId!
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
  const vault = open.house.world.vault as { destroy: typeof open.house.world.vault.destroy }
  const { destroy } = vault
  vault.destroy = () => Promise.reject(new Error('the disk is full'))
  await open.clock.advance(8 * day)
  await open.house.jobs.settled()

  const stream = `key-us-east-1.${alice.account}.${KeyId}`
  const { parked } = (await (await fetch(`${admin}/jobs/parked`)).json()) as { parked: { id: string }[] }
  expect(parked).toMatchObject([{ name: 'DestroyKey', data: { stream }, error: 'the disk is full' }])
  const { id } = parked[0]!
  expect((await scraped()).of('keyledger_jobs{state="parked"}')).toBe(1)
  expect((await scraped()).of('keyledger_job_errors_total{job="DestroyKey",code="Error"}')).toBeGreaterThan(1)
  expect(await jobs('parked')).toMatchObject({ code: 0, stdout: expect.stringContaining(`${id}\n`) as string })
  expect(await jobs('retry', 'no such job')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no such job is parked') as string,
  })

  vault.destroy = destroy
  expect(await jobs('retry', id)).toEqual({ code: 0, stdout: `${id} is tried again\n`, stderr: '' })
  await open.house.jobs.settled()
  expect(await jobs('parked')).toEqual({ code: 0, stdout: '', stderr: '' })
  expect((await scraped()).of('keyledger_jobs{state="parked"}')).toBe(0)
  open.faults.length = 0
})

test('every job is tried again though nobody reads which', async () => {
  const parked = ['a', 'b', 'c'].map((id) => ({ id, name: 'DestroyKey', at: 0, error: 'the disk is full' }))
  const retried: string[] = []
  const listener = createServer(({ method, url }, response) => {
    if (method === 'POST') retried.push(url!)
    response.end(JSON.stringify({ parked }))
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as { port: number }
  expect(await unread(program, ['retry', '--all'], { KEYLEDGER_ADMIN_PORT: String(port) })).toBe('ended with 0\n')
  expect(retried).toEqual(['/jobs/a/retry', '/jobs/b/retry', '/jobs/c/retry'])
  await new Promise((resolve) => listener.close(resolve))
})

test('what went wrong is told with the request it went wrong in', async () => {
  const told: { fault: unknown; about: object | undefined }[] = []
  await using other = await testHouse({ onFault: (fault, about) => told.push({ fault, about }) })
  const kms = other.kms()
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
  const broken = new Error('the disk is gone')
  Object.assign(other.house.world.vault, { open: () => Promise.reject(broken) })
  const failed = await kms
    .send(new EncryptCommand({ KeyId: KeyMetadata!.KeyId!, Plaintext: Buffer.from('x') }))
    .catch((error: unknown) => error as { name: string; $metadata: { requestId: string } })
  expect(failed).toMatchObject({ name: 'KMSInternalException' })
  const { requestId } = (failed as { $metadata: { requestId: string } }).$metadata
  expect(told).toEqual([{ fault: broken, about: { service: 'command', requestId, operation: 'Encrypt' } }])
})
