import {
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyRotationStatusCommand,
  ListKeyRotationsCommand,
  PutKeyPolicyCommand,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  UpdatePrimaryRegionCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { alice, arnOf } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  day,
  doesNotExist,
  freshKey,
  freshPair,
  freshPrimary,
  isDisabled,
  kms,
  lastChange,
  openHouse,
  raw,
  refused,
  serializationRoom,
  stateRoom,
  trailOf,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const [home, there] = ['us-east-1', 'eu-west-1'] as const
const settled = () => house().house.jobs.settled()
const input = async () => ({ KeyId: await freshPair(house()), PrimaryRegion: there })

const promote = (KeyId: string, PrimaryRegion: string = there, at: string = home) =>
  kms(house(), alice, at).send(new UpdatePrimaryRegionCommand({ KeyId, PrimaryRegion }))
const describeIn = async (region: string, KeyId: string) =>
  (await kms(house(), alice, region).send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!
/** The refusal, after which nothing new stands in the ledger. */
const refusedPromotion = async (KeyId: string, PrimaryRegion: string = there, at: string = home) => {
  await settled()
  const before = await lastChange(house())
  const refusal = await refused(promote(KeyId, PrimaryRegion, at))
  expect(await lastChange(house(), before)).toBe(before)
  return refusal
}
const entry = (KeyId: string, region: string) => ({ Arn: arnOfKey(KeyId, alice, region), Region: region })

describe('UpdatePrimaryRegion', () => {
  describe('serialization', () => {
    serializationRoom(house, 'UpdatePrimaryRegion', input)
  })

  describe('validation', () => {
    validationRoom(house, 'UpdatePrimaryRegion', input)

    test('an alias is not taken for a key here', async () => {
      expect(await refused(promote('alias/app'))).toEqual({
        name: 'InvalidArnException',
        message: 'Key Aliases are not supported for this operation.',
        status: 400,
      })
    })
  })

  describe('authorization', () => {
    authorizationRoom(house, 'UpdatePrimaryRegion', input)

    test('the key policy of the replica has a say, and says so of the replica', async () => {
      const KeyId = await freshPair(house())
      const root = { AWS: `arn:aws:iam::${alice.account}:root` }
      const Policy = JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: root, Action: 'kms:*', Resource: '*' },
          { Effect: 'Deny', Principal: { AWS: arnOf(alice) }, Action: 'kms:UpdatePrimaryRegion', Resource: '*' },
        ],
      })
      await kms(house(), alice, there).send(new PutKeyPolicyCommand({ KeyId, Policy }))
      expect(await refusedPromotion(KeyId)).toEqual({
        name: 'AccessDeniedException',
        message: `User: ${arnOf(alice)} is not authorized to perform: kms:UpdatePrimaryRegion on resource: ${arnOfKey(KeyId, alice, there)} with an explicit deny in a resource-based policy`,
        status: 400,
      })
    })
  })

  describe('state', () => {
    // A primary with a replica is never pending deletion itself: it waits for the replica to be deleted.
    const pending = (arn: string) => ({
      name: 'KMSInvalidStateException',
      message: `${arn} is pending deletion.`,
    })
    stateRoom(
      house,
      'UpdatePrimaryRegion',
      (KeyId) => ({ KeyId, PrimaryRegion: there }),
      {
        Enabled: 'ok',
        Disabled: isDisabled,
        PendingDeletion: pending,
        deleted: 'not applicable',
        unknown: doesNotExist,
      },
      freshPair,
    )

    test('the replica must be fit for it as well', async () => {
      const disabled = await freshPair(house())
      await kms(house(), alice, there).send(new DisableKeyCommand({ KeyId: disabled }))
      expect(await refusedPromotion(disabled)).toEqual({
        ...isDisabled(arnOfKey(disabled, alice, there)),
        status: 400,
      })
      const leaving = await freshPair(house())
      await kms(house(), alice, there).send(new ScheduleKeyDeletionCommand({ KeyId: leaving }))
      expect(await refusedPromotion(leaving)).toEqual({ ...pending(arnOfKey(leaving, alice, there)), status: 400 })
    })
  })

  describe('function', () => {
    test('primary and replica change places, in both Regions, and the answer is empty', async () => {
      const KeyId = await freshPair(house())
      const answered = await raw(house(), {
        operation: 'UpdatePrimaryRegion',
        body: { KeyId, PrimaryRegion: there },
      })
      expect({ status: answered.status, json: answered.json }).toEqual({ status: 200, json: undefined })
      await settled()
      const both = { PrimaryKey: entry(KeyId, there), ReplicaKeys: [entry(KeyId, home)] }
      expect(await describeIn(home, KeyId)).toMatchObject({
        KeyState: 'Enabled',
        MultiRegionConfiguration: { MultiRegionKeyType: 'REPLICA', ...both },
      })
      expect(await describeIn(there, KeyId)).toMatchObject({
        KeyState: 'Enabled',
        MultiRegionConfiguration: { MultiRegionKeyType: 'PRIMARY', ...both },
      })
    })

    test('from then on the other rotates and replicates, and this one no longer', async () => {
      const KeyId = await freshPair(house())
      await promote(KeyId)
      await settled()
      const isNoPrimary = { name: 'UnsupportedOperationException', status: 400 }
      expect(await refused(kms(house()).send(new RotateKeyOnDemandCommand({ KeyId })))).toMatchObject(isNoPrimary)
      expect(await refusedPromotion(KeyId, there)).toMatchObject(isNoPrimary)
      const replicating = new ReplicateKeyCommand({ KeyId, ReplicaRegion: home })
      expect((await refused(kms(house(), alice, there).send(replicating))).name).toBe('AlreadyExistsException')

      await kms(house(), alice, there).send(new RotateKeyOnDemandCommand({ KeyId }))
      await settled()
      const { CiphertextBlob } = await kms(house()).send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('new') }))
      const opened = await kms(house(), alice, there).send(new DecryptCommand({ CiphertextBlob }))
      expect(Buffer.from(opened.Plaintext!).toString()).toBe('new')
    })

    test('the automatic rotation goes on at the new primary, once for every period', async () => {
      const KeyId = await freshPair(house())
      await kms(house()).send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
      await house().pass(30 * day)
      await promote(KeyId)
      await settled()
      await house().pass(60 * day)
      await house().pass(90 * day)
      await settled()
      for (const region of [home, there]) {
        const client = kms(house(), alice, region)
        const { Rotations } = await client.send(new ListKeyRotationsCommand({ KeyId }))
        const status = await client.send(new GetKeyRotationStatusCommand({ KeyId }))
        expect({ types: Rotations!.map(({ RotationType }) => RotationType), status }).toMatchObject({
          types: ['AUTOMATIC', 'AUTOMATIC'],
          status: { KeyRotationEnabled: true, NextRotationDate: new Date(house().clock.now() + 90 * day) },
        })
      }
    })

    test('and back again', async () => {
      const KeyId = await freshPair(house())
      await promote(KeyId)
      await settled()
      await promote(KeyId, home, there)
      await settled()
      expect((await describeIn(home, KeyId)).MultiRegionConfiguration).toEqual({
        MultiRegionKeyType: 'PRIMARY',
        PrimaryKey: entry(KeyId, home),
        ReplicaKeys: [entry(KeyId, there)],
      })
    })

    test('a Region without a replica has no such key, the Region of the primary is none to change to', async () => {
      const KeyId = await freshPrimary(house())
      expect(await refusedPromotion(KeyId)).toEqual({
        ...doesNotExist(arnOfKey(KeyId, alice, there)),
        status: 400,
      })
      expect(await refusedPromotion(KeyId, 'ap-south-1')).toEqual({
        ...doesNotExist(arnOfKey(KeyId, alice, 'ap-south-1')),
        status: 400,
      })
      expect(await refusedPromotion(KeyId, home)).toEqual({
        name: 'UnsupportedOperationException',
        message: `${arnOfKey(KeyId)} is the multi-region primary key already.`,
        status: 400,
      })
    })

    test('only a primary has it to give: no replica, no key of a single Region', async () => {
      const single = await freshKey(house())
      const pair = await freshPair(house())
      const isNoPrimary = (arn: string) => ({
        name: 'UnsupportedOperationException',
        message: `${arn} is not a multi-region primary key.`,
        status: 400,
      })
      expect(await refusedPromotion(single)).toEqual(isNoPrimary(arnOfKey(single)))
      expect(await refusedPromotion(pair, home, there)).toEqual(isNoPrimary(arnOfKey(pair, alice, there)))
    })

    test('leaves a record in both Regions', async () => {
      const KeyId = await freshPair(house())
      const { $metadata } = await promote(KeyId)
      await settled()
      expect(await trailOf(house(), $metadata.requestId!)).toMatchObject({
        eventName: 'UpdatePrimaryRegion',
        readOnly: false,
        awsRegion: home,
        requestParameters: { keyId: KeyId, primaryRegion: there },
        responseElements: { keyId: arnOfKey(KeyId) },
        resources: [{ accountId: alice.account, type: 'AWS::KMS::Key', ARN: arnOfKey(KeyId) }],
      })
      const all = await house().house.log.all({ after: 0, categories: ['trail'], limit: 100_000 })
      const names = all
        .map(({ data }) => data as { eventName: string; resources?: { ARN: string }[] })
        .filter(({ resources }) => resources?.[0]?.ARN === arnOfKey(KeyId, alice, there))
        .map(({ eventName }) => eventName)
      expect(names).toEqual(['CreateKey', 'SynchronizeMultiRegionKey', 'UpdatePrimaryRegion'])
    })
  })
})
