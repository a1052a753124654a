import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  EnableKeyRotationCommand,
  type KMSClient,
  ListAliasesCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { openRoot, rootSeal, sqliteVault } from '@keyledger/crypto'
import { keyStream } from '@keyledger/keys'
import { expect, test } from 'vitest'
import { type Copy, copyOf, filesIn, sightings } from '../support/files.ts'
import { alice } from '../support/house.ts'
import { type LeapingHouse, day, leapingHouse } from '../support/leaping-house.ts'

/**
 * Crypto-shredding, from the side of whoever took the whole data folder and holds the root key as well: once a key's
 * deletion window is over there is nothing left to open.
 */
const region = 'us-east-1'

interface Made {
  readonly keyId: string
  readonly blobs: readonly Uint8Array[]
}

/** A key that was rotated so many times, with a ciphertext under each of its materials. */
const made = async (kms: KMSClient, rotations: number): Promise<Made> => {
  const keyId = (await kms.send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!
  const encrypt = async () =>
    (await kms.send(new EncryptCommand({ KeyId: keyId, Plaintext: Buffer.from('attack at dawn') }))).CiphertextBlob!
  const blobs = [await encrypt()]
  for (let count = 0; count < rotations; count++) {
    await kms.send(new RotateKeyOnDemandCommand({ KeyId: keyId }))
    blobs.push(await encrypt())
  }
  return { keyId, blobs }
}

const materialsOf = async (open: LeapingHouse, keyId: string): Promise<readonly string[]> => {
  const { materials } = await open.house.world.keys.find(keyStream({ region, account: alice.account, id: keyId }))
  return materials.map(({ id }) => id)
}

/** Every byte string by which the vault holds something of these keys: the whole wraps, and their tags by themselves. */
const wrapsOf = (copy: Copy, keyIds: readonly string[]): Readonly<Record<string, Uint8Array>> => {
  using db = new DatabaseSync(join(copy.folder, 'vault.db'))
  const wraps = keyIds.flatMap((keyId) => {
    const of = (sql: string) => db.prepare(sql).all(keyId) as unknown as { name: string; wrapped: Uint8Array }[]
    return [
      ...of(`SELECT 'wrapping key of ' || key_id AS name, wrapped FROM keys WHERE key_id = ?`),
      ...of(`SELECT 'material ' || material_id AS name, m.wrapped FROM materials m JOIN keys k ON k.id = m.key
        WHERE k.key_id = ?`),
    ]
  })
  return Object.fromEntries(
    wraps.flatMap(({ name, wrapped }) => [
      [name, wrapped],
      [`tag of ${name}`, wrapped.subarray(-16)],
    ]),
  )
}

const needlesOf = (open: LeapingHouse, ...keys: readonly Made[]) => {
  using copy = copyOf(open.data)
  return wrapsOf(
    copy,
    keys.map(({ keyId }) => keyId),
  )
}

const seen = (open: LeapingHouse, needles: Readonly<Record<string, Uint8Array>>) => {
  using copy = copyOf(open.data)
  return sightings(filesIn(copy.folder), needles)
}

/** What opens, of these materials, for a thief with the folder and the root key; the vault is the house's own. */
const openedByThief = async (open: LeapingHouse, materials: readonly string[]): Promise<readonly string[]> => {
  using copy = copyOf(open.data)
  const seal = rootSeal(`file:${join(open.folder, 'root.key')}`, { passphrase: () => '' })
  const root = await openRoot({ folder: copy.folder, seal, firstStart: false })
  await using vault = await sqliteVault({ path: join(copy.folder, 'vault.db'), root, now: () => open.clock.now() })
  const opened: string[] = []
  for (const material of materials) {
    const place = await vault.locate(region, material)
    const found = await Promise.resolve()
      .then(() => vault.open(region, material))
      .catch((error: { reason?: string }) => error.reason)
    if (place !== undefined || found !== 'unknown') opened.push(material)
  }
  return opened
}

const decrypted = (kms: KMSClient, blob: Uint8Array) =>
  kms.send(new DecryptCommand({ CiphertextBlob: blob })).then(
    ({ Plaintext }) => Buffer.from(Plaintext!).toString(),
    (error: Error) => error.name,
  )

const schedule = (kms: KMSClient, { keyId }: Made) =>
  kms.send(new ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays: 7 }))

