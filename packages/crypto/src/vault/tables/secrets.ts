import type { DatabaseSync } from 'node:sqlite'
import type { Deletion } from '../erasing.ts'
import { secretsRegion } from '../rows.ts'
import type { NewSecret, SecretRow } from '../rows.ts'

/** Secret access keys, each wrapped by its account's domain key of the secrets' region. */
export const secrets = (
  db: DatabaseSync,
  deletion: (wraps: readonly Uint8Array[]) => Deletion,
  deletions: () => number,
) => {
  const secret = db.prepare(
    `SELECT s.id, s.account, s.access_key_id AS accessKeyId, s.domain_version AS domainVersion,
       d.wrapped AS domainWrapped, s.wrapped
     FROM secrets s JOIN domain_keys d ON d.region = '${secretsRegion}' AND d.account = s.account
       AND d.version = s.domain_version
     WHERE s.access_key_id = ?`,
  )
  const newestDomain = db.prepare(
    `SELECT max(version) AS version FROM domain_keys WHERE region = '${secretsRegion}' AND account = ?`,
  )
  const insert = db.prepare(
    'INSERT INTO secrets (access_key_id, account, domain_version, wrapped, at) VALUES (?, ?, ?, ?, ?)',
  )
  const remove = db.prepare('DELETE FROM secrets WHERE access_key_id = ? RETURNING wrapped')

  const forget = (accessKeyId: string): { upTo: number; deletion: Deletion | undefined } => {
    const row = remove.get(accessKeyId) as unknown as { wrapped: Uint8Array } | undefined
    const done = row && deletion([row.wrapped])
    return { upTo: done?.number ?? deletions(), deletion: done }
  }

  return {
    reads: {
      secret: (accessKeyId: string) => secret.get(accessKeyId) as unknown as SecretRow | undefined,
    },
    writes: {
      /** Tells what it replaced; 'stale' if the domain key was replaced meanwhile. */
      keepSecret(row: NewSecret): 'stale' | ReturnType<typeof forget> {
        const { version } = newestDomain.get(row.account) as { version: number | null }
        if (version !== row.domainVersion) return 'stale'
        const before = forget(row.accessKeyId)
        insert.run(row.accessKeyId, row.account, row.domainVersion, row.wrapped, row.at)
        return before
      },

      forgetSecret: forget,
    },
  }
}
