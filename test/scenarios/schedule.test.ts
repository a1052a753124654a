import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyRotationStatusCommand,
  type KMSClient,
  ListKeyRotationsCommand,
  ListKeysCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { keyStream } from '@keyledger/keys'
import { expect, test } from 'vitest'
import { alice } from '../support/house.ts'
import { type LeapingHouse, day, leapingHouse } from '../support/leaping-house.ts'
import { recordsIn } from '../support/raw.ts'

/** What falls due happens: once, on its day, whoever restarts in between. */
const region = 'us-east-1'
const start = Date.parse('2026-06-01T12:00:00Z')
const onDay = (days: number) => new Date(start + days * day).toISOString()

const newKey = async (kms: KMSClient) => (await kms.send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!
const encrypted = async (kms: KMSClient, KeyId: string) =>
  (await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from(KeyId) }))).CiphertextBlob!
/** When the key rotated and how; and not a material twice. */
const rotationsOf = async (kms: KMSClient, KeyId: string) => {
  const { Rotations } = await kms.send(new ListKeyRotationsCommand({ KeyId }))
  expect(new Set(Rotations!.map(({ KeyMaterialId }) => KeyMaterialId)).size).toBe(Rotations!.length)
  return Rotations!.map(({ RotationDate, RotationType }) => `${RotationDate!.toISOString()} ${RotationType}`)
}
const automatic = (...days: readonly number[]) => days.map((each) => `${onDay(each)} AUTOMATIC`)
const stateOf = (kms: KMSClient, KeyId: string) =>
  kms.send(new DescribeKeyCommand({ KeyId })).then(
    ({ KeyMetadata }) => KeyMetadata!.KeyState!,
    (error: Error) => error.name,
  )
const eventsOf = async (open: LeapingHouse, id: string) =>
  (await open.house.log.read(keyStream({ region, account: alice.account, id }))).map(({ type }) => type)

/** What the service itself put on the trail about a key. */
const serviceEvents = (open: LeapingHouse, keyId: string) =>
  recordsIn(open.data).filter(
    ({ eventType, resources }) =>
      eventType === 'AwsServiceEvent' && (resources as { ARN: string }[])[0]!.ARN.endsWith(`:key/${keyId}`),
  )

test('a year of rotations, with a restart in the middle: each on its day, once, and on the trail', async () => {
  await using open = await leapingHouse()
  let kms = open.kms()
  const yearly = await newKey(kms)
  const quarterly = await newKey(kms)
  const late = await newKey(kms)
  const never = await newKey(kms)
  const stopped = await newKey(kms)
  const blobs = new Map<string, Uint8Array[]>()
  const seal = async () => {
    for (const key of [yearly, quarterly, late, never, stopped])
      blobs.set(key, [...(blobs.get(key) ?? []), await encrypted(kms, key)])
  }
  await kms.send(new EnableKeyRotationCommand({ KeyId: yearly }))
  for (const KeyId of [quarterly, stopped])
    await kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
  await seal()

  for (let today = 1; today <= 366; today++) {
    await open.pass(day)
    if (today === 40) await kms.send(new EnableKeyRotationCommand({ KeyId: late, RotationPeriodInDays: 100 }))
    if (today === 100) await kms.send(new DisableKeyRotationCommand({ KeyId: stopped }))
    if (today === 150) await kms.send(new RotateKeyOnDemandCommand({ KeyId: quarterly }))
    // One restart on a day of nothing, one on the eve of a rotation.
    if (today === 120 || today === 179) {
      await open.restart()
      kms = open.kms()
    }
    if (today % 60 === 0) await seal()
  }

  expect(await rotationsOf(kms, yearly)).toEqual(automatic(365))
  expect(await rotationsOf(kms, quarterly)).toEqual(
    [...automatic(90), `${onDay(150)} ON_DEMAND`, ...automatic(180, 270, 360)].toSorted(),
  )
  expect(await rotationsOf(kms, late)).toEqual(automatic(140, 240, 340))
  expect(await rotationsOf(kms, stopped)).toEqual(automatic(90))
  expect(await rotationsOf(kms, never)).toEqual([])
  const status = await kms.send(new GetKeyRotationStatusCommand({ KeyId: quarterly }))
  expect(status.NextRotationDate!.toISOString()).toBe(onDay(450))

  for (const [key, sealed] of blobs)
    for (const CiphertextBlob of sealed) {
      const { Plaintext } = await kms.send(new DecryptCommand({ CiphertextBlob }))
      expect(Buffer.from(Plaintext!).toString()).toBe(key)
    }

  const { materials } = await open.house.world.keys.find(keyStream({ region, account: alice.account, id: yearly }))
  expect(serviceEvents(open, yearly)).toEqual([
    {
      eventVersion: '1.11',
      userIdentity: { accountId: alice.account, invokedBy: 'AWS Internal' },
      eventTime: '2027-06-01T12:00:00Z',
      eventSource: 'kms.amazonaws.com',
      eventName: 'RotateKey',
      awsRegion: region,
      sourceIPAddress: 'AWS Internal',
      userAgent: 'AWS Internal',
      requestParameters: null,
      responseElements: null,
      eventID: expect.any(String) as string,
      readOnly: false,
      resources: [
        {
          accountId: alice.account,
          type: 'AWS::KMS::Key',
          ARN: `arn:aws:kms:${region}:${alice.account}:key/${yearly}`,
        },
      ],
      eventType: 'AwsServiceEvent',
      managementEvent: true,
      recipientAccountId: alice.account,
      serviceEventDetails: {
        keyId: yearly,
        rotationType: 'AUTOMATIC',
        keyOrigin: 'AWS_KMS',
        previousKeyMaterialId: materials[0]!.id,
        currentKeyMaterialId: materials[1]!.id,
      },
      eventCategory: 'Management',
    },
  ])
  expect(serviceEvents(open, quarterly).map(({ eventTime }) => eventTime)).toEqual(
    [90, 180, 270, 360].map((each) => onDay(each).replace('.000', '')),
  )
  expect(serviceEvents(open, never)).toEqual([])
  expect(open.faults).toEqual([])
})

