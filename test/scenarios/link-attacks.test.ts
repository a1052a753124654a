import {
  CreateKeyCommand,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  UpdatePrimaryRegionCommand,
} from '@aws-sdk/client-kms'
import { linkActions } from '@keyledger/command'
import { type Key, type Shared, handoverText, keyStream, sharedWith } from '@keyledger/keys'
import { Refusal } from '@keyledger/messaging'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lastChange } from '../support/asking.ts'
import { alice, bob } from '../support/house.ts'
import { day } from '../support/leaping-house.ts'
import { type TestRegions, twoRegions } from '../support/regions.ts'

/**
 * What a region makes of messages that another one should not have sent: one that is known here, has proved who it is, and has
 * been taken over by somebody.
 */
const [home, there, stranger] = ['us-east-1', 'eu-west-1', 'ap-south-1'] as const
let two: TestRegions
beforeAll(async () => {
  two = await twoRegions([home, there])
})
afterAll(() => two?.[Symbol.asyncDispose]())

const worldOf = (index: 0 | 1) => two.regions[index].open.house.world
const keyIn = async (index: 0 | 1, id: string, account = alice.account): Promise<Key> =>
  worldOf(index).keys.find(keyStream({ region: two.regions[index].name, account, id }))

const primary = async (index: 0 | 1 = 0): Promise<string> =>
  (await two.regions[index].kms().send(new CreateKeyCommand({ MultiRegion: true }))).KeyMetadata!.KeyId!
const pair = async (): Promise<string> => {
  const KeyId = await primary()
  await two.regions[0].kms().send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: there }))
  await two.settled()
  return KeyId
}
/** What the primary in `home` would tell `there` about the key. */
const told = async (id: string): Promise<Shared> =>
  JSON.parse(JSON.stringify(sharedWith(await keyIn(0, id), there)!)) as Shared

/** The code of the refusal, after which nothing has changed; `ok` and the answer where it is not refused. */
const answered = async (from: string, action: string, message: object, index: 0 | 1 = 1) => {
  const { open, name } = two.regions[index]
  const before = await lastChange(open)
  const actions = linkActions(worldOf(index), () => undefined)
  const answer = await actions[action]!(JSON.parse(JSON.stringify(message)), { from, to: name }).catch(
    (error: unknown) => {
      if (error instanceof Refusal) return error.code
      throw error
    },
  )
  const unchanged = (await lastChange(open, before)) === before
  return { answer, unchanged }
}
const refused = (code: string) => ({ answer: code, unchanged: true })
const share = (from: string, keyId: string, shared: Shared, more: object = {}) =>
  answered(from, 'ShareKey', { account: alice.account, keyId, shared, ...more })

/** A claim to be the primary by a handover, signed by whoever signs. */
const handedOver = (
  id: string,
  shared: Shared,
  to: string,
  sign: (text: Uint8Array) => Uint8Array,
  ofKey = id,
): Shared => {
  const handover = { epoch: shared.epoch + 1, from: home, to }
  const text = Buffer.from(handoverText(alice.account, ofKey, handover))
  const proof = Buffer.from(sign(text)).toString('base64url')
  const replicas = shared.replicas.map((one) => one)
  return {
    ...shared,
    epoch: handover.epoch,
    primary: { region: to, incarnation: 9 },
    replicas,
    handovers: [...shared.handovers, { ...handover, proof }],
  }
}

