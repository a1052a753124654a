import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  type KMSClient,
  type KeyMetadata,
  ListKeyRotationsCommand,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  UpdatePrimaryRegionCommand,
} from '@aws-sdk/client-kms'
import { keyStream } from '@keyledger/keys'
import { type Recorded, sqliteLog } from '@keyledger/ledger'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { alice } from '../support/house.ts'
import { type Network, network } from '../support/network.ts'
import { until, withRedis } from '../support/redis.ts'
import { type RegionProcesses, type TwoRegions, twoRegions } from '../support/region-processes.ts'

/**
 * Two regions as processes of their own, each with its ledger, its vault, its root key and its Redis, and a link between them
 * that can be cut; real programs, whatever may die dies by `kill -9`.
 */
const rounds = Number(process.env['REGION_ROUNDS'] ?? 20)
const day = 86_400_000
const period = 90

/** What the clients know of one key: only what was acknowledged. */
interface Noted {
  readonly id: string
  primary: 0 | 1
  readonly blobs: { readonly blob: Uint8Array; readonly text: string }[]
  /** On demand, acknowledged; and those whose answer never came. */
  rotations: number
  doubtful: number
  /** Automatic ones that fell due since rotation was switched on. */
  due: number
  rotating: boolean
}

withRedis(
  'two regions',
  () => {
    let folder: string
    let net: Network
    let two: TwoRegions
    const keys: Noted[] = []
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'keyledger-regions-'))
      net = network()
      console.log(`the link between the regions is ${net.kind}`)
      two = await twoRegions(folder, net)
    }, 120_000)
    afterAll(async () => {
      await two?.[Symbol.asyncDispose]()
      await net?.[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    }, 60_000)

    const at = (index: 0 | 1): RegionProcesses => two.regions[index]
    const other = (index: 0 | 1): 0 | 1 => (index === 0 ? 1 : 0)
    const metadata = async (index: 0 | 1, KeyId: string): Promise<KeyMetadata | undefined> =>
      at(index)
        .kms.send(new DescribeKeyCommand({ KeyId }))
        .then(({ KeyMetadata }) => KeyMetadata)
        .catch(() => undefined)

    const made = async (primary: 0 | 1): Promise<Noted> => {
      const { kms } = at(primary)
      const { KeyMetadata } = await kms.send(new CreateKeyCommand({ MultiRegion: true }))
      const id = KeyMetadata!.KeyId!
      return { id, primary, blobs: [], rotations: 0, doubtful: 0, due: 0, rotating: false }
    }
    const encrypt = async (index: 0 | 1, key: Noted) => {
      const text = `${key.id} ${key.blobs.length}`
      const { CiphertextBlob } = await at(index).kms.send(
        new EncryptCommand({ KeyId: key.id, Plaintext: Buffer.from(text) }),
      )
      key.blobs.push({ blob: CiphertextBlob!, text })
    }
    const decrypted = async (kms: KMSClient, { blobs }: Noted): Promise<readonly string[]> => {
      const texts: string[] = []
      for (const { blob } of blobs)
        texts.push(Buffer.from((await kms.send(new DecryptCommand({ CiphertextBlob: blob }))).Plaintext!).toString())
      return texts
    }

    /** Both regions tell the same of a key, and nothing is under way any more. */
    const agreed = async (key: Noted): Promise<boolean> => {
      const [here, there] = await Promise.all([metadata(0, key.id), metadata(1, key.id)])
      if (!here || !there) return false
      const settled = [here, there].every(({ KeyState }) => KeyState !== 'Creating' && KeyState !== 'Updating')
      const shared = ({ CurrentKeyMaterialId, MultiRegionConfiguration }: KeyMetadata) =>
        JSON.stringify([
          CurrentKeyMaterialId,
          MultiRegionConfiguration?.PrimaryKey,
          MultiRegionConfiguration?.ReplicaKeys,
        ])
      return settled && shared(here) === shared(there)
    }
    const everywhere = async (key: Noted) => {
      await until(`both regions agree on ${key.id}`, () => agreed(key))
      const { MultiRegionConfiguration } = (await metadata(0, key.id))!
      key.primary = MultiRegionConfiguration!.PrimaryKey!.Region === at(0).name ? 0 : 1
    }
    const rotationsIn = async (index: 0 | 1, KeyId: string) =>
      (await at(index).kms.send(new ListKeyRotationsCommand({ KeyId }))).Rotations!.map(
        ({ RotationType, KeyMaterialId }) => `${RotationType} ${KeyMaterialId}`,
      )

    test('create, replicate, encrypt here, decrypt there, rotate, decrypt old and new in both, promote, delete', async () => {
      const key = await made(0)
      const { ReplicaKeyMetadata } = await at(0).kms.send(
        new ReplicateKeyCommand({ KeyId: key.id, ReplicaRegion: at(1).name }),
      )
      expect(ReplicaKeyMetadata).toMatchObject({ KeyId: key.id, KeyState: 'Creating', Enabled: false })
      await everywhere(key)
      await encrypt(0, key)
      await encrypt(1, key)
      await at(0).kms.send(new RotateKeyOnDemandCommand({ KeyId: key.id }))
      await encrypt(0, key)
      await everywhere(key)
      await encrypt(1, key)
      const texts = key.blobs.map(({ text }) => text)
      expect(await decrypted(at(0).kms, key)).toEqual(texts)
      expect(await decrypted(at(1).kms, key)).toEqual(texts)

      await at(0).kms.send(new UpdatePrimaryRegionCommand({ KeyId: key.id, PrimaryRegion: at(1).name }))
      await everywhere(key)
      expect(key.primary).toBe(1)
      await expect(at(0).kms.send(new RotateKeyOnDemandCommand({ KeyId: key.id }))).rejects.toMatchObject({
        name: 'UnsupportedOperationException',
      })
      await at(1).kms.send(new RotateKeyOnDemandCommand({ KeyId: key.id }))
      await everywhere(key)
      expect(await rotationsIn(0, key.id)).toEqual(await rotationsIn(1, key.id))

      const scheduled = await at(1).kms.send(new ScheduleKeyDeletionCommand({ KeyId: key.id, PendingWindowInDays: 7 }))
      expect(scheduled).toMatchObject({ KeyState: 'PendingReplicaDeletion', PendingWindowInDays: 7 })
      await at(0).kms.send(new ScheduleKeyDeletionCommand({ KeyId: key.id, PendingWindowInDays: 7 }))
      await two.advance(7 * day + 60_000)
      await until('the replica is deleted', async () => (await metadata(0, key.id)) === undefined)
      await until(
        'the window of the primary begins',
        async () => (await metadata(1, key.id))?.KeyState === 'PendingDeletion',
      )
      await two.advance(7 * day + 60_000)
      await until('the primary is deleted', async () => (await metadata(1, key.id)) === undefined)
    }, 120_000)

    /** Something dies, forgets or is cut off while `work` goes on; afterwards everything runs again. */
    const faults: Record<string, (work: () => Promise<void>) => Promise<void>> = {
      'a house dies': async (work) => {
        const victim = at(Math.random() < 0.5 ? 0 : 1)
        const working = work()
        await sleep(Math.random() * 200)
        await victim.killHouse()
        await working
        await victim.start()
      },
      'both houses die': async (work) => {
        const working = work()
        await sleep(Math.random() * 200)
        await Promise.all(two.regions.map((region) => region.killHouse()))
        await working
        await Promise.all(two.regions.map((region) => region.start()))
      },
      'a Redis dies and comes back empty': async (work) => {
        const victim = at(Math.random() < 0.5 ? 0 : 1)
        const working = work()
        await sleep(Math.random() * 100)
        await victim.killRedis()
        await working
        await victim.startRedis()
      },
      'a Redis is flushed': async (work) => {
        const working = work()
        await sleep(Math.random() * 100)
        await at(Math.random() < 0.5 ? 0 : 1).flushRedis()
        await working
      },
      'the link is cut': async (work) => {
        net.cut()
        await work()
        await sleep(500)
        net.mend()
      },
    }
    const names = Object.keys(faults)

    /** One client at work: whatever the fault makes of a request, what was acknowledged is noted, what is in doubt as well. */
    const work = async (): Promise<void> => {
      const attempt = (act: () => Promise<unknown>, doubt: () => void = () => undefined) =>
        act().then(() => undefined, doubt)
      const primary = Math.random() < 0.5 ? 0 : 1
      await attempt(async () => {
        const key = await made(primary)
        keys.push(key)
        await at(primary).kms.send(new ReplicateKeyCommand({ KeyId: key.id, ReplicaRegion: at(other(primary)).name }))
      })
      for (const key of keys.slice(-3)) {
        const { kms } = at(key.primary)
        await attempt(() => encrypt(key.primary, key))
        await attempt(() => encrypt(other(key.primary), key))
        await attempt(
          async () => {
            await kms.send(new RotateKeyOnDemandCommand({ KeyId: key.id }))
            key.rotations++
          },
          () => key.doubtful++,
        )
        if (Math.random() < 0.3)
          await attempt(() =>
            kms.send(new UpdatePrimaryRegionCommand({ KeyId: key.id, PrimaryRegion: at(other(key.primary)).name })),
          )
      }
    }

    /** Whatever did not come to be in the round (a key without its replica, say) is done now that all is well. */
    const completed = async (): Promise<void> => {
      for (const key of keys) {
        const known = (await metadata(key.primary, key.id))!
        if (known.MultiRegionConfiguration!.ReplicaKeys!.length === 0)
          await at(key.primary).kms.send(
            new ReplicateKeyCommand({ KeyId: key.id, ReplicaRegion: at(other(key.primary)).name }),
          )
        await everywhere(key)
        if (key.rotating) continue
        await at(key.primary).kms.send(new EnableKeyRotationCommand({ KeyId: key.id, RotationPeriodInDays: period }))
        key.rotating = true
      }
    }

    const eventsOf = async (index: 0 | 1): Promise<(id: string) => Promise<readonly Recorded[]>> => {
      const path = join(at(index).folder, 'data', 'ledger.db')
      return async (id) => {
        await using log = await sqliteLog({ path, onFault: () => undefined })
        return log.read(keyStream({ region: at(index).name, account: alice.account, id }))
      }
    }

    test(`${rounds} rounds of faults: both regions agree, nothing is lost, nothing happens twice or not at all`, async () => {
      for (let round = 0; round < rounds; round++) {
        const name = names[round % names.length]!
        await faults[name]!(work)
        await completed()
        // While a fault strikes, rotations fall due.
        await faults[names[(round + 2) % names.length]!]!(() => two.advance((period + 1) * day))
        await two.advance(0)
        for (const key of keys.filter(({ rotating }) => rotating)) {
          key.due++
          await until(`rotation ${key.due} of ${key.id}`, async () => {
            const both = await Promise.all([rotationsIn(0, key.id), rotationsIn(1, key.id)])
            return both.every((list) => list.filter((one) => one.startsWith('AUTOMATIC')).length >= key.due)
          })
          await everywhere(key)
        }
        for (const key of keys) {
          const texts = key.blobs.map(({ text }) => text)
          expect(await decrypted(at(0).kms, key)).toEqual(texts)
          expect(await decrypted(at(1).kms, key)).toEqual(texts)
        }
      }
      for (const key of keys) {
        const [here, there] = await Promise.all([rotationsIn(0, key.id), rotationsIn(1, key.id)])
        expect(here).toEqual(there)
        expect(new Set(here).size).toBe(here.length)
        expect(here.filter((one) => one.startsWith('AUTOMATIC'))).toHaveLength(key.due)
        const onDemand = here.filter((one) => one.startsWith('ON_DEMAND')).length
        expect(onDemand).toBeGreaterThanOrEqual(key.rotations)
        expect(onDemand).toBeLessThanOrEqual(key.rotations + key.doubtful)
      }
    }, 900_000)

    test('deletions happen once each, whatever dies on the way', async () => {
      for (const key of keys) {
        for (const index of [key.primary, other(key.primary)] as const)
          await at(index).kms.send(new ScheduleKeyDeletionCommand({ KeyId: key.id, PendingWindowInDays: 7 }))
      }
      await faults['both houses die']!(() => two.advance(7 * day + 60_000))
      await two.advance(0)
      for (const key of keys) {
        await until(
          `the replica of ${key.id} is deleted`,
          async () => (await metadata(other(key.primary), key.id)) === undefined,
        )
        await until(
          `the window of ${key.id} begins`,
          async () => (await metadata(key.primary, key.id))?.KeyState === 'PendingDeletion',
        )
      }
      await faults['a Redis dies and comes back empty']!(() => two.advance(7 * day + 60_000))
      await two.advance(0)
      for (const key of keys)
        await until(`${key.id} is deleted`, async () => (await metadata(key.primary, key.id)) === undefined)
      const ledgers = await Promise.all([eventsOf(0), eventsOf(1)])
      for (const key of keys)
        for (const index of [0, 1] as const) {
          const events = await ledgers[index](key.id)
          expect(events.filter(({ type }) => type === 'KeyDeleted')).toHaveLength(1)
          expect(events.map(({ revision }) => revision)).toEqual(events.map((_, place) => place))
        }
    }, 300_000)
  },
  { own: true },
)
