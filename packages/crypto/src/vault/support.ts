import { createSecretKey } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RootKey } from '../seal/root-key.ts'
import { sqliteVault } from './sqlite.ts'

/** What the tests of the vault share: a folder that goes with its test, and eyes for what lies in it. */

export const rootBytes = Buffer.alloc(32, 42)
export const testRoot = () => new RootKey(createSecretKey(rootBytes), false)

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
