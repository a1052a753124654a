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
import { type EventLog, LedgerUnreachable, type Repository, repository, sqliteLog, trail } from '@keyledger/ledger'
import { type Handlers, Later, Refusal, inProcessJobs, testClock } from '@keyledger/messaging'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Due, jobOf } from './due-work.ts'
import { type WorkersOptions, keyJobs, workers } from './index.ts'
import { RotateDomainKeys } from './jobs/RotateDomainKeys.ts'
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
  const link = { ask: () => Promise.reject(new Error('nobody is asked here')) }
  const identityOf = () => undefined
  world = { keys, aliases, vault, trail: trail(log), lists, link, identityOf, now: clock.now, id: randomUUID }
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
const made = async (multiRegion = false) => {
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
    multiRegion,
    materialId,
  })
}
const run = (name: keyof typeof keyJobs, detail = '') =>
  keyJobs[name](
    stream,
    place,
    world,
    { at: clock.now(), job: name, stream, revision: 0, position: 0, detail },
    new AbortController().signal,
  )
const opened = (options: Partial<WorkersOptions> = {}) =>
  workers({ ...world, log, folder, clock, onFault: (fault) => void faults.push(fault), ...options })
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

  it('destroys what a deleted key left behind, not what a living one has, and finds nothing more to destroy', async () => {
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
    await command({ type: 'ScheduleKeyDeletion', now: clock.now(), windowInDays: 7 })
    await run('DestroyKey')
    expect(await vault.locate(place.region, materials[0]!.id)).toEqual(ref)
    await clock.advance(7 * day)
    await run('DeleteKey')
    await run('DestroyKey')
    named = ['alias/orders']
    await run('DestroyKey')
    await expect(vault.locate(place.region, materials[0]!.id)).resolves.toBeUndefined()
    expect(await typesOf(ofAlias)).toEqual(['AliasCreated', 'AliasDeleted'])
  }, 20_000)
})

