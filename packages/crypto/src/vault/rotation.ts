import type { KeyObject } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { VaultFault } from '../fault.ts'
import type { DomainKey, DomainKeys, VaultDatabase } from './domain-keys.ts'
import type { Erase } from './eraser.ts'
import { secretLevel, wrappingKeyLevel } from './hierarchy.ts'
import { secretsRegion } from './rows.ts'
import type { Rewrapped, UnderDomain } from './rows.ts'

// A page costs the event loop about 5 ms of wrapping; between pages others have their turn.
const page = 32

interface Level<Ref> {
  wrap(by: KeyObject, ref: Ref, bytes: Uint8Array): Uint8Array
  unwrap(by: KeyObject, ref: Ref, bytes: Uint8Array): Uint8Array
}

/** `Vault.rotateDomainKey`. Between any two steps every version opens what it wraps: a crash loses nothing. */
export const rotation =
  (db: VaultDatabase, domains: DomainKeys, erase: Erase) =>
  async (region: string, account: string): Promise<void> => {
    const domain = await domains.replace(region, account)
    // From here on nothing new comes to lie under an older version: the thread refuses it as stale.

    const move = <Ref>(
      table: Rewrapped['table'],
      row: UnderDomain & { readonly id: number },
      level: Level<Ref>,
      ref: (domain: DomainKey) => Ref,
    ): Rewrapped => {
      const old = domains.of(region, row)
      const bytes = level.unwrap(old.key, ref(old), row.wrapped)
      const wrapped = level.wrap(domain.key, ref(domain), bytes)
      bytes.fill(0)
      return { table, id: row.id, domainVersion: domain.version, wrapped }
    }

    const pages = async <Row extends { id: number }>(
      read: (after: number) => Promise<readonly Row[]>,
      moved: (row: Row) => Rewrapped,
    ) => {
      for (let after = 0; ; await turn()) {
        const rows = await read(after)
        if (rows.length === 0) return
        await db.call('rewrap', rows.map(moved))
        after = rows.at(-1)!.id
      }
    }

    await pages(
      (after) => db.call('keysUnder', region, account, domain.version, after, page),
      (row) =>
        move('keys', row, wrappingKeyLevel, ({ version }) => ({
          region,
          account,
          keyId: row.keyId,
          domainVersion: version,
        })),
    )
    if (region === secretsRegion)
      await pages(
        (after) => db.call('secretsUnder', account, domain.version, after, page),
        (row) =>
          move('secrets', row, secretLevel, ({ version }) => ({
            accessKeyId: row.accessKeyId,
            account,
            domainVersion: version,
          })),
      )

    const deletion = await db.call('retire', region, account, domain.version)
    if (!deletion) throw new VaultFault('contended', `domain keys of ${account} in ${region}`)
    domains.retired(region, account, domain)
    // Its old wraps are too many to search the file for, so nothing is said of them: the file is built anew.
    await erase({ upTo: deletion.number })
  }