test('the needles are found as long as a key lives, also in what a thief decrypts with', async () => {
  await using open = await leapingHouse()
  const kms = open.kms()
  const key = await made(kms, 2)
  const needles = needlesOf(open, key)
  expect(Object.keys(needles)).toHaveLength(2 * (1 + 3))
  expect(sightings(new Map([['a file', Buffer.concat(Object.values(needles))]]), needles)).toHaveLength(8)
  expect(new Set(seen(open, needles).map((sighting) => sighting.split(': ')[1]))).toEqual(new Set(Object.keys(needles)))
  const materials = await materialsOf(open, key.keyId)
  expect(await openedByThief(open, materials)).toEqual(materials)
  // The same once the house is closed and its logs are gone.
  await open.restart()
  expect(new Set(seen(open, needles).map((sighting) => sighting.split(': ')[1]))).toEqual(new Set(Object.keys(needles)))
})

test('after the deletion window no file holds a byte of a key, and the root key opens nothing of it', async () => {
  await using open = await leapingHouse()
  const kms = open.kms()
  const survivor = await made(kms, 3)
  const doomed = await made(kms, 0)
  const rotated = await made(kms, 25)
  await kms.send(new CreateAliasCommand({ AliasName: 'alias/doomed', TargetKeyId: doomed.keyId }))
  const automatic = await made(kms, 0)
  await kms.send(new EnableKeyRotationCommand({ KeyId: automatic.keyId, RotationPeriodInDays: 90 }))
  for (let rotation = 0; rotation < 3; rotation++) await open.pass(90 * day)
  const dead = [doomed, rotated, automatic]
  const materials = (await Promise.all(dead.map(({ keyId }) => materialsOf(open, keyId)))).flat()
  expect(materials).toHaveLength(1 + 26 + 4)

  for (const key of dead) await schedule(kms, key)
  const needles = needlesOf(open, ...dead)
  expect(Object.keys(needles)).toHaveLength(2 * (3 + materials.length))
  expect(seen(open, needles)).not.toEqual([])
  const livingNeedles = needlesOf(open, survivor)

  // The last millisecond before the window ends: nothing is lost yet.
  await open.pass(7 * day - 1)
  expect(await openedByThief(open, materials)).toEqual(materials)
  await open.pass(1)

  expect(seen(open, needles)).toEqual([])
  expect(await openedByThief(open, materials)).toEqual([])
  for (const { blobs } of dead)
    for (const blob of blobs) expect(await decrypted(kms, blob)).toBe('AccessDeniedException')
  expect((await kms.send(new ListAliasesCommand({}))).Aliases).toEqual([])

  expect(new Set(seen(open, livingNeedles).map((sighting) => sighting.split(': ')[1]))).toEqual(
    new Set(Object.keys(livingNeedles)),
  )
  for (const blob of survivor.blobs) expect(await decrypted(kms, blob)).toBe('attack at dawn')
  await open.restart()
  expect(seen(open, needles)).toEqual([])
  for (const blob of survivor.blobs) expect(await decrypted(open.kms(), blob)).toBe('attack at dawn')
  expect(open.faults).toEqual([])
})

test('a house that failed between the end of a key and the destruction of its material makes up for it', async () => {
  await using open = await leapingHouse()
  const kms = open.kms()
  const key = await made(kms, 2)
  const needles = needlesOf(open, key)
  const materials = await materialsOf(open, key.keyId)
  await schedule(kms, key)
  const { vault } = open.house.world
  vault.destroy = () => Promise.reject(new Error('the disk is gone'))
  await open.pass(7 * day)

  // The key is deleted, its bytes are not; not even so does the house open anything.
  const stream = keyStream({ region, account: alice.account, id: key.keyId })
  expect((await open.house.log.read(stream)).at(-1)!.type).toBe('KeyDeleted')
  expect(open.faults).toEqual([new Error('the disk is gone')])
  expect(seen(open, needles)).not.toEqual([])
  expect(await decrypted(kms, key.blobs[0]!)).toBe('AccessDeniedException')

  await open.restart()
  await open.house.jobs.settled()
  expect(seen(open, needles)).toEqual([])
  expect(await openedByThief(open, materials)).toEqual([])
})

