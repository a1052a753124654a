/* oxlint-disable vitest/expect-expect -- what is expected is said once, for every way to keep jobs */
import {
  CreateKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  type KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { keyStream } from '@keyledger/keys'
import { inProcessJobs, redisJobs } from '@keyledger/messaging'
import type { Workers } from '@keyledger/workers'
import { expect, test } from 'vitest'
import { alice } from '../support/house.ts'
import { type LeapingHouse, day, leapingHouse } from '../support/leaping-house.ts'
import { type OwnRedis, ownRedis, until, withRedis } from '../support/redis.ts'
import { type WorkerGround, everything, start, streamOf, workerGround } from '../support/worker-ground.ts'

/** Jobs on Redis: whatever becomes of Redis and of the processes, what falls due happens, once. */
const region = 'us-east-1'
const streamOfKey = (id: string) => keyStream({ region, account: alice.account, id })

const newKeys = async (kms: KMSClient, count: number): Promise<readonly string[]> => {
  const made = await Promise.all(Array.from({ length: count }, () => kms.send(new CreateKeyCommand({}))))
  return made.map(({ KeyMetadata }) => KeyMetadata!.KeyId!)
}
/** The days, from the start, on which something happened to the key. */
const daysOf = async (open: LeapingHouse, id: string, type: string) =>
  (await open.house.log.read(streamOfKey(id)))
    .filter((event) => event.type === type)
    .map(({ time }) => (Date.parse(time) - start) / day)
const nothingDue = (jobs: Pick<Workers, 'counts'>) =>
  jobs.counts().then(
    ({ due, running }) => due + running === 0,
    // Redis is away, or was not asked in time.
    () => false,
  )
const fallsDue = async (
  open: LeapingHouse,
  after: number,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
) => {
  open.clock.leap(after)
  await meanwhile()
  await until('what is due is done', () => nothingDue(open.house.jobs))
}

const ofTheHouse = () => {
  test('rotations and deletions happen once, while Redis is flushed, killed and away and the house is closed and opened', async () => {
    await using redis = await ownRedis()
    await using open = await leapingHouse({ redis: redis.url })
    const kms = open.kms()
    const rotating = await newKeys(kms, 40)
    const dying = await newKeys(kms, 10)
    for (const KeyId of rotating) await kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
    for (const KeyId of dying) await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))

    await fallsDue(open, 7 * day, () => redis.flush())
    // Redis dies with the rotations of day 90 in it, and comes back empty.
    await fallsDue(open, 83 * day, async () => {
      await redis.kill()
      await redis.start()
    })
    // On day 180 it is away; the house closes with everything to do, and opens before Redis is back.
    await redis.kill()
    open.clock.leap(90 * day)
    await open.restart()
    expect(await rotationsOf(open, rotating)).toEqual([[90]])
    await redis.start()
    await until('what is due is done', () => nothingDue(open.house.jobs))
    // On day 270 the house closes with everything handed over, and meanwhile Redis is flushed.
    open.clock.leap(90 * day)
    await open.restart()
    await redis.flush()
    await until('what is due is done', () => nothingDue(open.house.jobs))

    expect(await rotationsOf(open, rotating)).toEqual([[90, 180, 270]])
    for (const id of dying) {
      expect(await daysOf(open, id, 'KeyDeleted')).toEqual([7])
      expect((await open.house.log.read(streamOfKey(id))).map(({ type }) => type)).toEqual([
        'KeyCreated',
        'KeyDeletionScheduled',
        'KeyDeleted',
      ])
    }
    const made = await open.house.world.vault.made(0, Infinity)
    expect(made.map(({ key }) => key.keyId).toSorted()).toEqual(
      rotating.flatMap((id) => Array.from({ length: 4 }, () => id)).toSorted(),
    )
    expect(await open.house.jobs.parked()).toEqual([])
    const key = await open.kms().send(new EncryptCommand({ KeyId: rotating[0]!, Plaintext: Buffer.from('still here') }))
    expect(key.KeyId).toContain(rotating[0])
  })

  test('a job that keeps failing is parked for all to see, and done when somebody retries it', async () => {
    await using redis = await ownRedis()
    await using ground = await workerGround({ count: 1, periodOf: () => 90 })
    let broken = true
    const { record } = ground.world.trail
    ground.world.trail.record = (...given) =>
      broken ? Promise.reject(new Error('the disk is gone')) : record(...given)
    await using work = await ground.open({
      jobs: (given) => redisJobs({ ...given, url: redis.url, queue: region, tries: 3, backoff: 1 }),
    })
    await ground.clock.advance(90 * day)
    await until('it is parked', async () => (await work.parked()).length === 1)
    const [parked] = await work.parked()
    expect(parked).toEqual({
      job: {
        id: `RotateKeyMaterial ${streamOf(0)} 1`,
        name: 'RotateKeyMaterial',
        at: start + 90 * day,
        group: streamOf(0),
        data: expect.objectContaining({
          job: 'RotateKeyMaterial',
          stream: streamOf(0),
          revision: 1,
          detail: '',
        }) as object,
      },
      error: 'the disk is gone',
    })
    await work.settled()
    expect(await work.counts()).toEqual({ waiting: 0, running: 0, delayed: 0, parked: 1, due: 1 })
    broken = false
    expect([await work.retry('nobody'), await work.retry(parked!.job.id)]).toEqual([false, true])
    await until('it is done', () => nothingDue(work))
    expect([await work.parked(), await everything(ground.log, 'trail')]).toEqual([[], [expect.anything()]])
    expect(await rotationsIn(ground)).toEqual([[90]])
  })

  test('Redis is told names and times, and nothing else', async () => {
    await using redis = await ownRedis()
    await using ground = await workerGround({ count: 3, periodOf: () => 90 })
    await using work = await ground.open({ jobs: (given) => redisJobs({ ...given, url: redis.url, queue: region }) })
    await ground.clock.advance(90 * day)
    await work.settled()
    const keys = (await redis.client.keys('*_RotateKeyMaterial*')).toSorted()
    const told = await Promise.all(keys.map((each) => redis.client.hgetall(each)))
    expect(told.map(({ data }) => JSON.parse(data!) as unknown)).toEqual(
      [0, 1, 2].map((index) => ({
        id: `RotateKeyMaterial ${streamOf(index)} 1`,
        name: 'RotateKeyMaterial',
        at: start + 90 * day,
        group: streamOf(index),
        data: {
          at: start + 90 * day,
          job: 'RotateKeyMaterial',
          stream: streamOf(index),
          revision: 1,
          position: expect.any(Number) as number,
          detail: '',
        },
      })),
    )
    expect(told.map(({ returnvalue, failedReason }) => [returnvalue, failedReason])).toEqual(
      told.map(() => [expect.stringMatching(/^"[\w-]{86}"$/), undefined]),
    )
  })

  const forger = (url: string, names: readonly string[]) =>
    redisJobs({
      url,
      queue: region,
      handlers: Object.fromEntries(names.map((name) => [name, async () => {}])),
      receipts: { of: (id) => Buffer.from(id).toString('base64url'), good: () => true },
      onFault: () => {},
    })

  test('whoever can write to Redis can have nothing done before it is due, and nothing under the name of another', async () => {
    await using redis = await ownRedis()
    await using ground = await workerGround({ count: 3, periodOf: () => 90 })
    await using work = await ground.open({
      jobs: (given) => redisJobs({ ...given, url: redis.url, queue: region, tries: 1 }),
    })
    await using attacker = await forger(redis.url, [])
    const row = (index: number) => ({ stream: streamOf(index), revision: 1, position: 1, detail: '', at: 1 })
    const id = (index: number) => `RotateKeyMaterial ${streamOf(index)} 1`
    await attacker.schedule([
      { id: id(0), name: 'RotateKeyMaterial', at: 1, data: row(0) },
      // The end of one that has nothing to do, under the id of one that has.
      { id: id(1), name: 'SweepOrphans', at: 1, data: null },
      { id: id(2), name: 'ShareKey', at: 1, data: row(2) },
      { id: `ShareKey ${streamOf(2)} 1`, name: 'ShareKey', at: 1, data: row(2) },
    ])
    await attacker[Symbol.asyncDispose]()
    await until('all were looked at', async () => (await work.counts()).waiting === 0)
    expect(await everything(ground.log, 'trail')).toEqual([])
    expect(await rotationsIn(ground)).toEqual([])
    await ground.clock.advance(90 * day)
    await redis.flush()
    await until('what is due is done', () => nothingDue(work))
    expect(await rotationsIn(ground)).toEqual([[90]])
  })

  test('whoever takes jobs and says that they are done is not believed', async () => {
    await using redis = await ownRedis()
    await using ground = await workerGround({ count: 20, periodOf: () => 90 })
    const attacker = await forger(redis.url, ['RotateKeyMaterial'])
    await using work = await ground.open({ jobs: (given) => redisJobs({ ...given, url: redis.url, queue: region }) })
    await ground.clock.advance(90 * day)
    await attacker.settled()
    await attacker[Symbol.asyncDispose]()
    const before = (await everything(ground.log, 'key')).filter(({ type }) => type === 'KeyMaterialRotated')
    expect(before.length).toBeLessThan(20)
    await until('what is due is done', async () => {
      await ground.clock.advance(10_000)
      return nothingDue(work)
    })
    const rotated = (await everything(ground.log, 'key')).filter(({ type }) => type === 'KeyMaterialRotated')
    expect(new Set(rotated.map(({ stream }) => stream)).size).toBe(20)
    expect(rotated).toHaveLength(20)
  })

  test('two worker processes on one ledger: what is due is done once, and neither goes on looking for it', async () => {
    await using redis = await ownRedis()
    await twice(
      (ground) => ground.open({ jobs: (given) => redisJobs({ ...given, url: redis.url, queue: region, watch: 100 }) }),
      redis,
    )
  })
}

