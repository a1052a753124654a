import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ConfigFault, config } from '../config.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyledger-settings-'))
afterAll(() => rmSync(folder, { recursive: true }))

const refusal = (environment: Record<string, string>): string => {
  try {
    config(environment)
  } catch (error) {
    if (error instanceof ConfigFault) return error.message
    throw error
  }
  throw new Error('the setting was taken')
}

test('a house of one process needs no settings, and has no listener but its front door', () => {
  expect(config({ PATH: '/bin', OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_TRACES_SAMPLER: 'always_on' })).toEqual({
    host: '127.0.0.1',
    port: 4577,
    data: resolve('data'),
    regions: ['us-east-1', 'eu-west-1'],
    seed: undefined,
    tls: undefined,
    seal: `file:${resolve('data/root.key')}`,
    passphrase: undefined,
    newPassphrase: undefined,
    issuers: [],
    services: ['command', 'projections', 'workers'],
    ledger: undefined,
    staleness: 2000,
    vault: resolve('data/vault.db'),
    redis: undefined,
    peers: [],
    link: undefined,
    admin: undefined,
    log: undefined,
    traces: undefined,
  })
})

test('the passphrase that `npm run seal` is to seal with is a setting like any other', () => {
  expect(config({ KEYLEDGER_PASSPHRASE: 'old', KEYLEDGER_NEW_PASSPHRASE: 'new' })).toMatchObject({
    passphrase: 'old',
    newPassphrase: 'new',
  })
  expect(refusal({ KEYLEDGER_NEW_PASSPHRASE: '' })).toBe('KEYLEDGER_NEW_PASSPHRASE is empty')
})

test('the same program as one of several around a shared ledger', () => {
  expect(
    config({
      KEYLEDGER_DATA: '/data',
      KEYLEDGER_SERVICES: 'workers, projections',
      KEYLEDGER_LEDGER: 'esdb://admin:changeit@ledger:2113?tls=true',
      KEYLEDGER_STALENESS: '500',
      KEYLEDGER_VAULT: '/vault/of/us.db',
      KEYLEDGER_REDIS: 'rediss://:secret@jobs:6379/1',
      KEYLEDGER_ADMIN_HOST: '::',
      KEYLEDGER_ADMIN_PORT: '9464',
      KEYLEDGER_LOG: 'warn',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
    }),
  ).toMatchObject({
    services: ['workers', 'projections'],
    ledger: 'esdb://admin:changeit@ledger:2113?tls=true',
    staleness: 500,
    vault: '/vault/of/us.db',
    seal: 'file:/vault/of/root.key',
    redis: 'rediss://:secret@jobs:6379/1',
    admin: { host: '::', port: 9464 },
    link: undefined,
    log: 'warn',
    traces: 'http://collector:4318',
  })
})

test.each<[string, Record<string, string>, string]>([
  [
    'a service that is none',
    { KEYLEDGER_SERVICES: 'command,queue' },
    'KEYLEDGER_SERVICES names something else than command, projections, workers',
  ],
  ['a service twice', { KEYLEDGER_SERVICES: 'command,command' }, 'KEYLEDGER_SERVICES names a service twice'],
  [
    'workers on a ledger of their own',
    { KEYLEDGER_SERVICES: 'workers' },
    'KEYLEDGER_SERVICES without command needs KEYLEDGER_LEDGER: a ledger in the data folder is of one process alone',
  ],
  [
    'a ledger of another kind',
    { KEYLEDGER_LEDGER: 'postgres://u:hunter2@ledger' },
    'KEYLEDGER_LEDGER is not an address such as esdb://ledger:2113',
  ],
  [
    'a Redis of another kind',
    { KEYLEDGER_REDIS: 'http://u:hunter2@jobs' },
    'KEYLEDGER_REDIS is not an address such as redis://jobs:6379',
  ],
  [
    'a staleness beyond sense',
    { KEYLEDGER_STALENESS: '60001' },
    'KEYLEDGER_STALENESS is not a number of milliseconds from 50 to 60000',
  ],
  ['an admin port that is none', { KEYLEDGER_ADMIN_PORT: 'x' }, 'KEYLEDGER_ADMIN_PORT is not a port number'],
  [
    'a link without anybody at its other end',
    { KEYLEDGER_LINK_PORT: '4600' },
    'KEYLEDGER_LINK_PORT needs KEYLEDGER_PEERS: nobody else would be answered',
  ],
  [
    'a link where nobody answers',
    { KEYLEDGER_LINK_PORT: '4600', KEYLEDGER_SERVICES: 'workers', KEYLEDGER_LEDGER: 'esdb://ledger:2113' },
    'KEYLEDGER_LINK_PORT is of the service command, which KEYLEDGER_SERVICES does not name',
  ],
  [
    'a level that is none',
    { KEYLEDGER_LOG: 'loud' },
    'KEYLEDGER_LOG is not one of fatal, error, warn, info, debug, trace',
  ],
  [
    'a collector that is none',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'grpc://collector' },
    'OTEL_EXPORTER_OTLP_ENDPOINT is not an http(s) URL',
  ],
])('%s is refused in one line that echoes no value', (_, environment, words) => {
  expect(refusal(environment)).toBe(words)
})

describe('KEYLEDGER_PEERS', () => {
  const identity = (() => {
    const { publicKey } = generateKeyPairSync('ed25519')
    return publicKey.export({ format: 'jwk' }).x!
  })()
  const one = { region: 'eu-central-1', url: 'https://eu.example.com:4600', identity }
  const path = join(folder, 'peers.json')
  const environment = (content: unknown) => {
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return { KEYLEDGER_PEERS: path }
  }

  test('names other regions, and their identities as they are or by a file beside it', () => {
    writeFileSync(join(folder, 'eu'), `${identity}\n`)
    const other = { region: 'ap-south-1', url: 'http://10.0.0.1:1/', identity: 'file:eu' }
    expect(config({ ...environment([one, other]), KEYLEDGER_LINK_PORT: '0' })).toMatchObject({
      peers: [one, { region: 'ap-south-1', url: 'http://10.0.0.1:1', identity }],
      link: { host: '127.0.0.1', port: 0 },
    })
  })

  test.each<[string, unknown, string]>([
    ['no JSON', '[', ' is not a JSON file'],
    ['no list', {}, ': the file Invalid input: expected array, received object'],
    ['a member too many', [{ ...one, secret: 'x' }], ': 0 Unrecognized key: "secret"'],
    ['a region that is none', [{ ...one, region: 'mars' }], ': 0.region is not a region such as us-east-1'],
    ['a region twice', [one, one], ': the file names a region twice'],
    ['a region served here', [{ ...one, region: 'us-east-1' }], ': 0.region is served here (KEYLEDGER_REGIONS)'],
    ['an address that is none', [{ ...one, url: 'ftp://eu' }], ': 0.url is not an http(s) URL'],
    [
      'an identity that is none',
      [one, { ...one, region: 'ap-south-1', identity: 'YWJj' }],
      ': 1.identity is not 32 bytes in base64url, as npm run identity prints them there',
    ],
    [
      'a file that is not there',
      [{ ...one, identity: 'file:/nowhere' }],
      ': 0.identity names a file that is not there',
    ],
  ])('is refused in one line when there is %s', (_, content, words) => {
    expect(refusal(environment(content))).toBe(`KEYLEDGER_PEERS${words}`)
  })
})
