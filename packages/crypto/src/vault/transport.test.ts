import { createSecretKey, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { RootKey } from '../seal/root-key.ts'
import { seal, unseal } from '../symmetric.ts'
import { verifySignature } from '../transport/identity.ts'
import type { KeyRef, TransportKey, Vault } from './index.ts'
import { sqliteVault } from './sqlite.ts'
import { allBytes } from './support.ts'

const day = 86_400_000
const hour = 3_600_000
const account = '111122223333'
const keyId = 'mrk-1234abcd12ab34cd56ef1234567890ab'
const here: KeyRef = { region: 'us-east-1', account, keyId }
const there: KeyRef = { region: 'eu-west-1', account, keyId }

/** Two houses with root keys of their own, and one clock. */
const houses = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyledger-'))
  const clock = { now: 1_700_000_000_000 }
  const roots = [randomBytes(32), randomBytes(32)]
  const open = (index: 0 | 1) =>
    sqliteVault({
      path: join(folder, `vault-${index}.db`),
      root: new RootKey(createSecretKey(roots[index]!)),
      now: () => clock.now,
    })
  const [ours, theirs] = [await open(0), await open(1)]
  return {
    folder,
    clock,
    ours,
    theirs,
    open,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([ours, theirs].map((vault) => vault[Symbol.asyncDispose]()))
      rmSync(folder, { recursive: true })
    },
  }
}
const sealed = async (vault: Vault, text: string, materialId: string) => {
  using material = await vault.open(here.region, materialId)
  return seal(material, keyId, Buffer.from(text))
}
const opened = async (vault: Vault, region: string, blob: Uint8Array, materialId: string) => {
  using material = await vault.open(region, materialId)
  return unseal(material, keyId, blob).toString()
}
const refused = (reason: string) => expect.objectContaining({ name: 'VaultFault', reason }) as Error

describe('material on its way to another region', () => {
  it('opens there what was sealed here, and is wrapped under a root key of its own', async () => {
    await using both = await houses()
    const { ours, theirs } = both
    const first = await ours.generate(here)
    const second = await ours.generate(here)
    const ids = [first.materialId, second.materialId]
    const blobs = await Promise.all(ids.map((id) => sealed(ours, `under ${id}`, id)))
    const envelope = await ours.sealFor(theirs.identity, await theirs.transportKey(there.region), here, ids)
    await theirs.receive(here.region, envelope, there, ids)
    await theirs.receive(here.region, envelope, there, ids)
    for (const [index, id] of ids.entries())
      expect(await opened(theirs, there.region, blobs[index]!, id)).toBe(`under ${id}`)
    expect(await theirs.locate(there.region, ids[0]!)).toEqual(there)
    expect(ours.identity).not.toBe(theirs.identity)
  })

  it('is in no byte of the envelope or of either file', async () => {
    await using both = await houses()
    const { ours, theirs, folder } = both
    const material = randomBytes(32)
    const { materialId } = await ours.generate(here, { material })
    const to = await theirs.transportKey(there.region)
    const envelope = await ours.sealFor(theirs.identity, to, here, [materialId])
    await theirs.receive(here.region, envelope, there, [materialId])
    const written = Buffer.concat([allBytes(folder), Buffer.from(envelope, 'base64url')])
    expect(written.indexOf(material)).toBe(-1)
    expect(written.indexOf(Buffer.from(material.toString('hex')))).toBe(-1)
    expect(await ours.sealFor(theirs.identity, to, here, [materialId])).not.toBe(envelope)
  })

  it('opens as nothing but what it is: altered anywhere, for another key, place or order, it is refused and nothing is kept', async () => {
    await using both = await houses()
    const { ours, theirs } = both
    const ids = [(await ours.generate(here)).materialId, (await ours.generate(here)).materialId]
    const to = await theirs.transportKey(there.region)
    const envelope = await ours.sealFor(theirs.identity, to, here, ids)
    const bytes = Buffer.from(envelope, 'base64url')
    const flips = [0, 1, 16, 17, 30, 48, 49, 500, 1136, 1137, 1148, 1149, 1180, bytes.length - 1]
    for (const at of flips) {
      const altered = Buffer.from(bytes)
      altered[at]! ^= 1
      await expect(theirs.receive(here.region, altered.toString('base64url'), there, ids)).rejects.toThrow(
        refused('transport'),
      )
    }
    const other = (change: Partial<KeyRef>) => ({ ...there, ...change })
    const elsewhere: readonly (readonly [string, KeyRef, readonly string[]])[] = [
      ['ap-south-1', there, ids],
      [here.region, other({ region: 'ap-south-1' }), ids],
      [here.region, other({ account: '444455556666' }), ids],
      [here.region, other({ keyId: 'mrk-00000000000000000000000000000000' }), ids],
      [here.region, there, ids.toReversed()],
      [here.region, there, ids.slice(0, 1)],
      [here.region, there, []],
    ]
    for (const [from, key, materialIds] of elsewhere)
      await expect(theirs.receive(from, envelope, key, materialIds)).rejects.toThrow(refused('transport'))
    for (const text of ['', 'AQ', 'x'.repeat(10_000)])
      await expect(theirs.receive(here.region, text, there, ids)).rejects.toThrow(refused('transport'))
    expect(await theirs.made(0, Infinity)).toEqual([])
  })

  it('is what its ids say: nobody can pass other bytes off as a material', async () => {
    await using both = await houses()
    const { ours, theirs } = both
    const { materialId } = await ours.generate(here)
    const false_ = 'f'.repeat(64)
    await expect(
      ours.sealFor(theirs.identity, await theirs.transportKey(there.region), here, [materialId, false_]),
    ).rejects.toThrow(refused('unknown'))
    const another = { ...here, keyId: 'mrk-ffffffffffffffffffffffffffffffff' }
    await expect(
      ours.sealFor(theirs.identity, await theirs.transportKey(there.region), another, [materialId]),
    ).rejects.toThrow(refused('unknown'))
  })

  it('goes to nobody whose transport key is expired, altered or signed by somebody else', async () => {
    await using both = await houses()
    const { ours, theirs, clock } = both
    const { materialId } = await ours.generate(here)
    const to = await theirs.transportKey(there.region)
    const own = await ours.transportKey(there.region)
    const wrong: readonly TransportKey[] = [
      own,
      { ...to, region: 'ap-south-1' },
      { ...to, expires: to.expires + 1 },
      { ...to, key: own.key },
      { ...to, signature: own.signature },
    ]
    for (const key of wrong)
      await expect(ours.sealFor(theirs.identity, key, here, [materialId])).rejects.toThrow(refused('transport'))
    clock.now = to.expires
    await expect(ours.sealFor(theirs.identity, to, here, [materialId])).rejects.toThrow(refused('transport'))
  })
})

