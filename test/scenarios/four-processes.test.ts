import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventStoreLog } from '@keyledger/ledger'
import { keyStream } from '@keyledger/keys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asked } from '../support/asked.ts'
import { administrator, alice } from '../support/house.ts'
import { type EventStoreDouble, eventStoreDouble } from '../support/eventstore-double/index.ts'
import { type HouseProcess, houseProcess } from '../support/process.ts'

/**
 * Four command processes on one ledger, one vault and one root key: real programs, started by configuration alone. The
 * ledger is the gRPC double, in the test's own process, as no EventStoreDB runs where there are no containers.
 */
const processes = 4
const keys = 50
const commands = Number(process.env['COMMANDS'] ?? 10_000)
/** What KEYLEDGER_STALENESS says, milliseconds. */
const staleness = 2000

let folder: string
let ledger: EventStoreDouble
let houses: HouseProcess[] = []
const url = (index: number) => houses[index % processes]!.url

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyledger-four-'))
  const seed = join(folder, 'seed.json')
  const { name, accessKeyId, secretAccessKey } = alice
  const user = { name, accessKeyId, secretAccessKey, policies: [administrator] }
  await writeFile(seed, JSON.stringify({ accounts: [{ id: alice.account, users: [user] }] }))
  ledger = await eventStoreDouble()
  const shared = {
    KEYLEDGER_LEDGER: ledger.url,
    KEYLEDGER_VAULT: join(folder, 'vault.db'),
    KEYLEDGER_SEAL: `file:${join(folder, 'root.key')}`,
    KEYLEDGER_SERVICES: 'command,projections',
    KEYLEDGER_STALENESS: String(staleness),
    KEYLEDGER_SEED: seed,
    KEYLEDGER_REGIONS: 'us-east-1',
  }
  // All at once, on a ledger where nothing is yet: one of them founds, the others wait for it.
  houses = await Promise.all(
    Array.from({ length: processes }, (_, index) => houseProcess(join(folder, `house-${index}`), shared)),
  )
}, 120_000)

afterAll(async () => {
  for (const { child } of houses) child.kill('SIGKILL')
  await Promise.all(houses.map(({ ended }) => ended))
  await ledger?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const made = async (index: number): Promise<string> => {
  const { status, body } = await asked(url(index), 'CreateKey', {})
  expect(status).toBe(200)
  return (body['KeyMetadata'] as { KeyId: string }).KeyId
}

/** `work` in `lanes` lanes at a time. */
const concurrently = async (count: number, lanes: number, work: (index: number) => Promise<void>) => {
  let next = 0
  const lane = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

test('a key and an alias made in one process are used in the others at once', async () => {
  const KeyId = await made(0)
  const AliasName = 'alias/everywhere'
  expect((await asked(url(1), 'CreateAlias', { AliasName, TargetKeyId: KeyId })).status).toBe(200)
  const plaintext = Buffer.from('hello').toString('base64')
  for (let index = 0; index < processes; index++) {
    const sealed = await asked(url(index), 'Encrypt', { KeyId: AliasName, Plaintext: plaintext })
    expect(sealed).toMatchObject({ status: 200 })
    const opened = await asked(url(index + 1), 'Decrypt', { CiphertextBlob: sealed.body['CiphertextBlob'] })
    expect(opened.body).toMatchObject({ Plaintext: plaintext })
  }
})

test(`${commands} concurrent commands on ${keys} keys: every acknowledged one is in the ledger exactly once, and all agree`, async () => {
  const ids: string[] = []
  await concurrently(keys, 8, async (index) => void ids.push(await made(index)))
  const acknowledged = new Map<string, string[]>(ids.map((id) => [id, []]))
  const refusals = new Map<string, number>()
  const began = performance.now()
  await concurrently(commands, 64, async (index) => {
    const KeyId = ids[index % keys]!
    const Description = `command ${index}`
    const { status, body } = await asked(url(index + Math.floor(index / keys)), 'UpdateKeyDescription', {
      KeyId,
      Description,
    })
    if (status === 200) acknowledged.get(KeyId)!.push(Description)
    else refusals.set(String(body['__type']), (refusals.get(String(body['__type'])) ?? 0) + 1)
  })
  const seconds = (performance.now() - began) / 1000
  const total = [...acknowledged.values()].flat().length
  console.log(
    `${total} of ${commands} commands acknowledged, ${JSON.stringify(Object.fromEntries(refusals))} refused, ` +
      `${(commands / seconds).toFixed(0)} a second through ${processes} processes`,
  )
  // Optimistic concurrency loses nothing: what is refused is refused for contention, and told so.
  expect(total).toBeGreaterThan(commands * 0.9)

  await using log = await eventStoreLog({
    connection: ledger.url,
    staleness,
    now: () => Date.now(),
    onFault: () => undefined,
  })
  for (const id of ids) {
    const events = await log.read(keyStream({ region: 'us-east-1', account: alice.account, id }))
    expect(events.map(({ revision }) => revision)).toEqual(events.map((_, index) => index))
    const written = events.filter(({ type }) => type === 'KeyDescriptionUpdated')
    const descriptions = written.map(({ data }) => (data as { description: string }).description)
    expect(new Set(descriptions).size).toBe(descriptions.length)
    expect(descriptions).toEqual(expect.arrayContaining(acknowledged.get(id)!))
    // An error may be told after the fact (the outcome was unknown); nothing else may be there.
    const unknown = descriptions.length - acknowledged.get(id)!.length
    expect(unknown).toBeGreaterThanOrEqual(0)
    expect(unknown).toBeLessThanOrEqual(commands - total)
    const seen = await Promise.all(houses.map((house) => asked(house.url, 'DescribeKey', { KeyId: id })))
    const last = descriptions.at(-1)
    expect(seen.map(({ body }) => (body['KeyMetadata'] as { Description: string }).Description)).toEqual(
      houses.map(() => last),
    )
  }
}, 300_000)

const encrypt = (index: number, KeyId: string) =>
  asked(url(index), 'Encrypt', { KeyId, Plaintext: Buffer.from('x').toString('base64') })

test('DisableKey in one is obeyed by all others within the bound, also when nobody hears the feed', async () => {
  for (const deaf of [false, true]) {
    const KeyId = await made(0)
    for (let index = 0; index < processes; index++) expect((await encrypt(index, KeyId)).status).toBe(200)
    ledger.subscriptions.mute(deaf)
    expect((await asked(url(0), 'DisableKey', { KeyId })).status).toBe(200)
    await sleep(staleness)
    for (let index = 0; index < processes; index++)
      expect((await encrypt(index, KeyId)).body).toMatchObject({ __type: 'DisabledException' })
    ledger.subscriptions.mute(false)
  }
}, 60_000)

test('when the ledger cannot be reached nobody decides anything; when it is back, all go on', async () => {
  const KeyId = await made(0)
  for (let index = 0; index < processes; index++) expect((await encrypt(index, KeyId)).status).toBe(200)
  ledger.conduct.by(() => 'stall')
  try {
    await sleep(staleness)
    const answers = await Promise.all(houses.map((_, index) => encrypt(index, KeyId)))
    expect(answers).toEqual(houses.map(() => ({ status: 500, body: { __type: 'KMSInternalException' } })))
  } finally {
    ledger.conduct.well()
  }
  await expect
    .poll(
      async () =>
        (await Promise.all(houses.map((_, index) => encrypt(index, KeyId)))).every(({ status }) => status === 200),
      { timeout: 60_000 },
    )
    .toBe(true)
}, 120_000)
