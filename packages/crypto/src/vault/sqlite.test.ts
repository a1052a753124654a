import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { VaultFault } from '../fault.ts'
import { exposeKey } from '../material.ts'
import { RootKey } from '../seal/root-key.ts'
import { seal, unseal } from '../symmetric.ts'
import type { Vault } from './index.ts'
import { sqliteVault } from './sqlite.ts'
import { testFolder, testVault } from './support.ts'
import { createHmac, createSecretKey } from 'node:crypto'

const region = 'us-east-1'
const key = { region, account: '111122223333', keyId: '1234abcd-12ab-34cd-56ef-1234567890ab' }
const plaintext = Buffer.from('attack at dawn')

const bytesOf = async (vault: Vault, materialId: string, where = region) => {
  using material = await vault.open(where, materialId)
  return exposeKey(material).hex('text')
}

const domainKeysIn = (path: string) => {
  using db = new DatabaseSync(path)
  return db
    .prepare('SELECT region, account, version FROM domain_keys ORDER BY region, account, version')
    .all()
    .map((row) => Object.values(row).join(' '))
}

describe('a vault', () => {
  it('makes material that opens at once, and again after a restart', async () => {
    using place = testFolder()
    let blob: Uint8Array
    let materialId: string
    {
      await using vault = await testVault(place.path)
      ;({ materialId } = await vault.generate(key))
      expect(materialId).toMatch(/^[0-9a-f]{64}$/)
      using material = await vault.open(region, materialId)
      blob = seal(material, key.keyId, plaintext)
    }
    await using vault = await testVault(place.path)
    using material = await vault.open(region, materialId)
    expect(material.materialId).toBe(materialId)
    expect(unseal(material, key.keyId, blob)).toEqual(plaintext)
  })

  it('answers at once what it remembers, with a promise what it must read', async () => {
    using place = testFolder()
    let materialId: string
    {
      await using vault = await testVault(place.path)
      ;({ materialId } = await vault.generate(key))
      expect(vault.open(region, materialId)).not.toBeInstanceOf(Promise)
      expect(vault.locate(region, materialId)).toEqual(key)
    }
    await using vault = await testVault(place.path)
    const read = [vault.open(region, materialId), vault.open(region, materialId), vault.locate(region, materialId)]
    for (const answer of read) expect(answer).toBeInstanceOf(Promise)
    await Promise.all(read.map((answer) => Promise.resolve(answer)))
    expect(vault.open(region, materialId)).not.toBeInstanceOf(Promise)
    expect(vault.locate(region, materialId)).toEqual(key)
  })

  it('knows nothing of material it does not hold, or holds in another region', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    const { materialId } = await vault.generate(key)
    for (const [where, id] of [['eu-west-1', materialId] as const, [region, 'ab'.repeat(32)] as const]) {
      expect(await vault.locate(where, id)).toBeUndefined()
      await expect(vault.open(where, id)).rejects.toMatchObject({ name: 'VaultFault', reason: 'unknown' })
    }
  })

  it('holds several materials of a key, and keeps each apart', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    const made = await Promise.all(Array.from({ length: 5 }, () => vault.generate(key)))
    const bytes = await Promise.all(made.map(({ materialId }) => bytesOf(vault, materialId)))
    expect(new Set(bytes).size).toBe(5)
  })

  it('takes material as it is given, the same one only once, and names it by account, key id and bytes', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    const material = Buffer.alloc(32, 5)
    const { materialId } = await vault.generate(key, { material })
    expect(material).toEqual(Buffer.alloc(32, 5))
    expect(await bytesOf(vault, materialId)).toBe(createHmac('sha256', material).update('text').digest('hex'))
    expect(await vault.generate(key, { material })).toEqual({ materialId })
    expect(await vault.generate({ ...key, region: 'eu-west-1' }, { material })).toEqual({ materialId })
    expect(await vault.generate({ ...key, keyId: 'other' }, { material })).not.toEqual({ materialId })
    expect(await vault.generate({ ...key, account: '999988887777' }, { material })).not.toEqual({ materialId })
    expect(await vault.made(0, 2_000)).toHaveLength(4)
    await expect(vault.generate(key, { material: Buffer.alloc(31) })).rejects.toThrow(RangeError)
  })

  it('tells in order what was made when, from where one left off', async () => {
    using place = testFolder()
    let now = 1_000
    await using vault = await testVault(place.path, () => now)
    const first = await vault.generate(key)
    now = 2_000
    const second = await vault.generate({ ...key, keyId: 'second' })
    expect(await vault.made(0, 2_001)).toEqual([
      { sequence: 1, key, materialId: first.materialId, at: 1_000 },
      { sequence: 2, key: { ...key, keyId: 'second' }, materialId: second.materialId, at: 2_000 },
    ])
    expect(await vault.made(0, 2_000)).toHaveLength(1)
    expect(await vault.made(1, 2_001)).toHaveLength(1)
    expect(await vault.made(2, 2_001)).toEqual([])
  })

  it('has one domain key for each account and region, however many keys race to be the first', async () => {
    using place = testFolder()
    {
      await using one = await testVault(place.path)
      await using other = await testVault(place.path)
      const accounts = ['111122223333', '999988887777']
      const made = await Promise.all(
        Array.from({ length: 40 }, async (_, index) => {
          const ref = { region, account: accounts[index % 2]!, keyId: `key ${index % 10}` }
          return { ref, ...(await (index % 4 < 2 ? one : other).generate(ref)) }
        }),
      )
      for (const { ref, materialId } of made)
        for (const vault of [one, other]) expect(await vault.locate(region, materialId)).toEqual(ref)
    }
    expect(domainKeysIn(place.path)).toEqual(['us-east-1 111122223333 1', 'us-east-1 999988887777 1'])
  })

  it('belongs to one root key', async () => {
    using place = testFolder()
    await (await testVault(place.path))[Symbol.asyncDispose]()
    const root = new RootKey(createSecretKey(Buffer.alloc(32, 43)))
    await expect(sqliteVault({ path: place.path, root, now: () => 0 })).rejects.toEqual(
      new VaultFault('foreign', place.path),
    )
    await (await testVault(place.path))[Symbol.asyncDispose]()
  })

  it('of a later format is left alone', async () => {
    using place = testFolder()
    await (await testVault(place.path))[Symbol.asyncDispose]()
    {
      using db = new DatabaseSync(place.path)
      db.exec('UPDATE vault SET format = 2')
    }
    await expect(testVault(place.path)).rejects.toEqual(new VaultFault('newer', place.path))
  })

  it('does not open what was altered or put in the place of another', async () => {
    using place = testFolder()
    let ids: string[]
    {
      await using vault = await testVault(place.path)
      ids = await Promise.all(
        ['one', 'two', 'three'].map(async (keyId) => (await vault.generate({ ...key, keyId })).materialId),
      )
    }
    {
      using db = new DatabaseSync(place.path)
      db.exec('UPDATE materials SET wrapped = (SELECT wrapped FROM materials WHERE sequence = 2) WHERE sequence = 1')
      db.exec("UPDATE keys SET key_id = 'four' WHERE key_id = 'three'")
    }
    await using vault = await testVault(place.path)
    await expect(vault.open(region, ids[0]!)).rejects.toMatchObject({ reason: 'damaged' })
    await expect(vault.open(region, ids[2]!)).rejects.toMatchObject({ reason: 'damaged' })
    using untouched = await vault.open(region, ids[1]!)
    expect(untouched.materialId).toBe(ids[1])
  })
})

