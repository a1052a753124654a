import {
  CreateAliasCommand,
  CreateGrantCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  ListAliasesCommand,
  ListGrantsCommand,
  ListKeyRotationsCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ReplicateKeyCommand,
  type ReplicateKeyCommandInput,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  UpdateKeyDescriptionCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { alice, arnOf, bob } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  day,
  doesNotExist,
  freshKey,
  freshPair,
  freshPrimary,
  isDisabled,
  isPendingDeletion,
  kms,
  lastChange,
  openHouse,
  refused,
  serializationRoom,
  stateRoom,
  trailOf,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const there = 'eu-west-1'
const settled = () => house().house.jobs.settled()
const input = async () => {
  const KeyId = await freshPrimary(house())
  await settled()
  return { KeyId, ReplicaRegion: there }
}

const replicate = (KeyId: string, more: Partial<ReplicateKeyCommandInput> = {}) =>
  kms(house()).send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: there, ...more }))
const describeIn = async (region: string, KeyId: string) =>
  (await kms(house(), alice, region).send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!
/** The refusal, after which nothing new stands in the ledger. */
const refusedReplicate = async (KeyId: string, more: Partial<ReplicateKeyCommandInput> = {}) => {
  await settled()
  const before = await lastChange(house())
  const refusal = await refused(replicate(KeyId, more))
  expect(await lastChange(house(), before)).toBe(before)
  return refusal
}
const tag = (TagKey: string, TagValue = 'x') => ({ TagKey, TagValue })
const rootOf = (account: string) => ({
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${account}:root` },
  Action: 'kms:*',
  Resource: '*',
})
const policyOf = (...Statement: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Statement })

describe('ReplicateKey', () => {
  describe('serialization', () => {
    serializationRoom(house, 'ReplicateKey', input)
  })

  describe('validation', () => {
    validationRoom(house, 'ReplicateKey', input)

    test('an alias is not taken for a key here', async () => {
      expect(await refused(replicate('alias/app'))).toEqual({
        name: 'InvalidArnException',
        message: 'Key Aliases are not supported for this operation.',
        status: 400,
      })
    })
    test.each([
      ['Duplicate tag keys', [tag('a'), tag('b'), tag('a')]],
      ['Too many tags', Array.from({ length: 51 }, (_, n) => tag(`tag-${n}`))],
      ['Tags beginning with aws: are reserved', [tag('aws:team')]],
    ])('%s', async (message, Tags) => {
      expect(await refusedReplicate(await freshPrimary(house()), { Tags })).toEqual({
        name: 'TagException',
        message,
        status: 400,
      })
    })
    test('a policy is an IAM policy, has at most 32 KiB, and does not lock out who puts it', async () => {
      const KeyId = await freshPrimary(house())
      const names = async (Policy: string) => (await refusedReplicate(KeyId, { Policy })).name
      expect([
        await names('no JSON'),
        await names(policyOf(rootOf(alice.account)).padEnd(32 * 1024 + 1)),
        await names(policyOf(rootOf(bob.account))),
      ]).toEqual(['MalformedPolicyDocumentException', 'LimitExceededException', 'MalformedPolicyDocumentException'])
    })
  })

  describe('authorization', () => {
    authorizationRoom(house, 'ReplicateKey', input)
  })

  describe('state', () => {
    stateRoom(
      house,
      'ReplicateKey',
      async (KeyId) => {
        await settled()
        return { KeyId, ReplicaRegion: there }
      },
      {
        Enabled: 'ok',
        Disabled: isDisabled,
        PendingDeletion: isPendingDeletion,
        deleted: doesNotExist,
        unknown: doesNotExist,
      },
      freshPrimary,
    )
  })

  describe('function', () => {
    test('answers a replica that is being created, and its default policy', async () => {
      const KeyId = await freshPrimary(house())
      const { ReplicaKeyMetadata, ReplicaPolicy, ReplicaTags } = await replicate(KeyId)
      const entry = (region: string) => ({ Arn: arnOfKey(KeyId, alice, region), Region: region })
      expect({ ReplicaKeyMetadata, ReplicaTags }).toEqual({
        ReplicaKeyMetadata: {
          AWSAccountId: alice.account,
          KeyId,
          Arn: arnOfKey(KeyId, alice, there),
          CreationDate: new Date(house().clock.now()),
          Enabled: false,
          Description: '',
          KeyUsage: 'ENCRYPT_DECRYPT',
          KeyState: 'Creating',
          Origin: 'AWS_KMS',
          KeyManager: 'CUSTOMER',
          CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
          KeySpec: 'SYMMETRIC_DEFAULT',
          EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
          MultiRegion: true,
          MultiRegionConfiguration: {
            MultiRegionKeyType: 'REPLICA',
            PrimaryKey: entry('us-east-1'),
            ReplicaKeys: [entry(there)],
          },
        },
        ReplicaTags: [],
      })
      expect(JSON.parse(ReplicaPolicy!)).toEqual({
        Version: '2012-10-17',
        Id: 'key-default-1',
        Statement: [{ Sid: 'Enable IAM User Permissions', ...rootOf(alice.account) }],
      })
    })

    test('the primary lists the replica at once, and later the replica is there, of the same material', async () => {
      const KeyId = await freshPrimary(house())
      const answer = await replicate(KeyId, { Description: 'for Europe' })
      const primary = await describeIn('us-east-1', KeyId)
      expect(primary.MultiRegionConfiguration).toEqual({
        ...answer.ReplicaKeyMetadata!.MultiRegionConfiguration,
        MultiRegionKeyType: 'PRIMARY',
      })
      await settled()
      expect(await describeIn(there, KeyId)).toEqual({
        ...answer.ReplicaKeyMetadata,
        Enabled: true,
        KeyState: 'Enabled',
        Description: 'for Europe',
        CurrentKeyMaterialId: primary.CurrentKeyMaterialId,
      })
      const { Keys } = await kms(house(), alice, there).send(new ListKeysCommand({ Limit: 1000 }))
      expect(Keys!.map((key) => key.KeyId)).toContain(KeyId)
    })

    test('what one encrypts the other decrypts', async () => {
      const KeyId = await freshPair(house())
      for (const [from, to] of [
        ['us-east-1', there],
        [there, 'us-east-1'],
      ] as const) {
        const Plaintext = Buffer.from(`from ${from}`)
        const EncryptionContext = { from }
        const sent = new EncryptCommand({ KeyId, Plaintext, EncryptionContext })
        const { CiphertextBlob } = await kms(house(), alice, from).send(sent)
        const opened = await kms(house(), alice, to).send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))
        expect({ text: Buffer.from(opened.Plaintext!).toString(), by: opened.KeyId }).toEqual({
          text: `from ${from}`,
          by: arnOfKey(KeyId, alice, to),
        })
      }
    })

    test('description, policy and tags are as they were given, and each key has its own from then on', async () => {
      const KeyId = await freshPrimary(house())
      const Policy = policyOf(rootOf(alice.account))
      const Tags = [tag('team', 'payments')]
      const answer = await replicate(KeyId, { Description: 'Zweitschlüssel', Policy, Tags })
      expect({ Policy: answer.ReplicaPolicy, Tags: answer.ReplicaTags }).toEqual({ Policy, Tags })
      await settled()
      await kms(house()).send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'first' }))
      await kms(house()).send(new DisableKeyCommand({ KeyId }))
      await kms(house()).send(new CreateAliasCommand({ AliasName: `alias/${KeyId}`, TargetKeyId: KeyId }))
      await settled()
      const client = kms(house(), alice, there)
      expect({
        described: await describeIn(there, KeyId),
        policy: (await client.send(new GetKeyPolicyCommand({ KeyId }))).Policy,
        tags: (await client.send(new ListResourceTagsCommand({ KeyId }))).Tags,
        aliases: (await client.send(new ListAliasesCommand({ KeyId }))).Aliases,
        first: (await kms(house()).send(new ListResourceTagsCommand({ KeyId }))).Tags,
      }).toMatchObject({
        described: { Description: 'Zweitschlüssel', KeyState: 'Enabled', Enabled: true },
        policy: Policy,
        tags: Tags,
        aliases: [],
        first: [],
      })
    })

    test('there is one replica to a Region, and none where the primary is', async () => {
      const KeyId = await freshPair(house())
      const exists = (region: string) => ({
        name: 'AlreadyExistsException',
        message: `Key '${arnOfKey(KeyId, alice, region)}' already exists`,
        status: 400,
      })
      expect(await refusedReplicate(KeyId)).toEqual(exists(there))
      expect(await refusedReplicate(KeyId, { ReplicaRegion: 'us-east-1' })).toEqual(exists('us-east-1'))
    })

    test('a Region that this deployment does not know is not supported', async () => {
      expect(await refusedReplicate(await freshPrimary(house()), { ReplicaRegion: 'ap-south-1' })).toEqual({
        name: 'UnsupportedOperationException',
        message: 'Region ap-south-1 is not supported.',
        status: 400,
      })
    })

    test('only a primary is replicated: no replica, no key of a single Region', async () => {
      const single = await freshKey(house())
      const replica = await freshPair(house())
      const isNoPrimary = (arn: string) => ({
        name: 'UnsupportedOperationException',
        message: `${arn} is not a multi-region primary key.`,
        status: 400,
      })
      expect(await refusedReplicate(single)).toEqual(isNoPrimary(arnOfKey(single)))
      const client = kms(house(), alice, there)
      expect(
        await refused(client.send(new ReplicateKeyCommand({ KeyId: replica, ReplicaRegion: 'us-east-1' }))),
      ).toEqual(isNoPrimary(arnOfKey(replica, alice, there)))
    })

    test('rotation is one setting and one history of all, made at the primary', async () => {
      const KeyId = await freshPair(house())
      const client = kms(house(), alice, there)
      const noPrimary = { name: 'UnsupportedOperationException', status: 400 }
      expect(await refused(client.send(new EnableKeyRotationCommand({ KeyId })))).toMatchObject(noPrimary)
      expect(await refused(client.send(new RotateKeyOnDemandCommand({ KeyId })))).toMatchObject(noPrimary)

      const before = new EncryptCommand({ KeyId, Plaintext: Buffer.from('old') })
      const { CiphertextBlob } = await kms(house()).send(before)
      await kms(house()).send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
      await kms(house()).send(new RotateKeyOnDemandCommand({ KeyId }))
      await house().pass(90 * day)
      await settled()
      const seen = async (region: string) => {
        const asking = kms(house(), alice, region)
        const { $metadata: _, KeyId: __, ...status } = await asking.send(new GetKeyRotationStatusCommand({ KeyId }))
        const { Rotations } = await asking.send(new ListKeyRotationsCommand({ KeyId }))
        const { CurrentKeyMaterialId } = await describeIn(region, KeyId)
        const { Plaintext } = await asking.send(new DecryptCommand({ CiphertextBlob }))
        return { status, Rotations, CurrentKeyMaterialId, text: Buffer.from(Plaintext!).toString() }
      }
      const here = await seen('us-east-1')
      expect(here).toMatchObject({
        status: { KeyRotationEnabled: true, RotationPeriodInDays: 90 },
        Rotations: [{ RotationType: 'ON_DEMAND' }, { RotationType: 'AUTOMATIC' }],
        text: 'old',
      })
      expect(await seen(there)).toEqual(here)
    })

    test('a deleted replica can be made again: a new key of the same material, with nothing of the old one', async () => {
      const KeyId = await freshPair(house())
      const client = kms(house(), alice, there)
      const AliasName = `alias/${KeyId}`
      await client.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyId }))
      await client.send(
        new CreateGrantCommand({ KeyId, GranteePrincipal: arnOf(bob), Operations: ['Encrypt', 'DescribeKey'] }),
      )
      const asBob = () =>
        kms(house(), bob, there).send(
          new EncryptCommand({ KeyId: arnOfKey(KeyId, alice, there), Plaintext: Buffer.from('x') }),
        )
      await asBob()
      const sent = new EncryptCommand({ KeyId, Plaintext: Buffer.from('kept by the primary') })
      const { CiphertextBlob } = await client.send(sent)
      await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
      // Until it is deleted, it is there.
      expect((await refusedReplicate(KeyId)).name).toBe('AlreadyExistsException')
      await house().pass(7 * day)
      expect((await refused(describeIn(there, KeyId))).name).toBe('NotFoundException')
      expect((await describeIn('us-east-1', KeyId)).MultiRegionConfiguration!.ReplicaKeys).toEqual([])

      await replicate(KeyId, { Description: 'again' })
      await settled()
      expect(await describeIn(there, KeyId)).toMatchObject({ Description: 'again', KeyState: 'Enabled' })
      const opened = await client.send(new DecryptCommand({ CiphertextBlob }))
      expect(Buffer.from(opened.Plaintext!).toString()).toBe('kept by the primary')
      expect((await refused(asBob())).name).toBe('AccessDeniedException')
      expect((await client.send(new ListGrantsCommand({ KeyId }))).Grants).toEqual([])
      expect((await client.send(new ListAliasesCommand({ KeyId }))).Aliases).toEqual([])
      await house().restart()
      expect((await refused(asBob())).name).toBe('AccessDeniedException')
    })

    test('leaves a record in both Regions: the request here, the creation there', async () => {
      const KeyId = await freshPrimary(house())
      const { $metadata } = await replicate(KeyId, { Tags: [tag('a')] })
      await settled()
      const record = await trailOf(house(), $metadata.requestId!)
      expect(record).toMatchObject({
        eventName: 'ReplicateKey',
        readOnly: false,
        awsRegion: 'us-east-1',
        requestParameters: {
          keyId: KeyId,
          replicaRegion: there,
          bypassPolicyLockoutSafetyCheck: false,
          description: '',
          tags: [{ tagKey: 'a', tagValue: 'x' }],
        },
        responseElements: {
          replicaKeyMetadata: { arn: arnOfKey(KeyId, alice, there), keyState: 'Creating', enabled: false },
        },
        resources: [{ accountId: alice.account, type: 'AWS::KMS::Key', ARN: arnOfKey(KeyId) }],
      })
      const all = await house().house.log.all({ after: 0, categories: ['trail'], limit: 100_000 })
      const internal = all
        .map(({ data }) => data as { eventName: string; awsRegion: string; resources?: { ARN: string }[] })
        .filter(({ resources }) => resources?.[0]?.ARN === arnOfKey(KeyId, alice, there))
      expect(internal).toMatchObject(
        ['CreateKey', 'SynchronizeMultiRegionKey'].map((eventName) => ({
          eventName,
          awsRegion: there,
          userIdentity: { accountId: alice.account, invokedBy: 'AWS Internal' },
          responseElements: { keyId: arnOfKey(KeyId, alice, there) },
        })),
      )
    })

    test('both keys are there after a restart, and what was not yet told is told then', async () => {
      const KeyId = await freshPrimary(house())
      await replicate(KeyId)
      await house().restart()
      await settled()
      expect(await describeIn(there, KeyId)).toMatchObject({ KeyState: 'Enabled' })
      await kms(house()).send(new RotateKeyOnDemandCommand({ KeyId }))
      await house().restart()
      await settled()
      const [here, other] = [await describeIn('us-east-1', KeyId), await describeIn(there, KeyId)]
      expect(other.CurrentKeyMaterialId).toBe(here.CurrentKeyMaterialId)
    })
  })
})
