import type { DatabaseSync } from 'node:sqlite'
import type { Deletion } from '../erasing.ts'
import { secretsRegion } from '../rows.ts'
import type { DomainRow, KeyRow, Rewrapped, SecretRow } from '../rows.ts'

/** Domain keys, versioned; the newest wraps whatever is new. */
export const domainKeys = (db: DatabaseSync, deletion: (wraps: readonly Uint8Array[]) => Deletion) => {
  const newest = db.prepare(
    'SELECT version, wrapped FROM domain_keys WHERE region = ? AND account = ? ORDER BY version DESC LIMIT 1',
  )
  const all = db.prepare('SELECT region, account, version, at FROM domain_keys ORDER BY region, account, version')
  const insert = db.prepare(
    'INSERT OR IGNORE INTO domain_keys (region, account, version, wrapped, at) VALUES (?, ?, ?, ?, ?)',
  )
  // Each + keeps SQLite from an index by whose order it would have to sort all keys of the account for every page.
  const keysUnder = db.prepare(
    `SELECT k.id, k.account, k.key_id AS keyId, k.domain_version AS domainVersion, d.wrapped AS domainWrapped, k.wrapped
     FROM keys k JOIN domain_keys d ON d.region = k.region AND d.account = k.account AND d.version = k.domain_version
     WHERE +k.region = ? AND +k.account = ? AND k.domain_version < ? AND k.id > ? ORDER BY k.id LIMIT ?`,
  )
  const secretsUnder = db.prepare(
    `SELECT s.id, s.account, s.access_key_id AS accessKeyId, s.domain_version AS domainVersion,
       d.wrapped AS domainWrapped, s.wrapped
     FROM secrets s JOIN domain_keys d ON d.region = '${secretsRegion}' AND d.account = s.account
       AND d.version = s.domain_version
     WHERE s.account = ? AND s.domain_version < ? AND s.id > ? ORDER BY s.id LIMIT ?`,
  )
  const rewrap = {
    keys: db.prepare('UPDATE keys SET wrapped = ?, domain_version = ? WHERE id = ? AND domain_version < ?'),
    secrets: db.prepare('UPDATE secrets SET wrapped = ?, domain_version = ? WHERE id = ? AND domain_version < ?'),
  }
  const retire = db.prepare('DELETE FROM domain_keys WHERE region = ? AND account = ? AND version < ?')

  const domain = (region: string, account: string) => newest.get(region, account) as DomainRow | undefined

  return {
    reads: {
      domain,

      domains: () => all.all() as unknown as { region: string; account: string; version: number; at: number }[],

      keysUnder: (region: string, account: string, before: number, after: number, limit: number) =>
        keysUnder.all(region, account, before, after, limit) as unknown as KeyRow[],

      secretsUnder: (account: string, before: number, after: number, limit: number) =>
        secretsUnder.all(account, before, after, limit) as unknown as SecretRow[],
    },
    writes: {
      /** Of two that race to add one version the first wins; both are told the newest. */
      addDomain(region: string, account: string, version: number, wrapped: Uint8Array, at: number): DomainRow {
        insert.run(region, account, version, wrapped, at)
        return domain(region, account)!
      },

      /**
       * A row destroyed meanwhile stays destroyed: only what is still there is updated. Counts as a deletion of unknown
       * wraps: should the rotation never end, whoever destroys such a key must not leave its older wrap behind.
       */
      rewrap(rows: readonly Rewrapped[]): void {
        for (const { table, id, domainVersion, wrapped } of rows)
          rewrap[table].run(wrapped, domainVersion, id, domainVersion)
        deletion([])
      },

      /** Destroys the versions before `version`, or refuses (undefined) while anything is wrapped under one of them. */
      retire(region: string, account: string, version: number): Deletion | undefined {
        const left =
          keysUnder.get(region, account, version, 0, 1) ??
          (region === secretsRegion ? secretsUnder.get(account, version, 0, 1) : undefined)
        if (left) return undefined
        retire.run(region, account, version)
        return deletion([])
      },
    },
  }
}
