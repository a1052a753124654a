import { existsSync } from 'node:fs'
import { access, constants, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Config, ConfigFault, type Issuer, type World, door, identities, issuers } from '@keyledger/command'
import { openRoot, rootSeal, sqliteVault } from '@keyledger/crypto'
import { type EventLog, sqliteLog, trail } from '@keyledger/ledger'
import type { Clock, Jobs } from '@keyledger/messaging'
import { projections } from '@keyledger/projections'
import { type Limits, type Stages, server } from '@keyledger/wire'
import { workers } from '@keyledger/workers'
import { found } from './founding.ts'
import { lock } from './lock.ts'
import { accountRepository, aliasRepository, grantRepository, keyRepository } from './repositories.ts'
import { seed } from './seed.ts'

export { BusyFault } from './lock.ts'

export interface HouseOptions extends Omit<Config, 'passphrase' | 'issuers'> {
  readonly issuers?: readonly Issuer[]
  readonly clock: Clock
  /** A fresh UUID. */
  readonly id: () => string
  readonly passphrase: () => Promise<string>
  /** What went wrong where nobody waits for the outcome: a job, a follower. */
  readonly onFault: (fault: unknown) => void
  readonly stages?: Stages
  /** Other bounds for requests than the server's usual ones. */
  readonly limits?: Partial<Limits>
}

export interface House extends AsyncDisposable {
  readonly url: string
  readonly accounts: readonly string[]
  readonly rootKeyIsNew: boolean
  readonly world: World
  readonly log: EventLog
  /** What the workers have yet to do. */
  readonly jobs: Pick<Jobs, 'parked' | 'retry' | 'settled'>
}

/** What the operating system refuses is for the operator to put right: one line that names the setting. */
const blaming = async <T>(setting: string, act: () => Promise<T>): Promise<T> => {
  try {
    return await act()
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw new ConfigFault(`${setting}: ${error.message}`)
    throw error
  }
}

/** Part of the data is gone. Beginning anew beside the rest would lose it for good. */
export class MissingFault extends Error {
  constructor(file: string, folder: string) {
    super(`${file} is missing in ${folder}, where the rest of a house stands; restore it from a backup`)
  }
}

/**
 * The standalone house: every service in one process on embedded parts, in one folder. What is opened is closed in the
 * opposite order; a start that fails half-way closes what it had opened.
 */
export const house = async (options: HouseOptions): Promise<House> => {
  const { clock, id, data, regions, onFault } = options
  const now = () => clock.now()
  await blaming('KEYLEDGER_DATA', async () => {
    await mkdir(data, { recursive: true, mode: 0o700 })
    await access(data, constants.R_OK | constants.W_OK | constants.X_OK)
  })

  await using parts = new AsyncDisposableStack()
  parts.use(lock(join(data, 'lock'), data))
  const [hasVault, hasLedger] = ['vault.db', 'ledger.db'].map((name) => existsSync(join(data, name)))
  const seal = rootSeal(options.seal, options)
  const root = await blaming('KEYLEDGER_SEAL', () =>
    openRoot({ folder: data, seal, firstStart: !hasVault && !hasLedger }),
  )
  if (hasLedger && !hasVault) throw new MissingFault('vault.db', data)
  const vault = parts.use(await sqliteVault({ path: join(data, 'vault.db'), root, now }))
  // A first start that was cut short leaves root and vault without a ledger, but never keys without one.
  if (hasVault && !hasLedger && (await vault.made(0, Infinity)).length > 0) throw new MissingFault('ledger.db', data)
  const log = parts.use(await sqliteLog({ path: join(data, 'ledger.db'), onFault }))
  const keys = keyRepository(log)
  const aliases = aliasRepository(log)
  const grants = grantRepository(log)
  const people = parts.use(await identities(log, accountRepository(log)))
  const { lists } = parts.use(await projections({ log, folder: data, clock, onFault }))
  const trusted = issuers({ issuers: options.issuers ?? [], now, onFault })
  const world: World = {
    keys,
    aliases,
    grants,
    identities: people,
    issuers: trusted,
    vault,
    lists,
    trail: trail(log),
    now,
    id,
  }

  await found({ world, log, folder: data, seed: options.seed ? await seed(options.seed, regions) : undefined })
  const jobs = parts.use(
    await workers({ log, folder: data, keys, aliases, lists, vault, trail: world.trail, clock, id, onFault }),
  )
  const front = parts.use(
    server({
      door: door({ world, regions, onFault }),
      now,
      requestId: id,
      ...(options.tls && { tls: options.tls }),
      ...(options.stages && { stages: options.stages }),
      ...(options.limits && { limits: options.limits }),
    }),
  )
  const { host, port } = await blaming(`KEYLEDGER_HOST ${options.host}, KEYLEDGER_PORT ${options.port}`, () =>
    front.listen(options),
  )
  const name = host.includes(':') ? `[${host}]` : host
  const open = parts.move()
  return {
    url: `${options.tls ? 'https' : 'http'}://${name}:${port}`,
    accounts: people.accountIds(),
    rootKeyIsNew: root.fresh,
    world,
    log,
    jobs,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}