/** The days on which keys rotated: all different ways there are. */
const rotationsOf = async (open: LeapingHouse, ids: readonly string[]) => {
  const days = await Promise.all(ids.map((id) => daysOf(open, id, 'KeyMaterialRotated')))
  return [...new Set(days.map((each) => JSON.stringify(each)))].map((each) => JSON.parse(each) as unknown)
}
const rotationsIn = async ({ log }: WorkerGround) => {
  const days = new Map<string, number[]>()
  for (const { stream, type, time } of await everything(log, 'key'))
    if (type === 'KeyMaterialRotated') days.set(stream, [...(days.get(stream) ?? []), (Date.parse(time) - start) / day])
  return [...new Set([...days.values()].map((each) => JSON.stringify(each)))].map((each) => JSON.parse(each) as unknown)
}

const twice = async (open: (ground: WorkerGround) => Promise<Workers>, redis?: OwnRedis): Promise<void> => {
  const count = 300
  await using ground = await workerGround({ count, periodOf: () => 90 })
  const { clock } = ground
  await using first = await open(ground)
  await using second = await open(ground)
  const both = async () => {
    await until('both have nothing left to do', async () => {
      // Whoever waits a minute looks again at what the other may have done.
      await clock.advance(100)
      if (!(await nothingDue(first)) || !(await nothingDue(second))) await clock.advance(10_000)
      return (await nothingDue(first)) && (await nothingDue(second))
    })
  }
  for (let quarter = 1; quarter <= 3; quarter++) {
    // A rotation that came a little late is due a little later.
    await clock.advance(start + quarter * 91 * day - clock.now())
    if (redis && quarter === 2) await redis.flush()
    if (redis && quarter === 3) {
      await redis.kill()
      await redis.start()
    }
    await both()
  }
  const rotations = (await everything(ground.log, 'key')).filter(({ type }) => type === 'KeyMaterialRotated')
  const perKey = Map.groupBy(rotations, ({ stream }) => stream)
  expect([...new Set([...perKey.values()].map(({ length }) => length))]).toEqual([3])
  expect(perKey.size).toBe(count)
  // No material but those that the ledger names.
  expect(await ground.made()).toBe(count * 4)
  expect(await first.parked()).toEqual([])
}

test('two worker processes without Redis on one ledger do everything twice over, and nothing happens twice', () =>
  twice((ground) =>
    ground.open({ jobs: (given) => Promise.resolve(inProcessJobs({ ...given, clock: ground.clock })) }),
  ))

withRedis('jobs on Redis', ofTheHouse, { own: true })
