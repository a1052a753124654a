import type { DatabaseSync } from 'node:sqlite'
import { erasing } from './erasing.ts'
import { domainKeys } from './tables/domain-keys.ts'
import { materials } from './tables/materials.ts'
import { secrets } from './tables/secrets.ts'
import { transportKeys } from './tables/transport-keys.ts'

/** What can be done to the vault's file, inside its thread. This side only ever sees wrapped bytes. */

const format = 1

const schema = `
  CREATE TABLE IF NOT EXISTS vault (format INTEGER, root_id TEXT, deletions INTEGER, erased INTEGER);
  CREATE TABLE IF NOT EXISTS domain_keys (
    region TEXT, account TEXT, version INTEGER, wrapped BLOB, at INTEGER,
    PRIMARY KEY (region, account, version));
  CREATE TABLE IF NOT EXISTS keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT, region TEXT, account TEXT, key_id TEXT, domain_version INTEGER, wrapped BLOB,
    UNIQUE (region, account, key_id));
  CREATE TABLE IF NOT EXISTS materials (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, key INTEGER, region TEXT, material_id TEXT, wrapped BLOB, at INTEGER,
    UNIQUE (region, material_id));
  CREATE INDEX IF NOT EXISTS materials_of_key ON materials (key);
  CREATE TABLE IF NOT EXISTS secrets (
    id INTEGER PRIMARY KEY AUTOINCREMENT, access_key_id TEXT UNIQUE, account TEXT, domain_version INTEGER, wrapped BLOB,
    at INTEGER);
  CREATE TABLE IF NOT EXISTS transport_keys (name TEXT PRIMARY KEY, public_key BLOB, wrapped BLOB, at INTEGER);`

export default (db: DatabaseSync) => {
  // Else SQLite may spill pages into temporary files, which nobody erases.
  db.exec('PRAGMA temp_store=MEMORY')
  db.exec(schema)
  const { deletion, deletions, erase } = erasing(db)
  const domains = domainKeys(db, deletion)
  const ofKeys = materials(db, deletion, deletions)
  const ofSecrets = secrets(db, deletion, deletions)
  const ofTransport = transportKeys(db, deletion)
  const claim = db.prepare(
    'INSERT INTO vault (format, root_id, deletions, erased) SELECT ?, ?, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM vault)',
  )
  const owner = db.prepare('SELECT format, root_id AS rootId FROM vault')

  return {
    reads: { ...domains.reads, ...ofKeys.reads, ...ofSecrets.reads, ...ofTransport.reads },
    writes: {
      ...domains.writes,
      ...ofKeys.writes,
      ...ofSecrets.writes,
      ...ofTransport.writes,
      /** A new vault belongs to the root key that opens it first; tells whose it is, and what is left to erase. */
      claim(rootId: string): { rootId: string; newer: boolean; deletions: number } {
        claim.run(format, rootId)
        const owned = owner.get() as { rootId: string; format: number }
        return { rootId: owned.rootId, newer: owned.format > format, deletions: deletions() }
      },
    },
    outside: { erase },
  }
}
