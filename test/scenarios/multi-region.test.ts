import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyRotationStatusCommand,
  ListKeyRotationsCommand,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  UpdatePrimaryRegionCommand,
} from '@aws-sdk/client-kms'
import { keyStream } from '@keyledger/keys'
import { LinkDown } from '@keyledger/messaging'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { alice } from '../support/house.ts'
import { day } from '../support/leaping-house.ts'
import { type TestRegions, twoRegions } from '../support/regions.ts'

let two: TestRegions
beforeAll(async () => {
  two = await twoRegions()
})
afterAll(() => two?.[Symbol.asyncDispose]())
afterEach(async () => {
  two.mend()
  await two.settled()
  expect(two.regions.flatMap(({ open }) => open.faults)).toEqual([])
  for (const { open } of two.regions) expect(await open.house.jobs.parked()).toEqual([])
})

type Index = 0 | 1
const both = [0, 1] as const
const kms = (index: Index) => two.regions[index].kms()
const nameOf = (index: Index) => two.regions[index].name
const describeIn = async (index: Index, KeyId: string) =>
  (await kms(index).send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!
const stateIn = async (index: Index, KeyId: string) =>
  describeIn(index, KeyId).then(
    ({ KeyState }) => KeyState,
    (error: Error) => error.name,
  )
const primary = async (index: Index = 0): Promise<string> =>
  (await kms(index).send(new CreateKeyCommand({ MultiRegion: true }))).KeyMetadata!.KeyId!
const replicate = (KeyId: string, from: Index = 0) =>
  kms(from).send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: nameOf(from === 0 ? 1 : 0) }))
const pair = async (): Promise<string> => {
  const KeyId = await primary()
  await replicate(KeyId)
  await two.settled()
  return KeyId
}
const rotate = (index: Index, KeyId: string) => kms(index).send(new RotateKeyOnDemandCommand({ KeyId }))
const promote = (KeyId: string, from: Index = 0) =>
  kms(from).send(new UpdatePrimaryRegionCommand({ KeyId, PrimaryRegion: nameOf(from === 0 ? 1 : 0) }))
const schedule = (index: Index, KeyId: string) =>
  kms(index).send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
const encrypt = async (index: Index, KeyId: string, text: string) =>
  (await kms(index).send(new EncryptCommand({ KeyId, Plaintext: Buffer.from(text) }))).CiphertextBlob!
const decrypt = async (index: Index, CiphertextBlob: Uint8Array) =>
  Buffer.from((await kms(index).send(new DecryptCommand({ CiphertextBlob }))).Plaintext!).toString()
const rotationsIn = async (index: Index, KeyId: string) =>
  (await kms(index).send(new ListKeyRotationsCommand({ KeyId }))).Rotations!

/** What both Regions must tell alike. */
const tale = async (index: Index, KeyId: string) => {
  const { MultiRegionConfiguration, CurrentKeyMaterialId } = await describeIn(index, KeyId)
  const { PrimaryKey, ReplicaKeys } = MultiRegionConfiguration!
  const { $metadata: _, KeyId: __, ...status } = await kms(index).send(new GetKeyRotationStatusCommand({ KeyId }))
  return { PrimaryKey, ReplicaKeys, CurrentKeyMaterialId, status, rotations: await rotationsIn(index, KeyId) }
}
const agreed = async (KeyId: string) => {
  const here = await tale(0, KeyId)
  expect(await tale(1, KeyId)).toEqual(here)
  return here
}
const eventsIn = async (index: Index, id: string) => {
  const { name, open } = two.regions[index]
  return (await open.house.log.read(keyStream({ region: name, account: alice.account, id }))).map(({ type }) => type)
}