describe('the sharing of a key', () => {
  const there = 'eu-west-1'
  const birth = { createdAt: start, description: '', policy: '{}', tags: [] }
  /** The region there: another vault, which asks for the materials it lacks, and what it was sent. */
  const replicated = async (received: (sealed: Sealed) => Promise<void>) => {
    const { materials } = await made(true)
    await command({ type: 'ReplicateKey', now: start, region: there, ...birth })
    let missing = materials.map(({ id }) => id)
    const answers: Readonly<Record<string, (message: { sealed?: Sealed }) => unknown>> = {
      TransportKey: () => vault.transportKey(there),
      ShareKey: async ({ sealed }) => {
        if (sealed) {
          await received(sealed)
          missing = missing.filter((id) => !sealed.materials.includes(id))
        }
        return missing.length > 0 ? { missing } : {}
      },
    }
    const ask = async (_: string, __: string, action: string, message: unknown) =>
      answers[action]!((message ?? {}) as { sealed?: Sealed })
    Object.assign(world, { link: { ask }, identityOf: () => vault.identity })
    return () => missing
  }
  interface Sealed {
    readonly materials: readonly string[]
    readonly box: string
  }
  const opens = async ({ materials, box }: Sealed) => {
    try {
      await vault.receive(place.region, box, { ...ref, region: there }, materials)
    } catch (error) {
      throw new Refusal('MaterialRefused', (error as Error).message)
    }
  }

  it('seals again what was sealed to a transport key that was retired on the way', async () => {
    let late = true
    const missing = await replicated(async (sealed) => {
      if (late) await clock.advance(2 * day)
      late = false
      await opens(sealed)
    })
    await run('ShareKey', there)
    expect({ late, missing: missing() }).toEqual({ late: false, missing: [] })
  })

  it('fails where the other region never takes what it is sent, and says so', async () => {
    let sent = 0
    const missing = await replicated(() => {
      sent++
      return Promise.reject(new Refusal('MaterialRefused', 'not this one'))
    })
    await expect(run('ShareKey', there)).rejects.toThrow('not this one')
    expect({ sent: sent > 1, missing: missing().length }).toEqual({ sent: true, missing: 1 })
  })
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

describe('a job that another process handed over', () => {
  /** The handlers as a queue would call them. */
  const handlersOf = async (options: Partial<WorkersOptions> = {}) => {
    let handlers: Handlers = {}
    const jobs: WorkersOptions['jobs'] = (given) => {
      handlers = given.handlers
      return Promise.resolve(inProcessJobs({ ...given, clock }))
    }
    const open = await opened({ jobs, ...options })
    const handle = (row: Partial<Due>) => {
      const due: Due = { at: start, job: 'DeleteKey', stream, revision: 1, position: 1, detail: '', ...row }
      return handlers[due.job]!(jobOf(due), new AbortController().signal)
    }
    return { open, handle }
  }

  it('waits until this process has heard of the event that asked for it', async () => {
    const deaf = { ...log, subscribe: () => ({ [Symbol.dispose]: () => undefined }) }
    const { open, handle } = await handlersOf({ log: deaf })
    await using _ = open
    await made()
    await command({ type: 'ScheduleKeyDeletion', now: clock.now(), windowInDays: 7 })
    await expect(handle({})).rejects.toBeInstanceOf(Later)
  })

  it('waits until it is due, whatever it says of itself', async () => {
    const { open, handle } = await handlersOf()
    await using _ = open
    await made()
    await command({ type: 'ScheduleKeyDeletion', now: clock.now(), windowInDays: 7 })
    await expect(handle({ at: start - day })).rejects.toBeInstanceOf(Later)
    expect(await typesOf(stream)).toEqual(['KeyCreated', 'KeyDeletionScheduled'])
  })

  it('that no event of this ledger asked for is neither done nor forgotten', async () => {
    const { open, handle } = await handlersOf()
    await using _ = open
    await made()
    await expect(handle({ position: 1_000_000 })).rejects.toThrow('no event of this ledger asked for this')
    expect(await typesOf(stream)).toEqual(['KeyCreated'])
  })

  it('is put off while the ledger cannot be reached, however long that takes', async () => {
    const around = () => Promise.reject(new LedgerUnreachable('nobody there'))
    const { open, handle } = await handlersOf({ around })
    await using _ = open
    await expect(handle({})).rejects.toBeInstanceOf(Later)
  })
})

describe('the rotation of domain keys', () => {
  const versions = async () =>
    (await vault.domainKeys()).map(({ region, account, version }) => `${region} ${account} ${version}`)

  it('comes every so often for each account and region, by the age of each', async () => {
    await using open = await opened()
    const { materials } = await made()
    await clock.advance(30 * day)
    await vault.generate({ ...ref, region: 'eu-west-1' })
    await clock.advance(60 * day + day)
    await open.settled()
    expect(await versions()).toEqual([`eu-west-1 ${ref.account} 1`, `us-east-1 ${ref.account} 2`])
    await clock.advance(30 * day)
    await open.settled()
    expect(await versions()).toEqual([`eu-west-1 ${ref.account} 2`, `us-east-1 ${ref.account} 2`])
    expect(await vault.locate(ref.region, materials[0]!.id)).toEqual(ref)
    expect(await open.parked()).toEqual([])
  })

  it('does nothing a second time, and finishes what was cut short', async () => {
    const rotated: string[] = []
    const known = [
      { region: 'us-east-1', account: '1', version: 1, at: start - 91 * day },
      { region: 'us-east-1', account: '1', version: 2, at: start - day },
      { region: 'us-east-1', account: '2', version: 1, at: start - 89 * day },
      { region: 'us-east-1', account: '3', version: 4, at: start - 90 * day },
    ]
    const cut = {
      domainKeys: () => Promise.resolve(known),
      rotateDomainKey: (region: string, account: string) => Promise.resolve(void rotated.push(`${region} ${account}`)),
    }
    await RotateDomainKeys({ vault: cut, now: clock.now }, 90 * day, new AbortController().signal)
    expect(rotated).toEqual(['us-east-1 1', 'us-east-1 3'])
    await vault.generate(ref)
    for (let time = 0; time < 2; time++) await RotateDomainKeys(world, 90 * day, new AbortController().signal)
    expect(await versions()).toEqual([`us-east-1 ${ref.account} 1`])
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
