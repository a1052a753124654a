import { randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { SealFault } from '../fault.ts'
import { secretKey } from '../kdf.ts'
import { nonceLength, unwrap, wrap, wrapName } from '../wrapping.ts'
import type { Step } from './durable-file.ts'
import type { Seal, SealKey } from './index.ts'
import { readRootFile, rootPath, writeRootFile } from './root-file.ts'
import type { RootFile, RootWrap } from './root-file.ts'
import { exposeRoot, RootKey } from './root-key.ts'

const name = (rootId: string, { seal, keyId }: { seal: string; keyId: string }) =>
  wrapName('keyledger/root-key/v1', rootId, seal, keyId)

const wrapRoot = (root: RootKey, seal: Seal, { key, keyId, params }: SealKey): RootWrap => {
  const bytes = exposeRoot(root).export()
  const sealed = Buffer.from(wrap(key, name(root.id, { seal: seal.kind, keyId }), bytes))
  bytes.fill(0)
  return {
    seal: seal.kind,
    keyId,
    params,
    nonce: sealed.toString('base64', 0, nonceLength),
    wrapped: sealed.toString('base64', nonceLength),
  }
}

const unwrapRoot = (rootId: string, key: KeyObject, sealed: RootWrap): RootKey | undefined => {
  const bytes = Buffer.concat([Buffer.from(sealed.nonce, 'base64'), Buffer.from(sealed.wrapped, 'base64')])
  const opened = unwrap(key, name(rootId, sealed), bytes)
  if (opened?.length !== 32) return undefined
  const root = new RootKey(secretKey(opened))
  return root.id === rootId ? root : undefined
}

/** Opens with a seal what it sealed; while the seal is being changed there may be two wraps of its kind. */
const openWith = async (seal: Seal, { rootId, wraps }: RootFile): Promise<{ root: RootKey; by: RootWrap }> => {
  const mine = wraps.filter((each) => each.seal === seal.kind)
  const kinds = wraps.map((each) => each.seal).join(' and ')
  if (mine.length === 0)
    throw new SealFault(seal.name, `the root key is sealed by ${kinds}; start with that, then rotate the seal`)
  let failure: SealFault | undefined
  for (const by of mine) {
    try {
      const root = unwrapRoot(rootId, await seal.open(by), by)
      if (root) return { root, by }
    } catch (error) {
      if (!(error instanceof SealFault)) throw error
      failure = error
    }
  }
  throw failure ?? new SealFault(seal.name, `this does not open the root key ${rootId}; start with the right one`)
}

export interface OpenRoot {
  /** The data folder, where `root.json` lies or is to lie. */
  readonly folder: string
  readonly seal: Seal
  /** That nothing is there yet and a root key is to be made. */
  readonly firstStart: boolean
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

/**
 * The root key, opened; at the first start made and sealed, durable before it resolves. Throws SealFault, naming the
 * seal and what to do. A root key is only ever made where there is none and no vault that would need it: a wrong key,
 * a wrong passphrase or a lost `root.json` never begins anew.
 */
export const openRoot = async ({ folder, seal, firstStart }: OpenRoot): Promise<RootKey> => {
  const file = await readRootFile(folder)
  if (file) return (await openWith(seal, file)).root
  if (!firstStart || (await exists(join(folder, 'vault.db'))))
    throw new SealFault(
      seal.name,
      `${rootPath(folder)} is missing, and without it no key opens; restore it from a backup`,
    )
  // The seal's key first: a crash here leaves a key that seals nothing, and the next first start takes it.
  const sealKey = await seal.key()
  const root = new RootKey(secretKey(randomBytes(32)))
  await writeRootFile(folder, { version: 1, rootId: root.id, wraps: [wrapRoot(root, seal, sealKey)] })
  return root
}

/**
 * Changes the seal, with the service running or not: the root key stays, so nothing it wraps is touched. After a crash
 * at any step at least one of the two seals opens (both, from the first `root.json` to the second); then do it again.
 * The old key file is not deleted: backups of the old `root.json` need it.
 */
export const rotateSeal = async (folder: string, from: Seal, to: Seal, step?: Step): Promise<void> => {
  const file = await readRootFile(folder)
  if (!file) throw new SealFault(from.name, `${rootPath(folder)} is missing: there is no root key to seal`)
  const { root, by } = await openWith(from, file)
  // 1. The new seal's key is durable: `root.json` must never name a key that a crash could take back.
  const sealKey = await to.key(step)
  if (to.kind === by.seal && sealKey.keyId === by.keyId) {
    // An earlier rotation to this seal was cut short: all that is left to do is to drop the other wrap.
    if (file.wraps.length > 1) return writeRootFile(folder, { ...file, wraps: [by] }, step)
    throw new SealFault(to.name, 'the root key is sealed by this very key already; name another')
  }
  // 2. Both wraps. The old one that opened goes on opening; what an earlier try left over goes.
  const added = wrapRoot(root, to, sealKey)
  await writeRootFile(folder, { ...file, wraps: [by, added] }, step)
  // 3. The new seal proves itself on what is really on the disk, as the next start will.
  const written = await readRootFile(folder)
  if (written) await openWith(to, { ...written, wraps: written.wraps.filter(({ keyId }) => keyId === added.keyId) })
  // 4. The old wrap goes.
  await writeRootFile(folder, { ...file, wraps: [added] }, step)
}
