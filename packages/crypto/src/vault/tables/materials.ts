import type { DatabaseSync } from 'node:sqlite'
import type { Deletion } from '../erasing.ts'
import type { KeyRow, MaterialRow, NewKey, NewMaterial } from '../rows.ts'

/** What came of a new key's first material: its domain key was replaced meanwhile, or the key has a wrapping key. */
export type Kept = 'kept' | 'stale' | KeyRow

/** What is gone, and up to which number to erase. */
export interface Gone {
  readonly materialIds: readonly string[]
  readonly upTo: number
  readonly deletion: Deletion | undefined
}

/** Wrapping keys and the materials under them. */
export const materials = (
  db: DatabaseSync,
  deletion: (wraps: readonly Uint8Array[]) => Deletion,
  deletions: () => number,
) => {
  const keyColumns = `k.id, k.account, k.key_id AS keyId, k.domain_version AS domainVersion, d.wrapped AS domainWrapped,
    k.wrapped`
  const underDomain = 'domain_keys d ON d.region = k.region AND d.account = k.account AND d.version = k.domain_version'
  const key = db.prepare(
    `SELECT ${keyColumns} FROM keys k JOIN ${underDomain} WHERE k.region = ? AND k.account = ? AND k.key_id = ?`,
  )
  const material = db.prepare(
    `SELECT ${keyColumns}, m.wrapped AS materialWrapped FROM materials m JOIN keys k ON k.id = m.key JOIN ${underDomain}
     WHERE m.region = ? AND m.material_id = ?`,
  )
  const made = db.prepare(
    `SELECT m.sequence, k.region, k.account, k.key_id AS keyId, m.material_id AS materialId, m.at
     FROM materials m JOIN keys k ON k.id = m.key WHERE m.sequence > ? AND m.at < ? ORDER BY m.sequence LIMIT 1000`,
  )
  const newestDomain = db.prepare('SELECT max(version) AS version FROM domain_keys WHERE region = ? AND account = ?')
  const insertKey = db.prepare(
    'INSERT INTO keys (region, account, key_id, domain_version, wrapped) VALUES (?, ?, ?, ?, ?)',
  )
  const insertMaterial = db.prepare(
    `INSERT OR IGNORE INTO materials (key, region, material_id, wrapped, at)
     SELECT id, region, ?, ?, ? FROM keys WHERE id = ?`,
  )
  const keyExists = db.prepare('SELECT 1 FROM keys WHERE id = ?')
  const materialsOf = db.prepare('SELECT material_id AS materialId, wrapped FROM materials WHERE key = ?')
  const oneMaterial = db.prepare('SELECT key, wrapped FROM materials WHERE region = ? AND material_id = ?')
  const deleteMaterials = db.prepare('DELETE FROM materials WHERE key = ?')
  const deleteMaterial = db.prepare('DELETE FROM materials WHERE region = ? AND material_id = ?')
  const deleteKey = db.prepare('DELETE FROM keys WHERE id = ? RETURNING wrapped')

  const find = (region: string, account: string, keyId: string) =>
    key.get(region, account, keyId) as unknown as KeyRow | undefined

  const nothing = (): Gone => ({ materialIds: [], upTo: deletions(), deletion: undefined })
  const gone = (materialIds: readonly string[], wraps: readonly Uint8Array[]): Gone => {
    const done = deletion(wraps)
    return { materialIds, upTo: done.number, deletion: done }
  }

  return {
    reads: {
      material: (region: string, materialId: string) =>
        material.get(region, materialId) as unknown as MaterialRow | undefined,

      made: (after: number, before: number) =>
        made.all(after, before) as unknown as {
          sequence: number
          region: string
          account: string
          keyId: string
          materialId: string
          at: number
        }[],
    },
    writes: {
      keepFirst(row: NewKey, first: NewMaterial): Kept {
        const { version } = newestDomain.get(row.region, row.account) as { version: number | null }
        // Wrapped under a version that is being retired, it would be lost with it.
        if (version !== row.domainVersion) return 'stale'
        const other = find(row.region, row.account, row.keyId)
        if (other) return other
        const { lastInsertRowid } = insertKey.run(row.region, row.account, row.keyId, row.domainVersion, row.wrapped)
        insertMaterial.run(first.materialId, first.wrapped, first.at, lastInsertRowid)
        return 'kept'
      },

      /** Under a wrapping key that is there already; false if it was destroyed meanwhile: it must not come back. */
      keepNext(keyRow: number, next: NewMaterial): boolean {
        if (!keyExists.get(keyRow)) return false
        insertMaterial.run(next.materialId, next.wrapped, next.at, keyRow)
        return true
      },

      destroy(region: string, account: string, keyId: string): Gone {
        const row = find(region, account, keyId)
        if (!row) return nothing()
        const of = materialsOf.all(row.id) as unknown as { materialId: string; wrapped: Uint8Array }[]
        deleteMaterials.run(row.id)
        deleteKey.get(row.id)
        return gone(
          of.map(({ materialId }) => materialId),
          [row.wrapped, ...of.map(({ wrapped }) => wrapped)],
        )
      },

      /** With its last material a wrapping key has nothing left to wrap, and goes as well. */
      discard(region: string, materialId: string): Gone {
        const row = oneMaterial.get(region, materialId) as unknown as { key: number; wrapped: Uint8Array } | undefined
        if (!row) return nothing()
        deleteMaterial.run(region, materialId)
        const bare = materialsOf.get(row.key) ? [] : [deleteKey.get(row.key) as unknown as { wrapped: Uint8Array }]
        return gone([materialId], [row.wrapped, ...bare.map(({ wrapped }) => wrapped)])
      },
    },
  }
}