describe('a transport key', () => {
  it('is the same for a day, for every process on the vault, and is still opened for an hour after', async () => {
    await using both = await houses()
    const { ours, theirs, open, clock } = both
    const { materialId } = await ours.generate(here)
    const to = await theirs.transportKey(there.region)
    await using second = await open(1)
    expect(await second.transportKey(there.region)).toEqual(to)
    const envelope = await ours.sealFor(theirs.identity, to, here, [materialId])
    clock.now += day
    const next = await second.transportKey(there.region)
    expect(next.key).not.toBe(to.key)
    expect(await theirs.transportKey(there.region)).toEqual(next)
    await second.receive(here.region, envelope, there, [materialId])
    expect(await theirs.locate(there.region, materialId)).toEqual(there)
  })

  it('is destroyed then: what was recorded on the way opens no more, not even with the vault and the root key', async () => {
    await using both = await houses()
    const { ours, theirs, folder, clock } = both
    const { materialId } = await ours.generate(here)
    const to = await theirs.transportKey(there.region)
    const envelope = await ours.sealFor(theirs.identity, to, here, [materialId])
    clock.now += day + hour
    await expect(theirs.receive(here.region, envelope, there, [materialId])).rejects.toThrow(refused('transport'))
    await theirs.transportKey(there.region)
    expect(allBytes(folder).indexOf(Buffer.from(to.key, 'base64url'))).toBe(-1)
    clock.now -= day + hour
    await expect(theirs.receive(here.region, envelope, there, [materialId])).rejects.toThrow(refused('transport'))
  })
})

describe('an identity', () => {
  it('follows from the root key and signs what only it can have signed', async () => {
    await using both = await houses()
    const { ours, theirs, open } = both
    await using again = await open(0)
    expect(again.identity).toBe(ours.identity)
    expect(ours.identity).toMatch(/^[\w-]{43}$/)
    const message = Buffer.from('a message')
    const signature = ours.sign(message)
    expect(verifySignature(ours.identity, message, signature)).toBe(true)
    const wrong: readonly (readonly [string, Uint8Array, Uint8Array])[] = [
      [theirs.identity, message, signature],
      [ours.identity, Buffer.from('another'), signature],
      [ours.identity, message, theirs.sign(message)],
      [ours.identity, message, signature.subarray(1)],
      ['', message, signature],
      [`${ours.identity}A`, message, signature],
      ['A'.repeat(43), message, signature],
    ]
    for (const args of wrong) expect(verifySignature(...args)).toBe(false)
  })
})