describe('a domain key that is replaced', () => {
  it('changes no material and stops nothing meanwhile', async () => {
    using place = testFolder()
    const refs = Array.from({ length: 150 }, (_, index) => ({ ...key, keyId: `key ${index}` }))
    let before: string[]
    {
      await using vault = await testVault(place.path)
      const made = refs.map(async (ref) => (await vault.generate(ref)).materialId)
      before = await Promise.all(made)
      const rotated = vault.rotateDomainKey(region, key.account)
      const during = await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          vault.generate(index % 2 ? refs[index]! : { ...key, keyId: `new ${index}` }),
        ),
      )
      await rotated
      before = [...before, ...during.map(({ materialId }) => materialId)]
    }
    await using vault = await testVault(place.path)
    for (const materialId of before) expect(await bytesOf(vault, materialId)).toMatch(/^[0-9a-f]{64}$/)
    expect(domainKeysIn(place.path)).toEqual(['us-east-1 111122223333 2'])
  })

  it('may be replaced twice at once, or by a vault that has not heard of the new one', async () => {
    using place = testFolder()
    {
      await using one = await testVault(place.path)
      await using other = await testVault(place.path)
      const { materialId } = await one.generate(key)
      await other.generate({ ...key, keyId: 'other' })
      await Promise.all([one.rotateDomainKey(region, key.account), one.rotateDomainKey(region, key.account)])
      // This one still holds version 1 to be the newest.
      const late = await other.generate({ ...key, keyId: 'late' })
      expect(await other.locate(region, materialId)).toEqual(key)
      expect(await one.locate(region, late.materialId)).toEqual({ ...key, keyId: 'late' })
    }
    expect(domainKeysIn(place.path)).toHaveLength(1)
  })
})
