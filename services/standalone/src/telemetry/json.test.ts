import { expect, test } from 'vitest'
import { jsonLog } from './json.ts'
import { redacted } from './redacted.ts'

const canary = 'canary-5f1c0a7d'

/** A log and what was written to it. */
const written = (level: 'error' | 'info' | 'debug' = 'info') => {
  const lines: string[] = []
  const log = jsonLog({
    level,
    now: () => Date.parse('2026-06-01T12:00:00.123Z'),
    about: { services: 'command' },
    to: { write: (line) => void lines.push(line) },
  })
  return { log, lines, read: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

test('a line is one JSON object: level, time, which process, what about, the message', () => {
  const { log, lines, read } = written()
  log.say('keyledger is closing', { seconds: 3 })
  expect(lines[0]).toMatch(/^\{.*\}\n$/)
  expect(read()).toEqual([
    {
      level: 'info',
      time: '2026-06-01T12:00:00.123Z',
      services: 'command',
      seconds: 3,
      msg: 'keyledger is closing',
    },
  ])
})

test('a fault comes with its request, its name, code, causes and stack', () => {
  const { log, read } = written()
  const cause = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  log.fault(new TypeError('the answer could not be recorded', { cause }), { requestId: 'r-1', service: 'command' })
  expect(read()[0]).toMatchObject({
    level: 'error',
    requestId: 'r-1',
    service: 'command',
    msg: 'the answer could not be recorded',
    err: {
      type: 'TypeError',
      message: 'the answer could not be recorded',
      stack: expect.stringContaining('json.test.ts') as string,
      cause: { type: 'Error', message: 'no space left on device', code: 'ENOSPC' },
    },
  })
})

test('what is not an error is told as it is', () => {
  const { log, read } = written()
  log.fault('the disk is slow')
  log.fatal('KEYLEDGER_PORT is not a port number')
  expect(read().map(({ level, msg }) => [level, msg])).toEqual([
    ['error', 'the disk is slow'],
    ['fatal', 'KEYLEDGER_PORT is not a port number'],
  ])
})

test('requests are told at level debug alone', () => {
  expect(written('info').log.answered).toBeUndefined()
  expect(written('debug').log.answered).toBeTypeOf('function')
})

/** Where secrets could come along, should anybody ever hand one over. */
const carriers: Record<string, unknown> = {
  'a plaintext': { Plaintext: canary },
  'a secret access key': { credentials: { SecretAccessKey: canary } },
  'a session token': { nested: [{ SessionToken: canary }] },
  'key material': { material: canary },
  'a header': { headers: { authorization: canary } },
  'a body': { body: canary },
  'a passphrase': { passphrase: canary },
  'the bytes of a buffer': { anything: Buffer.from(canary) },
  'the password of a Redis': `connect ECONNREFUSED redis://:${canary}@jobs:6379`,
  'the password of a ledger': new Error(`cannot reach esdb://admin:${canary}@ledger:2113?tls=false`),
  'what a library hangs onto its errors': Object.assign(new Error('ERR'), { command: { args: [canary] } }),
  'the same in a cause': new Error('outer', {
    cause: Object.assign(new Error('inner'), { request: { body: canary } }),
  }),
}

test.each(Object.keys(carriers))('%s does not reach the log', (name) => {
  const { log, lines } = written('debug')
  const value = carriers[name]!
  log.fault(value, { about: value })
  if (typeof value === 'object') log.say('said', value)
  const text = lines.join('')
  expect(lines.length).toBeGreaterThan(0)
  for (const guise of ['utf8', 'base64', 'hex'] as const)
    expect(text).not.toContain(Buffer.from(canary).toString(guise).replace(/=+$/, ''))
  expect(text).not.toContain([...Buffer.from(canary)].join(','))
})

test('names of things are no secrets, and what is endless ends', () => {
  const endless: Record<string, unknown> = {
    accessKeyId: 'AKIA',
    keyMaterialIds: ['ab'],
    at: 1,
    big: 1n,
    nothing: null,
  }
  endless['self'] = endless
  const told = redacted(endless) as Record<string, unknown>
  expect(told).toMatchObject({ accessKeyId: 'AKIA', keyMaterialIds: ['ab'], at: 1, big: '1', nothing: null })
  expect(JSON.stringify(told).length).toBeLessThan(1000)
  expect(redacted('x'.repeat(10_000))).toHaveLength(8195)
})