test('the very folder of a house that died between the two is shredded by the next start', async () => {
  await using open = await leapingHouse()
  const kms = open.kms()
  const key = await made(kms, 2)
  const survivor = await made(kms, 0)
  const needles = needlesOf(open, key)
  await schedule(kms, key)
  const { vault } = open.house.world
  const destroy = vault.destroy.bind(vault)
  let dead: Copy | undefined
  // What kill -9 would leave at this moment: the ledger says deleted, the vault has not begun.
  vault.destroy = (ref) => {
    dead = copyOf(open.data)
    return destroy(ref)
  }
  await open.pass(7 * day)
  using copy = dead!
  expect(sightings(filesIn(copy.folder), needles)).not.toEqual([])

  await using next = await leapingHouse({ data: copy.folder, seal: `file:${join(open.folder, 'root.key')}` })
  next.clock.leap(open.clock.now() - next.clock.now())
  await next.house.jobs.settled()
  expect(sightings(filesIn(copy.folder), needles)).toEqual([])
  expect(await decrypted(next.kms(), key.blobs[0]!)).toBe('AccessDeniedException')
  expect(await decrypted(next.kms(), survivor.blobs[0]!)).toBe('attack at dawn')
})

test('a request in whose middle the key is destroyed fails, and only that', async () => {
  await using open = await leapingHouse()
  const kms = open.kms()
  const key = await made(kms, 0)
  const survivor = await made(kms, 0)
  const { vault } = open.house.world
  const { open: opened } = vault
  vault.open = async (at, materialId) => {
    const material = await opened(at, materialId)
    await vault.destroy({ region, account: alice.account, keyId: key.keyId })
    return material
  }
  expect(await decrypted(kms, key.blobs[0]!)).toBe('KMSInternalException')
  expect(open.faults.splice(0)).toEqual([new Error('a key was used after it had been wiped')])
  vault.open = opened
  expect(await decrypted(kms, survivor.blobs[0]!)).toBe('attack at dawn')
})

test('material that no event came to name is gone the day after', async () => {
  await using open = await leapingHouse()
  const kms = open.kms()
  const key = await made(kms, 0)
  const { log } = open.house
  const append = log.append.bind(log)
  log.append = (stream, expected, facts) =>
    facts.some(({ type }) => type === 'KeyMaterialRotated' || type === 'KeyCreated')
      ? Promise.reject(new Error('the disk is gone'))
      : append(stream, expected, facts)
  const errors = [
    await kms.send(new CreateKeyCommand({})).catch((error: Error) => error.name),
    await kms.send(new RotateKeyOnDemandCommand({ KeyId: key.keyId })).catch((error: Error) => error.name),
  ]
  expect(errors).toEqual(['KMSInternalException', 'KMSInternalException'])
  log.append = append

  const vaultRows = () => {
    using copy = copyOf(open.data)
    using db = new DatabaseSync(join(copy.folder, 'vault.db'))
    const ids = db.prepare('SELECT key_id AS keyId, wrapped FROM keys').all() as {
      keyId: string
      wrapped: Uint8Array
    }[]
    const materials = db.prepare('SELECT material_id AS id, wrapped FROM materials').all() as {
      id: string
      wrapped: Uint8Array
    }[]
    return { ids, materials }
  }
  const before = vaultRows()
  expect([before.ids.length, before.materials.length]).toEqual([2, 3])
  const named = await materialsOf(open, key.keyId)
  const orphans = Object.fromEntries([
    ...before.ids.filter(({ keyId }) => keyId !== key.keyId).map(({ keyId, wrapped }) => [keyId, wrapped]),
    ...before.materials.filter(({ id }) => !named.includes(id)).map(({ id, wrapped }) => [id, wrapped]),
  ]) as Record<string, Uint8Array>
  expect(Object.keys(orphans)).toHaveLength(3)

  await open.pass(day)
  await open.pass(day)
  const after = vaultRows()
  expect([after.ids.length, after.materials.length]).toEqual([1, 1])
  expect(seen(open, orphans)).toEqual([])
  expect(await decrypted(kms, key.blobs[0]!)).toBe('attack at dawn')
})