describe('two Regions with ledgers, vaults and root keys of their own', () => {
  test('a key is replicated, used, rotated, promoted and deleted in both', async () => {
    const KeyId = await primary()
    expect((await replicate(KeyId)).ReplicaKeyMetadata!.KeyState).toBe('Creating')
    await two.settled()
    const blobs = [await encrypt(0, KeyId, 'first'), await encrypt(1, KeyId, 'second')]
    await rotate(0, KeyId)
    await two.settled()
    blobs.push(await encrypt(0, KeyId, 'third'), await encrypt(1, KeyId, 'fourth'))
    for (const index of both)
      expect(await Promise.all(blobs.map((blob) => decrypt(index, blob)))).toEqual([
        'first',
        'second',
        'third',
        'fourth',
      ])

    await promote(KeyId)
    await two.settled()
    await rotate(1, KeyId)
    await two.settled()
    const { PrimaryKey, rotations } = await agreed(KeyId)
    expect({ primary: PrimaryKey!.Region, rotations: rotations.length }).toEqual({ primary: nameOf(1), rotations: 2 })
    expect(await decrypt(1, await encrypt(0, KeyId, 'fifth'))).toBe('fifth')

    expect(await schedule(1, KeyId)).toMatchObject({ KeyState: 'PendingReplicaDeletion', PendingWindowInDays: 7 })
    expect(await describeIn(1, KeyId)).toMatchObject({ PendingDeletionWindowInDays: 7, Enabled: false })
    expect((await describeIn(1, KeyId)).DeletionDate).toBeUndefined()
    await schedule(0, KeyId)
    await two.pass(7 * day)
    await two.settled()
    expect(await stateIn(0, KeyId)).toBe('NotFoundException')
    const { KeyState, DeletionDate, PendingDeletionWindowInDays } = await describeIn(1, KeyId)
    expect({ KeyState, PendingDeletionWindowInDays }).toEqual({ KeyState: 'PendingDeletion' })
    expect(DeletionDate!.getTime() - two.clock.now()).toBeGreaterThan(6.9 * day)
    await two.pass(7 * day)
    expect(await stateIn(1, KeyId)).toBe('NotFoundException')
    for (const { open, name } of two.regions)
      for (const { KeyMaterialId } of rotations)
        expect(await open.house.world.vault.locate(name, KeyMaterialId!)).toBeUndefined()
    for (const index of both)
      expect((await eventsIn(index, KeyId)).filter((type) => type === 'KeyDeleted')).toHaveLength(1)
  })

  test('material never stands in a ledger, and the two vaults share no byte of it', async () => {
    const KeyId = await pair()
    for (const { open } of two.regions) {
      const events = await open.house.log.all({ after: 0, categories: ['key', 'trail'], limit: 100_000 })
      expect(JSON.stringify(events)).not.toMatch(/"box"|"sealed"/)
    }
    const { CurrentKeyMaterialId } = await agreed(KeyId)
    for (const { open, name } of two.regions)
      expect(await open.house.world.vault.locate(name, CurrentKeyMaterialId!)).toMatchObject({ keyId: KeyId })
  })
})

