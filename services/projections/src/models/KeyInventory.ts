import type { DatabaseSync } from 'node:sqlite'
import { keyOfStream } from '@keyledger/keys'
import type { ReadModel, Recorded } from '@keyledger/ledger'

/** Which keys there are, by region and account: what ListKeys answers from. */
export const KeyInventory: ReadModel = {
  name: 'KeyInventory',
  version: 1,
  tables: ['keys'],
  schema: `CREATE TABLE IF NOT EXISTS keys(
    region TEXT NOT NULL, account TEXT NOT NULL, key_id TEXT NOT NULL,
    PRIMARY KEY (region, account, key_id)
  ) WITHOUT ROWID`,
  categories: ['key'],
  apply: (db) => {
    const insert = db.prepare('INSERT OR IGNORE INTO keys(region, account, key_id) VALUES (?, ?, ?)')
    const remove = db.prepare('DELETE FROM keys WHERE region = ? AND account = ? AND key_id = ?')
    const place = ({ stream }: Recorded) => {
      const key = keyOfStream(stream)
      if (!key) throw new Error(`${stream} is no key's stream`)
      return [key.region, key.account, key.id] as const
    }
    return {
      KeyCreated: (event) => void insert.run(...place(event)),
      ReplicaCreated: (event) => void insert.run(...place(event)),
      KeyDeleted: (event) => void remove.run(...place(event)),
    }
  },
}

/** A page of key ids in the order of their ids. */
export const keyPages = (db: DatabaseSync) => {
  const select = db.prepare(
    'SELECT key_id AS keyId FROM keys WHERE region = ? AND account = ? AND key_id > ? ORDER BY key_id LIMIT ?',
  )
  return (region: string, account: string, { after = '', limit }: { after?: string | undefined; limit: number }) =>
    select.all(region, account, after, limit) as unknown as readonly { keyId: string }[]
}