test('a house that was closed over several due dates rotates once when it opens, and goes on from there', async () => {
  await using open = await leapingHouse()
  const key = await newKey(open.kms())
  await open.kms().send(new EnableKeyRotationCommand({ KeyId: key, RotationPeriodInDays: 90 }))
  await open.house[Symbol.asyncDispose]()
  open.clock.leap(400 * day)
  await open.restart()
  await open.house.jobs.settled()
  expect(await rotationsOf(open.kms(), key)).toEqual(automatic(400))
  await open.pass(90 * day - 1)
  expect(await rotationsOf(open.kms(), key)).toHaveLength(1)
  await open.pass(1)
  expect(await rotationsOf(open.kms(), key)).toEqual(automatic(400, 490))
})

test('what falls due while a key is disabled waits until it is enabled', async () => {
  await using open = await leapingHouse()
  const kms = open.kms()
  const key = await newKey(kms)
  await kms.send(new EnableKeyRotationCommand({ KeyId: key, RotationPeriodInDays: 90 }))
  await kms.send(new DisableKeyCommand({ KeyId: key }))
  await open.pass(100 * day)
  await open.restart()
  await open.pass(day)
  expect(await rotationsOf(open.kms(), key)).toEqual([])
  await open.kms().send(new EnableKeyCommand({ KeyId: key }))
  await open.house.jobs.settled()
  expect(await rotationsOf(open.kms(), key)).toEqual(automatic(101))
})

test('a deletion comes at the end of its window, with a restart in between, once, and on the trail', async () => {
  await using open = await leapingHouse()
  let kms = open.kms()
  const soon = await newKey(kms)
  const later = await newKey(kms)
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId: soon, PendingWindowInDays: 7 }))
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId: later }))
  await open.pass(7 * day - 1)
  expect(await stateOf(kms, soon)).toBe('PendingDeletion')
  await open.restart()
  kms = open.kms()
  await open.pass(1)
  expect([await stateOf(kms, soon), await stateOf(kms, later)]).toEqual(['NotFoundException', 'PendingDeletion'])
  expect((await kms.send(new ListKeysCommand({}))).Keys!.map(({ KeyId }) => KeyId)).toEqual([later])
  for (let today = 8; today <= 31; today++) await open.pass(day)
  await open.restart()
  await open.house.jobs.settled()
  expect(await stateOf(open.kms(), later)).toBe('NotFoundException')
  for (const key of [soon, later]) {
    expect(await eventsOf(open, key)).toEqual(['KeyCreated', 'KeyDeletionScheduled', 'KeyDeleted'])
    expect(
      serviceEvents(open, key).map(({ eventName, serviceEventDetails }) => ({ eventName, serviceEventDetails })),
    ).toEqual([{ eventName: 'DeleteKey', serviceEventDetails: { keyId: key } }])
  }
  expect(serviceEvents(open, later).map(({ eventTime }) => eventTime)).toEqual(['2026-07-01T12:00:00Z'])
  expect(open.faults).toEqual([])
})