describe('while the link is cut', () => {
  beforeEach(() => two.mend())

  test('a replica is answered as Creating and is not there; it comes when the link is mended', async () => {
    const KeyId = await primary()
    two.cut()
    expect((await replicate(KeyId)).ReplicaKeyMetadata!.KeyState).toBe('Creating')
    await two.settled()
    expect([await stateIn(0, KeyId), await stateIn(1, KeyId)]).toEqual(['Enabled', 'NotFoundException'])
    await rotate(0, KeyId)
    two.mend()
    await two.settled()
    expect((await agreed(KeyId)).rotations).toHaveLength(1)
  })

  test('both keys are used; rotations reach the replica afterwards, all of them', async () => {
    const KeyId = await pair()
    two.cut()
    await rotate(0, KeyId)
    await kms(0).send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
    const late = await encrypt(0, KeyId, 'late')
    const old = await encrypt(1, KeyId, 'old')
    expect(await decrypt(0, old)).toBe('old')
    await expect(decrypt(1, late)).rejects.toMatchObject({ name: 'AccessDeniedException' })
    await two.pass(90 * day)
    await two.settled()
    two.mend()
    await two.settled()
    const { rotations, status } = await agreed(KeyId)
    expect(rotations.map(({ RotationType }) => RotationType)).toEqual(['ON_DEMAND', 'AUTOMATIC'])
    expect(status).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 90 })
    expect(await decrypt(1, late)).toBe('late')
  })

  test('nobody is made primary who cannot be asked', async () => {
    const KeyId = await pair()
    two.cut()
    await expect(promote(KeyId)).rejects.toMatchObject({ name: 'KMSInternalException' })
    expect(await stateIn(0, KeyId)).toBe('Enabled')
    expect((await agreed(KeyId)).PrimaryKey!.Region).toBe(nameOf(0))
  })

  test('a primary that has promised is Updating: it is used, but changes nothing that is shared', async () => {
    const KeyId = await pair()
    // The promise is made; before it can be told the link is cut.
    const { link } = two.regions[0].open.house.world.regions
    const ask = link.ask.bind(link)
    Object.assign(link, {
      ask: async (...question: Parameters<typeof ask>) => {
        const answer = await ask(...question)
        if (question[2] === 'DescribeReplica') two.cut()
        return answer
      },
    })
    await promote(KeyId)
    Object.assign(link, { ask })
    await two.settled()
    expect([await stateIn(0, KeyId), await stateIn(1, KeyId)]).toEqual(['Updating', 'Enabled'])
    expect(await decrypt(0, await encrypt(0, KeyId, 'still'))).toBe('still')
    const shared = [
      () => rotate(0, KeyId),
      () => rotate(1, KeyId),
      () => schedule(0, KeyId),
      () => kms(0).send(new EnableKeyRotationCommand({ KeyId })),
    ]
    for (const ask of shared) await expect(ask()).rejects.toThrow(/is updating\.|is not a multi-region primary key\./)
    // Asked again, it is under way.
    await promote(KeyId)
    await two.regions[0].restart()
    two.mend()
    await two.settled()
    expect([await stateIn(0, KeyId), await stateIn(1, KeyId)]).toEqual(['Enabled', 'Enabled'])
    expect((await agreed(KeyId)).PrimaryKey!.Region).toBe(nameOf(1))
    await rotate(1, KeyId)
    await two.settled()
    expect((await agreed(KeyId)).rotations).toHaveLength(1)
  })

  test('a promise that was heard and whose answer was lost is kept once', async () => {
    const KeyId = await pair()
    const { link } = two.regions[0].open.house.world.regions
    const ask = link.ask.bind(link)
    let promised = false
    // Nor does the new primary reach the old one, which would learn from it what became of the promise.
    const { link: back } = two.regions[1].open.house.world.regions
    const askBack = back.ask.bind(back)
    Object.assign(back, { ask: () => Promise.reject(new LinkDown('there is no way back')) })
    Object.assign(link, {
      ask: async (...question: Parameters<typeof ask>) => {
        const answer = await ask(...question)
        if (question[2] === 'ShareKey' && promised) {
          two.cut()
          throw new LinkDown('the answer was lost')
        }
        promised ||= question[2] === 'DescribeReplica'
        return answer
      },
    })
    await promote(KeyId)
    await two.regions[0].open.house.jobs.settled()
    Object.assign(link, { ask })
    Object.assign(back, { ask: askBack })
    expect([await stateIn(0, KeyId), await stateIn(1, KeyId)]).toEqual(['Updating', 'Enabled'])
    // The new primary acts already.
    await rotate(1, KeyId)
    two.mend()
    await two.settled()
    expect(await stateIn(0, KeyId)).toBe('Enabled')
    expect((await agreed(KeyId)).rotations).toHaveLength(1)
    for (const index of both) {
      const types = await eventsIn(index, KeyId)
      expect(types.filter((type) => /KeyPromoted|PrimaryRegionUpdated/.test(type))).toHaveLength(1)
    }
  })

  test('the window of the primary begins when it hears that the last replica is deleted', async () => {
    const KeyId = await pair()
    await schedule(0, KeyId)
    await schedule(1, KeyId)
    two.cut()
    await two.pass(8 * day)
    await two.settled()
    expect([await stateIn(0, KeyId), await stateIn(1, KeyId)]).toEqual(['PendingReplicaDeletion', 'NotFoundException'])
    two.mend()
    await two.settled()
    expect(await stateIn(0, KeyId)).toBe('PendingDeletion')
    await two.pass(7 * day)
    expect(await stateIn(0, KeyId)).toBe('NotFoundException')
  })

  test('a deletion that is cancelled leaves the primary disabled, whatever became of the replica', async () => {
    const KeyId = await pair()
    await schedule(0, KeyId)
    await schedule(1, KeyId)
    two.cut()
    await two.pass(8 * day)
    await kms(0).send(new CancelKeyDeletionCommand({ KeyId }))
    two.mend()
    await two.settled()
    expect([await stateIn(0, KeyId), await stateIn(1, KeyId)]).toEqual(['Disabled', 'NotFoundException'])
    expect((await describeIn(0, KeyId)).MultiRegionConfiguration!.ReplicaKeys).toEqual([])
  })

  test('a replica is made again where one was deleted', async () => {
    const KeyId = await pair()
    const kept = await encrypt(1, KeyId, 'kept')
    await schedule(1, KeyId)
    two.cut()
    await two.pass(8 * day)
    await expect(replicate(KeyId)).rejects.toMatchObject({ name: 'AlreadyExistsException' })
    two.mend()
    await two.settled()
    await rotate(0, KeyId)
    await replicate(KeyId)
    await two.settled()
    expect((await agreed(KeyId)).rotations).toHaveLength(1)
    expect(await decrypt(1, kept)).toBe('kept')
    for (const { restart } of two.regions) await restart()
    expect(await decrypt(0, await encrypt(1, KeyId, 'after a restart'))).toBe('after a restart')
  })
})