describe('a region that is not the primary', () => {
  test('changes no replica of it, whatever it claims', async () => {
    const id = await pair()
    const shared = await told(id)
    const newer = { ...shared, version: shared.version + 1 }
    expect([
      // It speaks for another, it makes itself the primary, it does so in a later epoch.
      await share(stranger, id, newer),
      await share(stranger, id, { ...newer, primary: { region: stranger, incarnation: 7 } }),
      await share(stranger, id, { ...newer, epoch: 5, primary: { region: stranger, incarnation: 7 } }),
    ]).toEqual([refused('ShareRefused'), refused('ShareRefused'), refused('ShareRefused')])
  })

  test('has no handover but one that the primary has signed, to it, of this key', async () => {
    const id = await pair()
    const other = await pair()
    const shared = await told(id)
    const bySomebody = (text: Uint8Array) => worldOf(1).vault.sign(text)
    const byPrimary = (text: Uint8Array) => worldOf(0).vault.sign(text)
    const genuine = handedOver(id, shared, stranger, byPrimary)
    const [handover] = genuine.handovers
    expect([
      await share(stranger, id, handedOver(id, shared, stranger, bySomebody)),
      await share(stranger, id, handedOver(id, shared, stranger, byPrimary, other)),
      await share(stranger, id, { ...genuine, handovers: [{ ...handover!, epoch: 2 }], epoch: 2 }),
      await share(stranger, id, { ...genuine, handovers: [] }),
    ]).toEqual(Array.from({ length: 4 }, () => refused('ShareRefused')))
    // The genuine one is believed: so it was the signature that the others lacked.
    expect((await share(stranger, id, genuine)).answer).toEqual({})
    expect((await keyIn(1, id)).replication!.primary.region).toBe(stranger)
  })

  test('is not told about a replica, and removes none but its own', async () => {
    const id = await pair()
    const message = { account: alice.account, keyId: id }
    expect(await answered(stranger, 'DescribeReplica', message)).toEqual(refused('NotFoundException'))
    const { incarnation } = (await keyIn(1, id)).replication!
    expect(await answered(stranger, 'ReplicaDeleted', { ...message, incarnation }, 0)).toEqual({
      answer: {},
      unchanged: true,
    })
    expect((await keyIn(0, id)).replication!.replicas).toHaveLength(1)
  })

  test('takes over no key that has its primary here, nor one that had', async () => {
    const id = await primary(1)
    const shared: Shared = {
      ...(await told(await pair())),
      primary: { region: home, incarnation: 1 },
      epoch: 3,
      version: 9,
    }
    expect(await share(home, id, shared)).toEqual(refused('ShareRefused'))
    await two.regions[1].kms().send(new ScheduleKeyDeletionCommand({ KeyId: id, PendingWindowInDays: 7 }))
    await two.pass(7 * day)
    expect((await keyIn(1, id)).exists).toBe('deleted')
    expect(await share(home, id, shared)).toEqual(refused('ShareRefused'))
    expect(await share(home, id, { ...shared, epoch: 0 })).toEqual(refused('ShareRefused'))
  })
})

describe('a primary', () => {
  test('that is none any more is not heard: what it says is old', async () => {
    const id = await pair()
    const old = await told(id)
    await two.regions[0].kms().send(new UpdatePrimaryRegionCommand({ KeyId: id, PrimaryRegion: there }))
    await two.settled()
    expect(await share(home, id, { ...old, version: 99 })).toEqual(refused('ShareOutdated'))
  })

  test('that repeats itself, or says what was before, changes nothing', async () => {
    const id = await pair()
    const before = await told(id)
    await two.regions[0].kms().send(new RotateKeyOnDemandCommand({ KeyId: id }))
    await two.settled()
    expect(await share(home, id, before)).toEqual({ answer: {}, unchanged: true })
    expect(await share(home, id, await told(id))).toEqual({ answer: {}, unchanged: true })
  })

  test('cannot take materials away, nor make another kind of key of it', async () => {
    const id = await pair()
    await two.regions[0].kms().send(new RotateKeyOnDemandCommand({ KeyId: id }))
    await two.settled()
    const shared = await told(id)
    const later = { ...shared, version: shared.version + 1 }
    expect([
      await share(home, id, { ...later, materials: later.materials.slice(1) }),
      await share(home, id, { ...later, materials: later.materials.toReversed() }),
      await share(home, id, { ...later, spec: 'HMAC_256', usage: 'GENERATE_VERIFY_MAC' }),
    ]).toEqual([refused('ShareRefused'), refused('ShareRefused'), refused('ShareRefused')])
  })

  test('speaks of replicas that are there: an older one, or one that never was, is refused', async () => {
    const id = await pair()
    const shared = await told(id)
    const [replica] = shared.replicas
    const later = { ...shared, version: shared.version + 1 }
    expect([
      await share(home, id, { ...later, replicas: [{ ...replica!, incarnation: 0 }] }),
      await share(home, id, { ...later, replicas: [] }),
    ]).toEqual([refused('ShareOutdated'), refused('ShareOutdated')])
  })
})

describe('materials', () => {
  const ref = (keyId: string, account = alice.account) => ({ region: home, account, keyId })
  const boxed = async (keyId: string, materials: readonly string[]) => {
    const { vault } = worldOf(0)
    const transport = await worldOf(1).vault.transportKey(there)
    return { materials, box: await vault.sealFor(worldOf(1).vault.identity, transport, ref(keyId), materials) }
  }

  test('that are not what their ids say, or of another key, are kept nowhere', async () => {
    const id = await pair()
    const shared = await told(id)
    const [own, foreign] = [
      (await worldOf(0).vault.generate(ref(id))).materialId,
      (await keyIn(0, await pair())).materials[0]!.id,
    ]
    const claimed = (material: string) => ({
      ...shared,
      version: shared.version + 1,
      materials: [...shared.materials, { id: material, createdAt: two.clock.now() }],
    })
    const invented = 'ab'.repeat(32)
    const honest = await boxed(id, [own])
    expect([
      await share(home, id, claimed(invented), { sealed: { ...honest, materials: [invented] } }),
      await share(home, id, claimed(own), { sealed: { materials: [own], box: 'AAAA' } }),
      await share(home, id, claimed(foreign), { sealed: { ...honest, materials: [foreign] } }),
    ]).toEqual(Array.from({ length: 3 }, () => refused('MaterialRefused')))
    for (const material of [own, invented]) expect(await worldOf(1).vault.locate(there, material)).toBeUndefined()
    // Sealed and named as it is, the same material is taken.
    expect((await share(home, id, claimed(own), { sealed: honest })).answer).toEqual({})
  })

  test('are asked for before they are named', async () => {
    const id = await pair()
    const shared = await told(id)
    const { materialId } = await worldOf(0).vault.generate(ref(id))
    const materials = [...shared.materials, { id: materialId, createdAt: two.clock.now() }]
    expect(await share(home, id, { ...shared, version: shared.version + 1, materials })).toEqual({
      answer: { missing: [materialId] },
      unchanged: true,
    })
  })
})

