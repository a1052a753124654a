import type { DatabaseSync } from 'node:sqlite'
import { type Grant, granteeOf, keyOfGrants, keyOfStream, retiringOf } from '@keyledger/keys'
import type { ReadModel } from '@keyledger/ledger'

/**
 * Which grants there are, by their key, their grantee and whoever may retire them: what ListGrants and
 * ListRetirableGrants answer from. In the order in which they were made, which never changes.
 */
export const GrantInventory: ReadModel = {
  name: 'GrantInventory',
  version: 1,
  tables: ['grants'],
  schema: `CREATE TABLE IF NOT EXISTS grants(
    region TEXT NOT NULL, account TEXT NOT NULL, key_id TEXT NOT NULL, grant_id TEXT NOT NULL,
    position INTEGER NOT NULL, grantee TEXT NOT NULL, retiring TEXT, terms TEXT NOT NULL,
    PRIMARY KEY (region, account, key_id, grant_id)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS grants_in_order ON grants(region, account, key_id, position);
  CREATE INDEX IF NOT EXISTS grants_by_grantee ON grants(region, account, key_id, grantee, position);
  CREATE INDEX IF NOT EXISTS grants_by_retiring ON grants(region, retiring, position) WHERE retiring IS NOT NULL`,
  categories: ['grants', 'key'],
  apply: (db) => {
    const put = db.prepare('INSERT OR REPLACE INTO grants VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
    const ofKey = 'DELETE FROM grants WHERE region = ? AND account = ? AND key_id = ?'
    const remove = db.prepare(`${ofKey} AND grant_id = ?`)
    const removeAll = db.prepare(ofKey)
    const place = (stream: string) => {
      const key = keyOfGrants(stream) ?? keyOfStream(stream)
      if (!key) throw new Error(`${stream} is neither a key's stream nor its grants'`)
      return [key.region, key.account, key.id] as const
    }
    const gone = ({ stream, data }: { readonly stream: string; readonly data: unknown }) =>
      void remove.run(...place(stream), (data as { grantId: string }).grantId)
    return {
      GrantCreated: ({ stream, position, data }) => {
        const grant = data as Grant
        const retiring = retiringOf(grant) ?? null
        const terms = JSON.stringify(grant)
        put.run(...place(stream), grant.grantId, position, granteeOf(grant), retiring, terms)
      },
      GrantRetired: gone,
      GrantRevoked: gone,
      // A key takes its grants along.
      KeyDeleted: ({ stream }) => void removeAll.run(...place(stream)),
    }
  },
}

export interface GrantRow {
  /** Where it stands in the order of all grants; from 1. */
  readonly position: number
  readonly account: string
  readonly keyId: string
  readonly grant: Grant
}

interface Asked {
  readonly after: number
  readonly limit: number
}
interface AskedOfKey extends Asked {
  readonly grantId?: string | undefined
  /** As `granteeOf` a grant names it. */
  readonly grantee?: string | undefined
}
interface AskedOfRetiring extends Asked {
  /** Only grants on keys of this account. */
  readonly account?: string | undefined
}

/** Pages of grants in the order in which they were made: those of a key, or those that somebody may retire. */
export const grantPages = (db: DatabaseSync) => {
  const page = 'SELECT position, account, key_id AS keyId, terms FROM grants WHERE region = ? AND position > ? AND '
  const inOrder = ' ORDER BY position LIMIT ?'
  const all = db.prepare(`${page} account = ? AND key_id = ?${inOrder}`)
  const one = db.prepare(`${page} account = ? AND key_id = ? AND grant_id = ?${inOrder}`)
  const granted = db.prepare(`${page} account = ? AND key_id = ? AND grantee = ?${inOrder}`)
  const both = db.prepare(`${page} account = ? AND key_id = ? AND grant_id = ? AND grantee = ?${inOrder}`)
  const retirable = db.prepare(`${page} retiring = ?${inOrder}`)
  const retirableOf = db.prepare(`${page} retiring = ? AND account = ?${inOrder}`)
  const rows = (found: readonly unknown[]): readonly GrantRow[] =>
    (found as readonly (Omit<GrantRow, 'grant'> & { readonly terms: string })[]).map(({ terms, ...row }) => ({
      ...row,
      grant: JSON.parse(terms) as Grant,
    }))
  return {
    grants: (region: string, account: string, keyId: string, asked: AskedOfKey) => {
      const { after, limit, grantId, grantee } = asked
      const key = [region, after, account, keyId] as const
      if (grantId !== undefined && grantee !== undefined) return rows(both.all(...key, grantId, grantee, limit))
      if (grantId !== undefined) return rows(one.all(...key, grantId, limit))
      return rows(grantee === undefined ? all.all(...key, limit) : granted.all(...key, grantee, limit))
    },
    retirableGrants: (region: string, retiring: string, { after, limit, account }: AskedOfRetiring) =>
      rows(
        account === undefined
          ? retirable.all(region, after, retiring, limit)
          : retirableOf.all(region, after, retiring, account, limit),
      ),
  }
}