test('whichever question between the Regions is lost, or its answer: what was done is done once, in both', async () => {
  const links = two.regions.map(({ open }) => open.house.world.regions.link)
  const asks = links.map((link) => link.ask.bind(link))
  /** Loses the question of this number, or its answer; from 0. */
  const losing = (number: number, what: 'question' | 'answer') => {
    let asked = 0
    for (const [index, link] of links.entries())
      Object.assign(link, {
        ask: async (...question: Parameters<(typeof asks)[number]>) => {
          const mine = asked++ === number
          if (mine && what === 'question') throw new LinkDown('the question was lost')
          const answer = await asks[index]!(...question)
          if (mine) throw new LinkDown('the answer was lost')
          return answer
        },
      })
    return () => asked
  }
  const promoted = async (KeyId: string) => {
    await promote(KeyId).catch(async (error: Error) => {
      if (error.name !== 'KMSInternalException') throw error
      await promote(KeyId)
    })
  }

  const story = async () => {
    const KeyId = await primary()
    await replicate(KeyId)
    await two.settled()
    const blob = await encrypt(1, KeyId, 'told')
    await rotate(0, KeyId)
    await promoted(KeyId)
    await two.settled()
    await rotate(1, KeyId)
    await two.settled()
    const { rotations, PrimaryKey } = await agreed(KeyId)
    expect({ rotations: rotations.length, primary: PrimaryKey!.Region }).toEqual({ rotations: 2, primary: nameOf(1) })
    expect([await decrypt(0, blob), await decrypt(1, blob)]).toEqual(['told', 'told'])
    await schedule(1, KeyId)
    await schedule(0, KeyId)
    await two.pass(7 * day)
    await two.settled()
    expect([await stateIn(0, KeyId), await stateIn(1, KeyId)]).toEqual(['NotFoundException', 'PendingDeletion'])
    await two.pass(7 * day)
    expect(await stateIn(1, KeyId)).toBe('NotFoundException')
    const once = /KeyPromoted|PrimaryRegionUpdated|KeyReplicaRemoved|KeyDeletionScheduled|KeyDeleted/
    const events = [await eventsIn(0, KeyId), await eventsIn(1, KeyId)]
    expect(events.map((types) => types.filter((type) => once.test(type)))).toEqual([
      ['PrimaryRegionUpdated', 'KeyDeletionScheduled', 'KeyDeleted'],
      ['KeyPromoted', 'KeyReplicaRemoved', 'KeyDeletionScheduled', 'KeyDeleted'],
    ])
  }

  try {
    for (const what of ['question', 'answer'] as const)
      for (let number = 0, asked = 1; number < asked; number++) {
        const count = losing(number, what)
        await story()
        asked = count()
      }
  } finally {
    for (const [index, link] of links.entries()) Object.assign(link, { ask: asks[index] })
  }
})
