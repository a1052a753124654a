import { type Identities, identities } from '@keyledger/command'
import type { EventLog } from '@keyledger/ledger'
import { foundingOf, found } from '../founding.ts'
import { turn } from '../lock.ts'
import { type Settings, vaultFolder } from '../options.ts'
import { folder } from '../place.ts'
import { accountRepository, aliasRepository, grantRepository, keyRepository } from '../repositories.ts'
import { seed } from '../seed.ts'
import { type LedgerPlace, ledgerPlace } from './ledger.ts'
import type { Readiness } from './readiness.ts'
import { type Safe, checkDeed, foundingTurn, keepDeed, openSafe } from './safe.ts'

export type Repositories = ReturnType<typeof repositories>

/** Who is known to the house. */
type People = Identities & { accountIds(): readonly string[] }

/** What the services of a process stand on. */
export interface Foundations {
  readonly log: EventLog
  /** The id of the event that founded the house: it names the house as nothing else does. */
  readonly founding: string
  /** Only where a service of this process uses keys. */
  readonly house: (Safe & Repositories & { readonly people: People }) | undefined
}

const repositories = (log: EventLog) => ({
  keys: keyRepository(log),
  aliases: aliasRepository(log),
  grants: grantRepository(log),
})

/** Resolves when the house stands, to what founded it; rejects when `signal` aborts. */
const standing = async (log: EventLog, signal: AbortSignal | undefined): Promise<string> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  using _feed = log.subscribe(['house'], ([first]) => resolve(first!.id))
  const stop = () => reject(signal!.reason as Error)
  signal?.addEventListener('abort', stop, { once: true })
  try {
    signal?.throwIfAborted()
    return (await foundingOf(log)) ?? (await promise)
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

/** In this process' turn among those that share the vault: opens it, and founds the house where it does not stand. */
const withVault = async (
  settings: Settings,
  ledger: LedgerPlace,
  founder: boolean,
  parts: AsyncDisposableStack,
): Promise<Foundations> => {
  // Before anything is made: a bad seed leaves no root key and no ledger behind.
  const seeded = founder && settings.seed ? await seed(settings.seed, settings.regions) : undefined
  const beside = vaultFolder(settings)
  await folder('KEYLEDGER_VAULT', beside)
  // Four that start at once on an empty ledger: one makes the root key and founds, the others then find both.
  using _turn = await turn(foundingTurn(settings), settings.signal)
  const safe = await openSafe(settings, ledger, parts)
  const log = await ledger.open()
  const stands = await foundingOf(log)
  await checkDeed(settings, ledger, stands)
  const people = parts.use(await identities(log, accountRepository(log)))
  const house = { ...safe, ...repositories(log), people }
  if (!founder) return { log, house, founding: stands! }
  const { id, clock } = settings
  const founding = await found({
    world: { ...house, identities: people, now: () => clock.now(), id },
    log,
    folder: beside,
    seed: seeded,
  })
  await keepDeed(settings, founding)
  return { log, house, founding }
}

/**
 * Opens what the services of this process stand on. Where the front door is, the house is founded, once however many start
 * together; elsewhere it is waited for. What is opened closes with `parts`.
 */
export const foundations = async (
  settings: Settings,
  ready: Readiness,
  parts: AsyncDisposableStack,
): Promise<Foundations> => {
  const has = (service: Settings['services'][number]) => settings.services.includes(service)
  const ledger = ledgerPlace(settings, parts)
  if (has('command')) return standingOn(await withVault(settings, ledger, true, parts), ready)
  const log = await ledger.open()
  ready.need('ledger', () => readable(log))
  const founding = await standing(log, settings.signal)
  if (has('workers')) return standingOn(await withVault(settings, ledger, false, parts), ready)
  return standingOn({ log, house: undefined, founding }, ready)
}

const readable = async (log: EventLog): Promise<undefined> => {
  await log.fresh()
}

const standingOn = (ground: Foundations, ready: Readiness): Foundations => {
  ready.need('ledger', () => readable(ground.log))
  ready.need('house', () => undefined)
  if (ground.house) ready.need('vault', () => undefined)
  return ground
}
