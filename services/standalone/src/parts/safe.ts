import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type RootKey, type Vault, openRoot, rootSeal, sqliteVault, writeDurably } from '@keyledger/crypto'
import { blaming } from '../place.ts'
import { type Settings, vaultFolder } from '../options.ts'
import type { LedgerPlace } from './ledger.ts'

/** Part of the data is gone. Beginning anew beside the rest would lose it for good. */
export class MissingFault extends Error {
  constructor(file: string, folder: string) {
    super(`${file} is missing in ${folder}, where the rest of a house stands; restore it from a backup`)
  }
}

/** The vault is of another house than the ledger: what one knows the other would take for orphans, and sweep. */
export class StrangeLedger extends Error {
  constructor(ledger: string, vault: string) {
    super(
      `${ledger} is the ledger of another house than the one whose vault is ${vault}; name the two that belong together`,
    )
  }
}

export interface Safe {
  readonly root: RootKey
  readonly vault: Vault
}

/** Beside the vault: the lock of whoever makes a root key or founds a house. */
export const foundingTurn = (settings: Pick<Settings, 'vault'>): string => join(vaultFolder(settings), 'founding.lock')

/** Beside the vault: the id of the event that founded the house it belongs to. */
const deed = (settings: Settings) => join(vaultFolder(settings), 'founded')
const readDeed = (settings: Settings) => readFile(deed(settings), 'utf8').catch(() => undefined)

/** Writes down whose vault this is, once. */
export const keepDeed = async (settings: Settings, founding: string): Promise<void> => {
  if ((await readDeed(settings)) === undefined) await writeDurably(deed(settings), Buffer.from(founding))
}

/** Throws unless vault and ledger are of one house; `founding` is the id of the ledger's HouseFounded, if it has one. */
export const checkDeed = async (settings: Settings, ledger: LedgerPlace, founding: string | undefined) => {
  const known = await readDeed(settings)
  if (known === undefined || known === founding) return
  if (founding === undefined) throw new MissingFault(ledger.name, vaultFolder(settings))
  throw new StrangeLedger(ledger.name, settings.vault)
}

/**
 * The root key and the vault, made where nothing of a house is yet. What is opened closes with `parts`. Of the processes that
 * share the vault one at a time may be in here: two that find nothing would each make a root key.
 */
export const openSafe = async (settings: Settings, ledger: LedgerPlace, parts: AsyncDisposableStack): Promise<Safe> => {
  const { vault: path, clock } = settings
  const folder = vaultFolder(settings)
  const [hasVault, hasLedger] = [existsSync(path), await ledger.begun()]
  const seal = rootSeal(settings.seal, settings)
  const root = await blaming('KEYLEDGER_SEAL', () => openRoot({ folder, seal, firstStart: !hasVault && !hasLedger }))
  if (hasLedger && !hasVault) throw new MissingFault(basename(path), folder)
  const vault = parts.use(await sqliteVault({ path, root, now: () => clock.now() }))
  // A first start that was cut short leaves root and vault without a ledger, but never keys without one.
  if (
    hasVault &&
    !hasLedger &&
    ((await readDeed(settings)) !== undefined || (await vault.made(0, Infinity)).length > 0)
  )
    throw new MissingFault(ledger.name, folder)
  return { root, vault }
}