describe('a message', () => {
  test('about an account that has no keys here, or about a key of another account, makes no replica', async () => {
    const id = await pair()
    const shared = await told(id)
    const about = (account: string, keyId = id) => answered(home, 'ShareKey', { account, keyId, shared })
    expect(await about('999999999999')).toEqual(refused('ShareRefused'))
    // Bob's account is there, and has no such key: one could be made, but never of these materials.
    const first = await about(bob.account)
    expect(first.answer).toEqual({ missing: shared.materials.map(({ id: material }) => material) })
    const { vault } = worldOf(0)
    const materials = shared.materials.map(({ id: material }) => material)
    const transport = await worldOf(1).vault.transportKey(there)
    const box = await vault.sealFor(
      worldOf(1).vault.identity,
      transport,
      { region: home, account: alice.account, keyId: id },
      materials,
    )
    const again = answered(home, 'ShareKey', { account: bob.account, keyId: id, shared, sealed: { materials, box } })
    expect(await again).toEqual(refused('MaterialRefused'))
    expect((await keyIn(1, id, bob.account)).state).toBe('Creating')
  })

  test('about a key of a single Region is not even read', async () => {
    const { KeyMetadata } = await two.regions[1].kms().send(new CreateKeyCommand({}))
    expect(await share(home, KeyMetadata!.KeyId!, await told(await pair()))).toEqual(refused('MalformedMessage'))
  })

  test('that is not of the form it should have is refused', async () => {
    const id = await pair()
    const shared = await told(id)
    const bad: object[] = [
      {},
      { account: alice.account, keyId: id },
      { account: alice.account, keyId: id, shared: { ...shared, epoch: -1 } },
      { account: alice.account, keyId: id, shared: { ...shared, more: 1 } },
      { account: '../etc', keyId: id, shared },
      { account: alice.account, keyId: `${id}.x`, shared },
    ]
    for (const message of bad) expect(await answered(home, 'ShareKey', message)).toEqual(refused('MalformedMessage'))
    for (const action of ['ReplicaDeleted', 'DescribeReplica'])
      expect(await answered(home, action, { account: 1 })).toEqual(refused('MalformedMessage'))
  })

  test('to a region that is not served here is refused', async () => {
    const actions = linkActions(worldOf(1), () => undefined)
    await expect(actions['TransportKey']!(null, { from: home, to: stranger })).rejects.toMatchObject({
      code: 'UnknownRegion',
    })
  })

  test('is decided on what is fresh, or not at all', async () => {
    const actions = linkActions(worldOf(1), () => Promise.reject(new Error('the ledger is away')))
    await expect(actions['TransportKey']!(null, { from: home, to: there })).rejects.toThrow('the ledger is away')
  })
})

test('an old report of a deletion does not remove the replica that was made since', async () => {
  const id = await pair()
  const { incarnation } = (await keyIn(1, id)).replication!
  await two.regions[1].kms().send(new ScheduleKeyDeletionCommand({ KeyId: id, PendingWindowInDays: 7 }))
  await two.pass(7 * day)
  await two.settled()
  await two.regions[0].kms().send(new ReplicateKeyCommand({ KeyId: id, ReplicaRegion: there }))
  await two.settled()
  const report = { account: alice.account, keyId: id, incarnation }
  expect(await answered(there, 'ReplicaDeleted', report, 0)).toEqual({ answer: {}, unchanged: true })
  expect((await keyIn(0, id)).replication!.replicas).toHaveLength(1)
  // An old share finds that it was for another one.
  const shared = await told(id)
  const old = {
    ...shared,
    replicas: shared.replicas.map((one) => ({ ...one, incarnation })),
    version: shared.version + 1,
  }
  expect(await share(home, id, old)).toEqual(refused('ShareOutdated'))
})
