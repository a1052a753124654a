import { randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { database } from '@keyledger/sqlite'
import { type Cache, caches } from '../cache.ts'
import { VaultFault } from '../fault.ts'
import { secretKey } from '../kdf.ts'
import { MacKey } from '../mac.ts'
import { Material } from '../material.ts'
import type { RootKey } from '../seal/root-key.ts'
import { domainKeys } from './domain-keys.ts'
import type { VaultDatabase } from './domain-keys.ts'
import { eraser } from './eraser.ts'
import { materialIdOf, materialLevel, openMaterial, wrappingKeyLevel } from './hierarchy.ts'
import type { KeyRef, Vault } from './index.ts'
import { rotation } from './rotation.ts'
import { secrets } from './secrets.ts'
import { tokens } from './tokens.ts'
import { transport } from './transport.ts'

/** Opened materials remembered, of all regions together; some 400 bytes each. */
const capacity = 250_000

interface Opened {
  readonly key: MacKey
  readonly ref: KeyRef
  used: boolean
}
interface Unwrapped {
  readonly key: KeyObject
  readonly ref: KeyRef
}

export interface SqliteVault {
  /** The file, made when it is not there. Its folder must exist. */
  readonly path: string
  readonly root: RootKey
  /** Epoch milliseconds. */
  readonly now: () => number
}

const nameOf = ({ region, account, keyId }: KeyRef) => `${region}/${account}/${keyId}`

/**
 * A vault in one SQLite file. Rejects with VaultFault('foreign') when the file was made under another root key.
 * Erases what a crash left half destroyed before it resolves.
 */
export const sqliteVault = async ({ path, root, now }: SqliteVault): Promise<Vault> => {
  // SQLite would make it, and its log after it, as the umask says. One that is there must not be opened here: closing
  // it again would drop the locks that another vault of this process holds.
  await writeFile(path, '', { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const db: VaultDatabase = await database(path, new URL('./procedures.ts', import.meta.url))
  try {
    const { rootId, newer, deletions } = await db.call('claim', root.id)
    if (newer) throw new VaultFault('newer', path)
    if (rootId !== root.id) throw new VaultFault('foreign', path)
    await db.call('erase', deletions, [])
  } catch (error) {
    await db.close()
    throw error
  }
  return vault(db, root, now)
}

const vault = (db: VaultDatabase, root: RootKey, now: () => number): Vault => {
  const erase = eraser((upTo, known) => db.call('erase', upTo, known))
  const domains = domainKeys(db, root, now)
  // By region, then by material id: to put both into one name would cost every call a string to make and to hash.
  const opened = new Map<string, Cache<Opened>>()
  const regional = caches<Opened>(capacity)
  const opening = new Map<string, Promise<Opened | undefined>>()
  // Keys whose rows are being deleted: what is remembered of them is already of no use.
  const dying = new Set<string>()
  // Moves on with every destruction, so that nothing read before one is remembered after it.
  let destructions = 0

  const entryOf = ({ key, ref }: Unwrapped): Opened => ({ key: new MacKey(key), ref, used: false })

  /** One copy of a material is enough, and the only one that is there to be wiped when it is destroyed. */
  const remember = (region: string, materialId: string, found: Unwrapped): Opened => {
    if (!opened.has(region)) opened.set(region, regional())
    const entries = opened.get(region)!
    const known = entries.find(materialId)
    if (known) return known
    const entry = entryOf(found)
    entries.put(materialId, entry)
    return entry
  }

  const recall = (region: string, materialId: string): Opened | undefined => {
    const entry = opened.get(region)?.find(materialId)
    return entry && dying.size > 0 && dying.has(nameOf(entry.ref)) ? undefined : entry
  }

  const unwrapped = async (region: string, materialId: string): Promise<Unwrapped | undefined> => {
    const row = await db.call('material', region, materialId)
    if (!row) return undefined
    const ref = { region, account: row.account, keyId: row.keyId }
    const by = domains.of(region, row).key
    const wrappingKey = secretKey(
      wrappingKeyLevel.unwrap(by, { ...ref, domainVersion: row.domainVersion }, row.wrapped),
    )
    return { ref, key: openMaterial(wrappingKey, { ...ref, materialId }, row.materialWrapped) }
  }

  const read = async (region: string, materialId: string): Promise<Opened | undefined> => {
    const since = destructions
    const found = await unwrapped(region, materialId)
    if (!found) return undefined
    return since === destructions ? remember(region, materialId, found) : entryOf(found)
  }

  /** Those who ask for one material at the same time wait for one reading. */
  const load = (region: string, materialId: string): Promise<Opened | undefined> => {
    const name = `${region}/${materialId}`
    const underWay = opening.get(name)
    if (underWay) return underWay
    const reading = read(region, materialId).finally(() => opening.get(name) === reading && opening.delete(name))
    opening.set(name, reading)
    return reading
  }

  /** From here on nobody joins a reading that began before. */
  const begin = () => {
    destructions++
    opening.clear()
  }

  const generate: Vault['generate'] = async (key, options) => {
    const since = destructions
    const { region, account, keyId } = key
    if (options?.material && options.material.length !== 32) throw new RangeError('key material has 32 bytes')
    const bytes = options?.material ? Uint8Array.from(options.material) : randomBytes(32)
    const material = secretKey(Uint8Array.from(bytes))
    const materialId = materialIdOf(material, account, keyId)
    const ref = { region, account, keyId }
    const first = (by: KeyObject) => ({
      materialId,
      wrapped: materialLevel.wrap(by, { ...ref, materialId }, bytes),
      at: now(),
    })
    try {
      await domains.underNewest(region, account, async (domain) => {
        const raw = randomBytes(32)
        const domainVersion = domain.version
        const wrapped = wrappingKeyLevel.wrap(domain.key, { ...ref, domainVersion }, raw)
        const kept = await db.call('keepFirst', { ...ref, domainVersion, wrapped }, first(secretKey(raw)))
        if (typeof kept === 'string') return kept
        const by = domains.of(region, kept).key
        const name = { ...ref, domainVersion: kept.domainVersion }
        const next = first(secretKey(wrappingKeyLevel.unwrap(by, name, kept.wrapped)))
        return (await db.call('keepNext', kept.id, next)) ? 'kept' : 'stale'
      })
    } finally {
      bytes.fill(0)
    }
    if (since === destructions) remember(region, materialId, { key: material, ref })
    return { materialId }
  }

  const material = async (region: string, materialId: string) => {
    const found = await unwrapped(region, materialId)
    if (!found) throw new VaultFault('unknown', materialId)
    return found
  }

  return {
    generate,
    ...transport({ db, root, erase, now, material, generate }),

    open(region, materialId) {
      const hit = recall(region, materialId)
      if (hit) return new Material(materialId, hit.key)
      return load(region, materialId).then((entry) => {
        if (!entry) throw new VaultFault('unknown', materialId)
        return new Material(materialId, entry.key)
      })
    },

    locate: (region, materialId) =>
      recall(region, materialId)?.ref ?? load(region, materialId).then((entry) => entry?.ref),

    async destroy(key) {
      const name = nameOf(key)
      begin()
      dying.add(name)
      try {
        const gone = await db.call('destroy', key.region, key.account, key.keyId)
        for (const materialId of gone.materialIds) opened.get(key.region)?.drop(materialId)?.key.wipe()
        await erase(gone)
      } finally {
        dying.delete(name)
      }
    },

    async discard(region, materialId) {
      begin()
      opened.get(region)?.drop(materialId)?.key.wipe()
      await erase(await db.call('discard', region, materialId))
    },

    made: async (after, before) =>
      (await db.call('made', after, before)).map(({ sequence, region, account, keyId, materialId, at }) => ({
        sequence,
        key: { region, account, keyId },
        materialId,
        at,
      })),

    rotateDomainKey: rotation(db, domains, erase),
    domainKeys: () => db.call('domains'),
    ...secrets(db, root, domains, erase, now),
    ...tokens(root),

    async [Symbol.asyncDispose]() {
      await db.close()
      opened.clear()
    },
  }
}
