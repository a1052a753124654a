import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRoot, rootSeal, sqliteVault } from '@keyledger/crypto'
import { type Alias, type AliasCommand, type AliasEvent, alias, key, keyStream } from '@keyledger/keys'
import type { Key, KeyCommand, KeyEvent } from '@keyledger/keys'
import {
  type EventLog,
  type Recorded,
  type Repository,
  type Trail,
  repository,
  sqliteLog,
  trail,
} from '@keyledger/ledger'
import { type TestClock, testClock } from '@keyledger/messaging'
import { type WorkersOptions, workers } from '@keyledger/workers'

/** What workers stand on, without a house around it: a ledger and a vault with many keys in them, and a clock moved by hand. */
const region = 'us-east-1'
const account = '111122223333'
export const day = 24 * 3600_000
export const start = Date.parse('2026-06-01T12:00:00Z')

/** The stream of the key that was made as number `index`. */
export const streamOf = (index: number): string => keyStream({ region, account, id: idOf(index) })

export interface WorkerGround extends AsyncDisposable {
  readonly clock: TestClock
  readonly log: EventLog
  readonly faults: unknown[]
  /** What every one of its workers reaches. */
  readonly world: { readonly keys: Repository<Key, KeyCommand>; readonly trail: Trail }
  /** Workers of their own, in a folder of their own, as another process would have them. */
  open(options?: Partial<WorkersOptions>): ReturnType<typeof workers>
  /** How many materials the vault has, of whatever key. */
  made(): Promise<number>
}

interface Keys {
  readonly count: number
  /** Days between two automatic rotations of the key made as number `index`. */
  readonly periodOf: (index: number) => number
}

const idOf = (index: number) => `00000000-0000-4000-8000-${index.toString().padStart(12, '0')}`

/** A ledger and a vault with `count` keys in them, each with automatic rotation, and no front door: nobody comes. */
export const workerGround = async ({ count, periodOf }: Keys): Promise<WorkerGround> => {
  const folder = await mkdtemp(join(tmpdir(), 'keyledger-year-'))
  await using parts = new AsyncDisposableStack()
  parts.defer(() => rm(folder, { recursive: true }))
  const clock = testClock(start)
  const faults: unknown[] = []
  const onFault = (fault: unknown) => void faults.push(fault)
  const seal = rootSeal(`file:${join(folder, 'root.key')}`, { passphrase: () => '' })
  const root = await openRoot({ folder, seal, firstStart: true })
  const vault = parts.use(await sqliteVault({ path: join(folder, 'vault.db'), root, now: clock.now }))
  const log = parts.use(await sqliteLog({ path: join(folder, 'ledger.db'), onFault }))
  const keys = repository<Key, KeyCommand, KeyEvent>({ log, aggregate: key })
  const aliases = repository<Alias, AliasCommand, AliasEvent>({ log, aggregate: alias })

  const found = async (index: number): Promise<void> => {
    const keyId = idOf(index)
    const stream = keyStream({ region, account, id: keyId })
    const envelope = {
      ids: randomUUID,
      time: start,
      metadata: { actor: 'a test', requestId: randomUUID(), region, account },
    }
    const { materialId } = await vault.generate({ region, account, keyId })
    const settings = {
      spec: 'SYMMETRIC_DEFAULT',
      usage: 'ENCRYPT_DECRYPT',
      origin: 'AWS_KMS',
      multiRegion: false,
    } as const
    const given = { region, account, keyId, materialId, description: '', policy: '{}', tags: [], ...settings }
    await keys.handle(stream, { type: 'CreateKey', now: start, ...given }, envelope)
    await keys.handle(stream, { type: 'EnableKeyRotation', now: start, periodInDays: periodOf(index) }, envelope)
  }
  for (let index = 0; index < count; index += 500)
    await Promise.all(Array.from({ length: Math.min(500, count - index) }, (_, offset) => found(index + offset)))

  const world = { keys, aliases, vault, trail: trail(log), lists: { aliases: () => [] }, id: randomUUID }
  let opened = 0
  const held = parts.move()
  return {
    clock,
    log,
    faults,
    world,
    open: async (options = {}) => {
      const own = join(folder, `workers-${opened++}`)
      await mkdir(own)
      return workers({ ...world, log, folder: own, clock, onFault, ...options })
    },
    made: async () => {
      let made = 0
      for (let last = 0; ;) {
        const page = await vault.made(last, Infinity)
        if (page.length === 0) return made
        made += page.length
        last = page.at(-1)!.sequence
      }
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

export const everything = async (log: EventLog, category: string): Promise<readonly Recorded[]> => {
  const all: Recorded[] = []
  for (;;) {
    const page = await log.all({ after: all.at(-1)?.position ?? 0, categories: [category], limit: 5000 })
    if (page.length === 0) return all
    all.push(...page)
  }
}
