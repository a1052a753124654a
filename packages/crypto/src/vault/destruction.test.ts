import { createSecretKey, randomBytes } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { database } from '@keyledger/sqlite'
import { describe, expect, it } from 'vitest'
import { watchedMemory } from '../testing.ts'
import type { VaultDatabase } from './domain-keys.ts'
import { domainKeyLevel, wrappingKeyLevel } from './hierarchy.ts'
import { seal, unseal } from '../symmetric.ts'
import { allBytes, found, rootBytes, testFolder, testRoot, testVault } from './support.ts'

const region = 'us-east-1'
const account = '111122223333'
const key = { region, account, keyId: 'doomed' }
const other = { region, account, keyId: 'spared' }

const wrapsIn = (path: string, sql: string): Uint8Array[] => {
  using db = new DatabaseSync(path)
  return db
    .prepare(sql)
    .all()
    .map(({ wrapped }) => wrapped as Uint8Array)
}
const wrapsOfKey = (path: string, { keyId }: { keyId: string }) =>
  wrapsIn(
    path,
    `SELECT wrapped FROM keys WHERE key_id = '${keyId}' UNION ALL
     SELECT wrapped FROM materials WHERE key IN (SELECT id FROM keys WHERE key_id = '${keyId}')`,
  )

/** Whoever holds the folder and the root key: tries to open a wrapping key of `keyId` from every 60 bytes there are. */
const wrappingKeysFound = (folder: string, path: string, keyId: string): number => {
  const root = testRoot()
  const name = { region, account, version: 1 }
  const [wrapped] = wrapsIn(path, 'SELECT wrapped FROM domain_keys')
  const domainKey = createSecretKey(
    domainKeyLevel.unwrap(createSecretKey(rootBytes), { ...name, rootId: root.id }, wrapped!),
  )
  const bytes = allBytes(folder)
  const copies = new Set<string>()
  const zeros = Buffer.alloc(3)
  for (let at = 0; at + 60 <= bytes.length; at++) {
    const window = bytes.subarray(at, at + 60)
    // What is random has no three zeros running; most of a page has little else.
    if (window.includes(zeros)) continue
    try {
      wrappingKeyLevel.unwrap(domainKey, { region, account, keyId, domainVersion: 1 }, window)
      copies.add(window.toString('hex'))
    } catch {
      // Not here.
    }
  }
  return copies.size
}

/** Everything of the package anew, with eyes for where its keys lie. */
const watched = async () => {
  const memory = watchedMemory()
  return { ...memory, ...(await import('./support.ts')), ...(await import('../symmetric.ts')) }
}

const walIsEmpty = (path: string) => !existsSync(`${path}-wal`) || statSync(`${path}-wal`).size === 0

