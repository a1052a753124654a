import type { DatabaseSync } from 'node:sqlite'
import { aliasOfStream } from '@keyledger/keys'
import type { ReadModel, Recorded } from '@keyledger/ledger'

/** Which aliases there are and which key each names: what ListAliases answers from. */
export const AliasInventory: ReadModel = {
  name: 'AliasInventory',
  version: 1,
  tables: ['aliases'],
  schema: `CREATE TABLE IF NOT EXISTS aliases(
    region TEXT NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL,
    target TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    PRIMARY KEY (region, account, name)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS aliases_by_target ON aliases(region, account, target, name)`,
  categories: ['alias'],
  apply: (db) => {
    const put = db.prepare('INSERT OR REPLACE INTO aliases VALUES (?, ?, ?, ?, ?, ?)')
    const point = db.prepare('UPDATE aliases SET target = ?, updated = ? WHERE region = ? AND account = ? AND name = ?')
    const remove = db.prepare('DELETE FROM aliases WHERE region = ? AND account = ? AND name = ?')
    const place = ({ stream }: Recorded) => {
      const alias = aliasOfStream(stream)
      if (!alias) throw new Error(`${stream} is no alias' stream`)
      return [alias.region, alias.account, alias.name] as const
    }
    const target = ({ data }: Recorded) => (data as { targetKeyId: string }).targetKeyId
    return {
      AliasCreated: (event) => {
        const time = Date.parse(event.time)
        put.run(...place(event), target(event), time, time)
      },
      AliasUpdated: (event) => void point.run(target(event), Date.parse(event.time), ...place(event)),
      AliasDeleted: (event) => void remove.run(...place(event)),
    }
  },
}

export interface AliasRow {
  readonly name: string
  readonly targetKeyId: string
  /** Milliseconds since the epoch, as `updatedAt`. */
  readonly createdAt: number
  readonly updatedAt: number
}

interface Asked {
  readonly after?: string | undefined
  readonly limit: number
  readonly keyId?: string | undefined
}

/** Pages of aliases in the order of their names, of one key or of all; and how many a key has. */
export const aliasPages = (db: DatabaseSync) => {
  const columns = 'SELECT name, target AS targetKeyId, created AS createdAt, updated AS updatedAt FROM aliases'
  const all = db.prepare(`${columns} WHERE region = ? AND account = ? AND name > ? ORDER BY name LIMIT ?`)
  const ofKey = db.prepare(
    `${columns} WHERE region = ? AND account = ? AND target = ? AND name > ? ORDER BY name LIMIT ?`,
  )
  const count = db.prepare('SELECT count(*) AS n FROM aliases WHERE region = ? AND account = ? AND target = ?')
  return {
    aliases: (region: string, account: string, { after = '', limit, keyId }: Asked) =>
      (keyId === undefined
        ? all.all(region, account, after, limit)
        : ofKey.all(region, account, keyId, after, limit)) as unknown as readonly AliasRow[],
    aliasCount: (region: string, account: string, keyId: string) =>
      (count.get(region, account, keyId) as { n: number }).n,
  }
}
