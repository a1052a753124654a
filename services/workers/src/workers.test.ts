import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Vault, openRoot, rootSeal, sqliteVault } from '@keyledger/crypto'
import {
  type Alias,
  type AliasCommand,
  type AliasEvent,
  type Key,
  type KeyCommand,
  type KeyEvent,
  alias,
  aliasStream,
  key,
  keyStream,
} from '@keyledger/keys'
import { type EventLog, type Repository, repository, sqliteLog, trail } from '@keyledger/ledger'
import { testClock } from '@keyledger/messaging'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keyJobs, workers } from './index.ts'
import { SweepOrphans } from './jobs/SweepOrphans.ts'
import type { World } from './world.ts'

const place = { region: 'us-east-1', account: '111122223333', id: '1234abcd-12ab-34cd-56ef-1234567890ab' }
const ref = { region: place.region, account: place.account, keyId: place.id }
const stream = keyStream(place)
const day = 24 * 3600_000
const start = Date.parse('2026-06-01T12:00:00Z')

let folder: string
let log: EventLog
let vault: Vault
let keys: Repository<Key, KeyCommand>
let aliases: Repository<Alias, AliasCommand>
let clock: ReturnType<typeof testClock>
let world: World
/** What the lists would say: the aliases of the one key. */
let named: string[]
const faults: unknown[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyledger-workers-'))
  clock = testClock(start)
  const seal = rootSeal(`file:${join(folder, 'root.key')}`, { passphrase: () => '' })
  const root = await openRoot({ folder, seal, firstStart: true })
  vault = await sqliteVault({ path: join(folder, 'vault.db'), root, now: clock.now })
  log = await sqliteLog({ path: join(folder, 'ledger.db'), onFault: (fault) => faults.push(fault) })
  keys = repository<Key, KeyCommand, KeyEvent>({ log, aggregate: key })
  aliases = repository<Alias, AliasCommand, AliasEvent>({ log, aggregate: alias })
  named = []
  log.subscribe(['alias'], (events) => {
    for (const event of events) if (event.type === 'AliasDeleted') named = []
  })
  const lists = {
    aliases: (_: string, __: string, { after = '' }: { after: string | undefined }) =>
      named.filter((name) => name > after).map((name) => ({ name })),
  }
  world = { keys, aliases, vault, trail: trail(log), lists, now: clock.now, id: randomUUID }
})
afterEach(async () => {
  await log[Symbol.asyncDispose]()
  await vault[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
  expect(faults.splice(0)).toEqual([])
})

const envelope = () => ({
  ids: randomUUID,
  time: clock.now(),
  metadata: { actor: 'a test', requestId: randomUUID(), region: place.region, account: place.account },
})
const command = (given: KeyCommand) => keys.handle(stream, given, envelope())
const made = async () => {
  const { materialId } = await vault.generate(ref)
  return command({
    type: 'CreateKey',
    now: clock.now(),
    region: place.region,
    account: place.account,
    keyId: place.id,
    spec: 'SYMMETRIC_DEFAULT',
    usage: 'ENCRYPT_DECRYPT',
    origin: 'AWS_KMS',
    description: '',
    policy: '{}',
    tags: [],
    multiRegion: false,
    materialId,
  })
}
const run = (name: keyof typeof keyJobs) =>
  keyJobs[name](stream, place, world, { id: name, name, at: clock.now(), data: undefined })
const opened = () => workers({ ...world, log, folder, clock, onFault: (fault) => void faults.push(fault) })
const typesOf = async (of: string) => (await log.read(of)).map(({ type }) => type)
const serviceEvents = async () => {
  const events = await log.all({ after: 0, categories: ['trail'], limit: 1000 })
  return events.map(({ data }) => (data as { eventName: string }).eventName)
}

describe('a job that runs twice', () => {
  it('rotates once', async () => {
    await made()
    await command({ type: 'EnableKeyRotation', now: clock.now(), periodInDays: 90 })
    await clock.advance(90 * day)
    await run('RotateKeyMaterial')
    await run('RotateKeyMaterial')
    const { materials, rotations } = await keys.find(stream)
    expect({
      materials: materials.length,
      types: rotations.map(({ type }) => type),
      told: await serviceEvents(),
    }).toEqual({
      materials: 2,
      types: ['AUTOMATIC'],
      // A run that finds its work done cannot know whether that was told.
      told: ['RotateKey', 'RotateKey'],
    })
  })

  it('deletes once', async () => {
    await made()
    await command({ type: 'ScheduleKeyDeletion', now: clock.now(), windowInDays: 7 })
    await clock.advance(7 * day)
    await run('DeleteKey')
    await run('DeleteKey')
    expect({ types: await typesOf(stream), told: await serviceEvents() }).toEqual({
      types: ['KeyCreated', 'KeyDeletionScheduled', 'KeyDeleted'],
      told: ['DeleteKey', 'DeleteKey'],
    })
  })

  it('destroys what a deleted key left behind, and finds nothing more to destroy', async () => {
    const { materials } = await made()
    named = ['alias/orders']
    const ofAlias = aliasStream({ ...place, name: 'alias/orders' })
    const created = {
      type: 'CreateAlias',
      now: start,
      arn: 'arn',
      name: 'alias/orders',
      targetKeyId: place.id,
    } as const
    await aliases.handle(ofAlias, created, envelope())
    await run('DestroyKey')
    named = ['alias/orders']
    await run('DestroyKey')
    await expect(vault.locate(place.region, materials[0]!.id)).resolves.toBeUndefined()
    expect(await typesOf(ofAlias)).toEqual(['AliasCreated', 'AliasDeleted'])
  }, 20_000)
})

describe('what is due', () => {
  it('happens when its time has come, once for every period', async () => {
    await using open = await opened()
    await made()
    await command({ type: 'EnableKeyRotation', now: clock.now(), periodInDays: 90 })
    for (let quarter = 0; quarter < 4; quarter++) {
      await clock.advance(90 * day + 60_000)
      await open.settled()
    }
    const { rotations } = await keys.find(stream)
    expect(rotations.map(({ date }) => Math.floor((date - start) / day))).toEqual([90, 180, 270, 360])
  })

  it('is found again by the next start, and late is better than never', async () => {
    {
      await using _ = await opened()
      await made()
      await command({ type: 'ScheduleKeyDeletion', now: clock.now(), windowInDays: 7 })
    }
    await clock.advance(30 * day)
    await using open = await opened()
    await open.settled()
    const types = await typesOf(stream)
    expect(types.at(-1)).toBe('KeyDeleted')
    await expect(vault.made(0, clock.now())).resolves.toEqual([])
  })

  it('does not happen when it was called off at the last moment', async () => {
    await using open = await opened()
    await made()
    await command({ type: 'ScheduleKeyDeletion', now: clock.now(), windowInDays: 7 })
    await clock.advance(7 * day - 1)
    await command({ type: 'CancelKeyDeletion' })
    await clock.advance(day)
    await open.settled()
    expect(await typesOf(stream)).toEqual(['KeyCreated', 'KeyDeletionScheduled', 'KeyDeletionCancelled'])
  })
})

describe('the sweep of orphans', () => {
  const never = new AbortController().signal

  it('destroys material that no event came to name, and leaves what the key has', async () => {
    const { materials } = await made()
    const orphan = await vault.generate(ref)
    const stranger = await vault.generate({ ...ref, keyId: 'ffffabcd-12ab-34cd-56ef-1234567890ab' })
    await clock.advance(2 * 3600_000)
    const last = await SweepOrphans(world, 0, never)
    const located = await Promise.all(
      [materials[0]!.id, orphan.materialId, stranger.materialId].map(async (id) => vault.locate(place.region, id)),
    )
    expect({ located, again: await SweepOrphans(world, last, never) }).toEqual({
      located: [ref, undefined, undefined],
      again: last,
    })
  })

  it('spares what is younger than an hour: its command may be under way', async () => {
    const { materialId } = await vault.generate(ref)
    await clock.advance(59 * 60_000)
    await SweepOrphans(world, 0, never)
    expect(await vault.locate(place.region, materialId)).toEqual(ref)
  })
})