test('a cancellation at the last moment wins, also over a job that is already on its way', async () => {
  await using open = await leapingHouse()
  const kms = open.kms()
  const saved = await newKey(kms)
  const blob = await encrypted(kms, saved)
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId: saved, PendingWindowInDays: 7 }))
  await open.pass(7 * day - 1)
  await kms.send(new CancelKeyDeletionCommand({ KeyId: saved }))
  await open.pass(30 * day)
  expect(await stateOf(kms, saved)).toBe('Disabled')

  // Scheduled again: the window is over, the job has looked at the key, and only then the cancellation comes.
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId: saved, PendingWindowInDays: 7 }))
  const { keys } = open.house.world
  const handle = keys.handle.bind(keys)
  let crossed = false
  keys.handle = async (stream, command, envelope) => {
    if (command.type === 'DeleteKey' && !crossed) {
      crossed = true
      await handle(stream, { type: 'CancelKeyDeletion' }, envelope)
    }
    return handle(stream, command, envelope)
  }
  await open.pass(7 * day)
  keys.handle = handle
  expect(crossed).toBe(true)
  expect(await stateOf(kms, saved)).toBe('Disabled')
  await kms.send(new EnableKeyCommand({ KeyId: saved }))
  expect(Buffer.from((await kms.send(new DecryptCommand({ CiphertextBlob: blob }))).Plaintext!).toString()).toBe(saved)
  expect(await eventsOf(open, saved)).not.toContain('KeyDeleted')
  expect(serviceEvents(open, saved)).toEqual([])
})

test('a second window after a cancellation counts from its own beginning', async () => {
  await using open = await leapingHouse()
  const kms = open.kms()
  const key = await newKey(kms)
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId: key, PendingWindowInDays: 7 }))
  await open.pass(5 * day)
  await kms.send(new CancelKeyDeletionCommand({ KeyId: key }))
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId: key, PendingWindowInDays: 7 }))
  // The first window would end here.
  await open.pass(3 * day)
  expect(await stateOf(kms, key)).toBe('PendingDeletion')
  await open.pass(4 * day)
  expect(await stateOf(kms, key)).toBe('NotFoundException')
})

test('two jobs for one thing do it once', async () => {
  await using open = await leapingHouse()
  const kms = open.kms()
  const rotating = await newKey(kms)
  const dying = await newKey(kms)
  // Enabled twice over: each time asks for a rotation of its own, due on days 90 and 91.
  await kms.send(new EnableKeyRotationCommand({ KeyId: rotating, RotationPeriodInDays: 91 }))
  await kms.send(new EnableKeyRotationCommand({ KeyId: rotating, RotationPeriodInDays: 90 }))
  // Disabled and enabled: an overdue rotation would be made up for at once, but nothing is overdue.
  await kms.send(new DisableKeyCommand({ KeyId: rotating }))
  await kms.send(new EnableKeyCommand({ KeyId: rotating }))
  // Scheduled, taken back, scheduled: two ends of a window, both on day 7.
  for (let count = 0; count < 2; count++) {
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId: dying, PendingWindowInDays: 7 }))
    if (count === 0) await kms.send(new CancelKeyDeletionCommand({ KeyId: dying }))
  }
  for (let today = 1; today <= 100; today++) await open.pass(day)
  expect(await rotationsOf(kms, rotating)).toEqual(automatic(90))
  expect((await eventsOf(open, dying)).filter((type) => type === 'KeyDeleted')).toHaveLength(1)
  expect(serviceEvents(open, dying)).toHaveLength(1)
  expect(serviceEvents(open, rotating)).toHaveLength(1)
})

test('a job that fails is tried again, and its work is done once', async () => {
  await using open = await leapingHouse()
  const kms = open.kms()
  const key = await newKey(kms)
  await kms.send(new EnableKeyRotationCommand({ KeyId: key, RotationPeriodInDays: 90 }))
  const { trail } = open.house.world
  const record = trail.record.bind(trail)
  // After the rotation itself, before it is on the trail.
  trail.record = () => Promise.reject(new Error('the disk is gone'))
  await open.pass(90 * day)
  expect(open.faults).toEqual([new Error('the disk is gone')])
  trail.record = record
  await open.pass(60_000)
  expect(await rotationsOf(kms, key)).toEqual(automatic(90))
  expect(serviceEvents(open, key)).toHaveLength(1)
  expect(await open.house.jobs.parked()).toEqual([])
})
