import { createSecretKey, hash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { RootKey } from '../seal/root-key.ts'
import procedures from './procedures.ts'
import { sqliteVault } from './sqlite.ts'

/** What the tests of the vault share: a folder that goes with its test, and eyes for what lies in it. */

export const rootBytes = Buffer.alloc(32, 42)
export const testRoot = () => new RootKey(createSecretKey(rootBytes))

export const testFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyledger-'))
  return { folder, path: join(folder, 'vault.db'), [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

export const testVault = (path: string, now: () => number = () => 1_000) => sqliteVault({ path, root: testRoot(), now })

/** All bytes of all files, whatever they are called. */
export const allBytes = (folder: string): Buffer =>
  Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))))

export const found = (folder: string, wraps: readonly Uint8Array[]): number => {
  const bytes = allBytes(folder)
  return wraps.filter((wrap) => bytes.indexOf(wrap) >= 0).length
}

/** Bytes like a wrap's that only `name` gives. */
export const likeWrap = (name: string) => Uint8Array.from(hash('sha512', name, 'buffer').subarray(0, 60))

export const account = '111122223333'
export const region = 'us-east-1'

/** A vault's file with the thread's own procedures, but no thread. */
export const testProcedures = (path: string) => {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA journal_mode=WAL; PRAGMA secure_delete=ON')
  const { reads, writes, outside } = procedures(db)
  writes.claim('root')
  writes.addDomain(region, account, 1, likeWrap('domain'), 0)
  const key = (name: string, domainVersion = 1) => ({
    region,
    account,
    keyId: name,
    domainVersion,
    wrapped: likeWrap(`${name} key`),
  })
  const material = (name: string) => ({
    materialId: hash('sha256', name),
    wrapped: likeWrap(`${name} material`),
    at: 0,
  })
  return { db, reads, writes, erase: outside.erase, key, material, [Symbol.dispose]: () => db.close() }
}
