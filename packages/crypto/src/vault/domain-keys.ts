import { randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Database } from '@keyledger/sqlite'
import { cache } from '../cache.ts'
import { VaultFault } from '../fault.ts'
import { secretKey } from '../kdf.ts'
import { exposeRoot } from '../seal/root-key.ts'
import type { RootKey } from '../seal/root-key.ts'
import { domainKeyLevel } from './hierarchy.ts'
import type procedures from './procedures.ts'
import type { DomainRow, UnderDomain } from './rows.ts'

export type VaultDatabase = Database<ReturnType<typeof procedures>>

export interface DomainKey {
  readonly version: number
  readonly key: KeyObject
}

const capacity = 10_000
const tries = 16

/** The domain keys of all accounts and regions, opened by the root key. */
export const domainKeys = (db: VaultDatabase, root: RootKey, now: () => number) => {
  const opened = cache<{ key: KeyObject; used: boolean }>(capacity)
  const newest = cache<{ domain: Promise<DomainKey>; used: boolean }>(capacity)

  const open = (region: string, account: string, { version, wrapped }: DomainRow): DomainKey => {
    const name = `${region}/${account}/${version}`
    const known = opened.find(name)
    if (known) return { version, key: known.key }
    const ref = { rootId: root.id, region, account, version }
    const key = secretKey(domainKeyLevel.unwrap(exposeRoot(root), ref, wrapped))
    opened.put(name, { key, used: false })
    return { version, key }
  }

  /** A new version; if somebody else was faster, theirs. */
  const add = async (region: string, account: string, version: number): Promise<DomainKey> => {
    const bytes = randomBytes(32)
    const ref = { rootId: root.id, region, account, version }
    const wrapped = domainKeyLevel.wrap(exposeRoot(root), ref, bytes)
    bytes.fill(0)
    return open(region, account, await db.call('addDomain', region, account, version, wrapped, now()))
  }

  const load = async (region: string, account: string): Promise<DomainKey> => {
    const row = await db.call('domain', region, account)
    return row ? open(region, account, row) : add(region, account, 1)
  }

  const forget = (region: string, account: string) => newest.drop(`${region}/${account}`)

  const current = (region: string, account: string): Promise<DomainKey> => {
    const name = `${region}/${account}`
    const known = newest.find(name)
    if (known) return known.domain
    const domain = load(region, account)
    newest.put(name, { domain, used: false })
    domain.catch(() => newest.drop(name))
    return domain
  }

  return {
    /** The domain key that a row lies under. */
    of: (region: string, { account, domainVersion, domainWrapped }: UnderDomain): DomainKey =>
      open(region, account, { version: domainVersion, wrapped: domainWrapped }),

    /**
     * Has `keep` put something under the newest domain key, made at the first call for an account and region; again
     * each time it answers 'stale', as the domain key can be replaced while something is on its way to storage.
     */
    async underNewest<T>(
      region: string,
      account: string,
      keep: (domain: DomainKey) => Promise<'stale' | T>,
    ): Promise<T> {
      for (let left = tries; left > 0; left--) {
        const kept = await keep(await current(region, account))
        if (kept !== 'stale') return kept
        forget(region, account)
      }
      throw new VaultFault('contended', `domain key of ${account} in ${region}`)
    },

    /** Replaces the newest version; the older ones stay until `retired`. */
    async replace(region: string, account: string): Promise<DomainKey> {
      const { version } = await load(region, account)
      const domain = await add(region, account, version + 1)
      forget(region, account)
      return domain
    },

    retired: (region: string, account: string, newest: DomainKey) =>
      opened.dropWhere((name) => name.startsWith(`${region}/${account}/`) && !name.endsWith(`/${newest.version}`)),
  }
}

export type DomainKeys = ReturnType<typeof domainKeys>