describe('a destroyed key', () => {
  it('leaves no wrapping of it in any file, and its neighbours whole', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    const made = [await vault.generate(key), await vault.generate(key), await vault.generate(key)]
    const spared = await vault.generate(other)
    const wraps = wrapsOfKey(place.path, key)
    const kept = wrapsOfKey(place.path, other)
    expect([wraps.length, found(place.folder, wraps), wrappingKeysFound(place.folder, place.path, key.keyId)]).toEqual([
      4, 4, 1,
    ])

    await vault.destroy(key)

    expect([found(place.folder, wraps), wrappingKeysFound(place.folder, place.path, key.keyId)]).toEqual([0, 0])
    expect(walIsEmpty(place.path)).toBe(true)
    for (const { materialId } of made) {
      expect(await vault.locate(region, materialId)).toBeUndefined()
      await expect(vault.open(region, materialId)).rejects.toMatchObject({ reason: 'unknown' })
    }
    expect(found(place.folder, kept)).toBe(2)
    await using again = await testVault(place.path)
    using material = await again.open(region, spared.materialId)
    expect(material.materialId).toBe(spared.materialId)
  })

  it('may be destroyed again, or never have been', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    await vault.generate(key)
    await Promise.all([vault.destroy(key), vault.destroy(key), vault.destroy({ ...key, keyId: 'never was' })])
    await vault.destroy(key)
    expect(await vault.made(0, 5_000)).toEqual([])
  })

  it('is wiped from memory there and then, however often it was made or asked for, and lives on in another region', async () => {
    using place = testFolder()
    using memory = await watched()
    const material = randomBytes(32)
    const replica = { ...key, region: 'eu-west-1' }
    const refs = [key, key, key, replica]
    await using vault = await memory.testVault(place.path)
    const [made] = await Promise.all(refs.map((ref) => vault.generate(ref, { material })))
    expect(memory.places(material)).toHaveLength(2)
    await vault.destroy(key)
    expect(memory.places(material)).toHaveLength(1)
    using left = await vault.open(replica.region, made!.materialId)
    expect(memory.seal(left, key.keyId, Buffer.from('text'))).toHaveLength(81)
    await vault.destroy(replica)
    expect(memory.places(material)).toEqual([])
  })

  it('is of no use to whoever opened it before', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    const { materialId } = await vault.generate(key)
    using material = await vault.open(region, materialId)
    const blob = seal(material, key.keyId, Buffer.from('text'))
    await vault.destroy(key)
    // What is made next would lie where the destroyed one lay, were that place free already.
    await vault.generate(other)
    expect(() => seal(material, key.keyId, Buffer.from('text'))).toThrow('a key was used after it had been wiped')
    expect(() => unseal(material, key.keyId, blob)).toThrow('a key was used after it had been wiped')
  })

  it('does not open from the moment of the call, even before it is gone', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    const { materialId } = await vault.generate(key)
    expect(vault.open(region, materialId)).not.toBeInstanceOf(Promise)
    const destroyed = vault.destroy(key)
    await expect(vault.open(region, materialId)).rejects.toMatchObject({ reason: 'unknown' })
    expect(await vault.locate(region, materialId)).toBeUndefined()
    await destroyed
  })

  it('is not remembered by an opening that was under way', async () => {
    using place = testFolder()
    const made = Array.from({ length: 20 }, (_, index) => ({ ...key, keyId: `key ${index}` }))
    let ids: string[]
    {
      await using vault = await testVault(place.path)
      ids = await Promise.all(made.map(async (ref) => (await vault.generate(ref)).materialId))
    }
    await using vault = await testVault(place.path)
    const opening = ids.map((id) => Promise.resolve(vault.open(region, id)))
    const destroyed = made.map((ref) => vault.destroy(ref))
    // Whoever asks from now on does not join an opening that began before.
    const late = await Promise.allSettled(ids.map((id) => Promise.resolve(vault.open(region, id))))
    expect(late.map(({ status }) => status)).toEqual(ids.map(() => 'rejected'))
    await Promise.allSettled([...opening, ...destroyed])
    for (const id of ids) expect(await vault.locate(region, id)).toBeUndefined()
  })

  it('is not remembered by a generation that was under way, wherever on its way it was', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    await vault.generate(other)
    let first = 0
    for (let steps = 0; steps < 10; steps++) {
      const made = vault.generate(key)
      for (let step = 0; step < steps; step++) await Promise.resolve()
      await vault.destroy(key)
      const { materialId } = await made
      // Either came first; but what is remembered is what is there.
      const stored = (await vault.made(0, 5_000)).some((each) => each.materialId === materialId)
      if (!stored) first++
      expect(await vault.locate(region, materialId)).toEqual(stored ? key : undefined)
      await vault.destroy(key)
    }
    expect(first).toBeGreaterThan(0)
  })

  it('does not come back with material that was on its way under its old wrapping key', async () => {
    using place = testFolder()
    {
      await using vault = await testVault(place.path)
      await vault.generate(key)
    }
    const old = wrapsOfKey(place.path, key)
    await using vault = await testVault(place.path)
    for (let round = 0; round < 10; round++) {
      const next = vault.generate(key)
      await vault.destroy(key)
      await next
      expect(found(place.folder, old)).toBe(0)
    }
  })

  it('is gone from the files after the next start, when a crash came between the deletion and the erasure', async () => {
    using place = testFolder()
    await (await testVault(place.path))[Symbol.asyncDispose]()
    let wraps: Uint8Array[]
    {
      await using vault = await testVault(place.path)
      await vault.generate(key)
      wraps = wrapsOfKey(place.path, key)
    }
    const bystander: VaultDatabase = await database(place.path, new URL('./procedures.ts', import.meta.url))
    await bystander.call('destroy', region, account, key.keyId)
    // As after kill -9: the log is left behind as it is, with old pages in it.
    {
      using log = new DatabaseSync(place.path)
      log.exec(`CREATE TABLE old_pages (wrapped BLOB)`)
      const insert = log.prepare('INSERT INTO old_pages VALUES (?)')
      for (const wrap of wraps) insert.run(wrap)
      log.exec('PRAGMA secure_delete=OFF; DELETE FROM old_pages')
    }
    expect(found(place.folder, wraps)).toBe(2)
    await using vault = await testVault(place.path)
    expect(found(place.folder, wraps)).toBe(0)
    await bystander.close()
    expect(await vault.made(0, 5_000)).toEqual([])
  })
})

describe('discarded material', () => {
  it('is wiped from memory there and then, and the other of its key is not', async () => {
    using place = testFolder()
    using memory = await watched()
    const materials = [randomBytes(32), randomBytes(32)]
    await using vault = await memory.testVault(place.path)
    const [first] = await Promise.all(materials.map((material) => vault.generate(key, { material })))
    expect(materials.map((material) => memory.places(material).length)).toEqual([1, 1])
    await vault.discard(region, first!.materialId)
    expect(materials.map((material) => memory.places(material).length)).toEqual([0, 1])
  })

  it('leaves no file with a trace of it; the last one takes its wrapping key along', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    const first = await vault.generate(key)
    const second = await vault.generate(key)
    const [wrappingKey, one, two] = wrapsOfKey(place.path, key)
    await vault.discard(region, first.materialId)
    expect([wrappingKey!, one!, two!].map((wrap) => found(place.folder, [wrap]))).toEqual([1, 0, 1])
    expect(await vault.locate(region, first.materialId)).toBeUndefined()
    expect(await vault.locate(region, second.materialId)).toEqual(key)
    await vault.discard(region, second.materialId)
    await vault.discard(region, second.materialId)
    expect(found(place.folder, [wrappingKey!, two!])).toBe(0)
    expect(await vault.made(0, 5_000)).toEqual([])
  })
})

describe('a replaced domain key', () => {
  it('leaves no wrapping of it, nor by it, in any file', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    const made = [await vault.generate(key), await vault.generate(other)]
    await vault.keepSecret('AKIDEXAMPLE', account, 'secret')
    const old = wrapsIn(
      place.path,
      `SELECT wrapped FROM domain_keys WHERE region = '${region}' UNION ALL SELECT wrapped FROM keys`,
    )
    const rest = wrapsIn(place.path, 'SELECT wrapped FROM materials UNION ALL SELECT wrapped FROM secrets')
    expect([found(place.folder, old), found(place.folder, rest)]).toEqual([3, 3])
    await vault.rotateDomainKey(region, account)
    expect([found(place.folder, old), found(place.folder, rest)]).toEqual([0, 3])
    expect(walIsEmpty(place.path)).toBe(true)
    await using again = await testVault(place.path)
    for (const { materialId } of made) expect((await again.open(region, materialId)).materialId).toBe(materialId)
  })
})
