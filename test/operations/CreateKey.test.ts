import {
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DescribeKeyCommand,
  GetKeyPolicyCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { alice, arnOf } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  kms,
  lastChange,
  openHouse,
  refused,
  serializationRoom,
  trailOf,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const input = () => ({})

const create = async (what: CreateKeyCommandInput, region = 'us-east-1') =>
  (await kms(house(), alice, region).send(new CreateKeyCommand(what))).KeyMetadata!
/** The refusal, after which nothing new stands in the ledger. */
const refusedCreate = async (what: CreateKeyCommandInput) => {
  const before = await lastChange(house())
  const refusal = await refused(create(what))
  expect(await lastChange(house(), before)).toBe(before)
  return refusal
}
const tag = (TagKey: string, TagValue = 'x') => ({ TagKey, TagValue })

describe('CreateKey', () => {
  describe('serialization', () => {
    serializationRoom(house, 'CreateKey', input)
  })

  describe('validation', () => {
    validationRoom(house, 'CreateKey', input)

    const wordless = (name: string) => ({ name, status: 400 })
    const validation = (message: string) => ({ ...wordless('ValidationException'), message })

    test('a key that is not symmetric needs a KeyUsage', async () => {
      expect(await refusedCreate({ KeySpec: 'RSA_2048' })).toEqual(
        validation('You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.'),
      )
      expect(await refusedCreate({ CustomerMasterKeySpec: 'ECC_NIST_P256' })).toEqual(
        validation('You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.'),
      )
    })
    test.each([
      ['KEY_AGREEMENT', 'RSA_2048'],
      ['SIGN_VERIFY', 'SYMMETRIC_DEFAULT'],
      ['GENERATE_VERIFY_MAC', 'ECC_NIST_P256'],
      ['ENCRYPT_DECRYPT', 'HMAC_256'],
      ['ENCRYPT_DECRYPT', 'ML_KEM_768'],
      ['ENCAPSULATE_DECAPSULATE', 'ML_DSA_65'],
    ] as const)('the usage %s does not go with the spec %s', async (KeyUsage, KeySpec) => {
      expect(await refusedCreate({ KeyUsage, KeySpec })).toEqual(
        validation(`KeyUsage ${KeyUsage} is not compatible with KeySpec ${KeySpec}`),
      )
    })
    test('KeySpec and its deprecated twin do not come together', async () => {
      expect(
        await refusedCreate({ KeySpec: 'SYMMETRIC_DEFAULT', CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT' }),
      ).toMatchObject(wordless('ValidationException'))
    })

    test('a tag key comes once', async () => {
      expect(await refusedCreate({ Tags: [tag('a'), tag('b'), tag('a')] })).toEqual({
        ...wordless('TagException'),
        message: 'Duplicate tag keys',
      })
    })
    test('a key has at most fifty tags', async () => {
      expect(await refusedCreate({ Tags: Array.from({ length: 51 }, (_, n) => tag(`tag-${n}`)) })).toEqual({
        ...wordless('TagException'),
        message: 'Too many tags',
      })
    })
    test.each(['aws:team', 'AWS:team', 'aWs:'])('the tag key %s is reserved', async (TagKey) => {
      expect(await refusedCreate({ Tags: [tag(TagKey)] })).toEqual({
        ...wordless('TagException'),
        message: 'Tags beginning with aws: are reserved',
      })
    })

    test('a policy is JSON and an IAM policy', async () => {
      expect(await refusedCreate({ Policy: 'no JSON' })).toMatchObject(wordless('MalformedPolicyDocumentException'))
      expect(
        await refusedCreate({ Policy: '{"Version":"2012-10-17","Statement":[{"Effect":"Perhaps"}]}' }),
      ).toMatchObject(wordless('MalformedPolicyDocumentException'))
    })
    test('a policy has at most 32 KiB', async () => {
      const policy = (length: number) => JSON.stringify(allOfAccount).padEnd(length)
      expect(await refusedCreate({ Policy: policy(32 * 1024 + 1) })).toMatchObject(wordless('LimitExceededException'))
      const { KeyId } = await create({ Policy: policy(32 * 1024) })
      expect(KeyId).toBeDefined()
    })

    test.each(['EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE'] as const)(
      'keys of origin %s are not made here yet',
      async (Origin) => {
        expect(await refusedCreate({ Origin })).toMatchObject(wordless('UnsupportedOperationException'))
      },
    )
    test.each([
      ['RSA_4096', 'SIGN_VERIFY'],
      ['HMAC_256', 'GENERATE_VERIFY_MAC'],
      ['ML_KEM_768', 'ENCAPSULATE_DECAPSULATE'],
    ] as const)('keys of spec %s are not made here yet', async (KeySpec, KeyUsage) => {
      expect(await refusedCreate({ KeySpec, KeyUsage })).toMatchObject(wordless('UnsupportedOperationException'))
    })
    test('there are no custom key stores here', async () => {
      expect(await refusedCreate({ CustomKeyStoreId: 'cks-1234567890abcdef0' })).toMatchObject(
        wordless('CustomKeyStoreNotFoundException'),
      )
      expect(await refusedCreate({ XksKeyId: 'bb8562717f809024' })).toMatchObject({ status: 400 })
    })
  })

  describe('authorization', () => {
    authorizationRoom(house, 'CreateKey', input)
  })

  const allOfAccount = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${alice.account}:root` }, Action: 'kms:*', Resource: '*' },
    ],
  }
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

  describe('function', () => {
    test('asked for nothing, it makes a symmetric key, enabled at once', async () => {
      const metadata = await create({})
      const { KeyId, CurrentKeyMaterialId } = metadata
      expect(metadata).toEqual({
        AWSAccountId: '111122223333',
        KeyId,
        Arn: `arn:aws:kms:us-east-1:111122223333:key/${KeyId}`,
        CreationDate: new Date(house().clock.now()),
        Enabled: true,
        Description: '',
        KeyUsage: 'ENCRYPT_DECRYPT',
        KeyState: 'Enabled',
        Origin: 'AWS_KMS',
        KeyManager: 'CUSTOMER',
        CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
        KeySpec: 'SYMMETRIC_DEFAULT',
        EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
        MultiRegion: false,
        CurrentKeyMaterialId,
      })
      expect(KeyId).toMatch(uuid)
      expect(CurrentKeyMaterialId).toMatch(/^[0-9a-f]{64}$/)
      const described = await kms(house()).send(new DescribeKeyCommand({ KeyId }))
      expect(described.KeyMetadata).toEqual(metadata)
    })

    test('the same asked for in so many words is the same', async () => {
      const { KeyId: _, Arn: __, CurrentKeyMaterialId: ___, ...plain } = await create({})
      const said = await create({
        KeySpec: 'SYMMETRIC_DEFAULT',
        KeyUsage: 'ENCRYPT_DECRYPT',
        Origin: 'AWS_KMS',
        MultiRegion: false,
        Description: '',
        BypassPolicyLockoutSafetyCheck: false,
        Tags: [],
      })
      expect(said).toMatchObject(plain)
      expect(await create({ CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT' })).toMatchObject(plain)
    })

    test('a multi-Region key has an mrk- id and is its own primary, without replicas', async () => {
      const { KeyId, Arn, MultiRegion, MultiRegionConfiguration } = await create({ MultiRegion: true })
      expect(KeyId).toMatch(/^mrk-[0-9a-f]{32}$/)
      expect({ Arn, MultiRegion, MultiRegionConfiguration }).toEqual({
        Arn: arnOfKey(KeyId!),
        MultiRegion: true,
        MultiRegionConfiguration: {
          MultiRegionKeyType: 'PRIMARY',
          PrimaryKey: { Arn: arnOfKey(KeyId!), Region: 'us-east-1' },
          ReplicaKeys: [],
        },
      })
    })

    test('description, policy and tags are kept as they came', async () => {
      const Policy = JSON.stringify(allOfAccount, null, 2)
      const Tags = [tag('team', 'payments'), tag('empty', '')]
      const { KeyId, Description } = await create({ Description: 'für Zahlungen 💶', Policy, Tags })
      const client = kms(house())
      expect(Description).toBe('für Zahlungen 💶')
      expect((await client.send(new GetKeyPolicyCommand({ KeyId }))).Policy).toBe(Policy)
      expect((await client.send(new ListResourceTagsCommand({ KeyId }))).Tags).toEqual([
        tag('empty', ''),
        tag('team', 'payments'),
      ])
    })

    test('without a policy the account may do everything with it', async () => {
      const { KeyId } = await create({})
      const { Policy } = await kms(house()).send(new GetKeyPolicyCommand({ KeyId }))
      expect(JSON.parse(Policy!)).toEqual({
        Version: '2012-10-17',
        Id: 'key-default-1',
        Statement: [
          {
            Sid: 'Enable IAM User Permissions',
            Effect: 'Allow',
            Principal: { AWS: 'arn:aws:iam::111122223333:root' },
            Action: 'kms:*',
            Resource: '*',
          },
        ],
      })
    })

    test('is not idempotent: every call makes another key, of other material', async () => {
      const keys = await Promise.all(Array.from({ length: 8 }, () => create({ Description: 'the same' })))
      expect(new Set(keys.map(({ KeyId }) => KeyId)).size).toBe(8)
      expect(new Set(keys.map(({ CurrentKeyMaterialId }) => CurrentKeyMaterialId)).size).toBe(8)
    })

    test('a key belongs to the region it was made in, and to no other on the same port', async () => {
      const { KeyId, Arn } = await create({}, 'eu-west-1')
      expect(Arn).toBe(arnOfKey(KeyId!, alice, 'eu-west-1'))
      const ids = async (region: string) =>
        (await kms(house(), alice, region).send(new ListKeysCommand({ Limit: 1000 }))).Keys!.map((key) => key.KeyId)
      expect(await ids('eu-west-1')).toContain(KeyId)
      expect(await ids('us-east-1')).not.toContain(KeyId)
      expect(await refused(kms(house()).send(new DescribeKeyCommand({ KeyId })))).toEqual({
        name: 'NotFoundException',
        message: `Key '${arnOfKey(KeyId!)}' does not exist`,
        status: 400,
      })
    })

    test('is one event that says who, when and at which request; no secret among it', async () => {
      const answer = await kms(house()).send(new CreateKeyCommand({ Description: 'told' }))
      const { KeyId, CurrentKeyMaterialId } = answer.KeyMetadata!
      const events = await house().house.log.read(`key-us-east-1.${alice.account}.${KeyId}`)
      expect(events).toMatchObject([
        {
          type: 'KeyCreated',
          version: 1,
          revision: 0,
          time: new Date(house().clock.now()).toISOString(),
          metadata: {
            actor: arnOf(alice),
            requestId: answer.$metadata.requestId,
            region: 'us-east-1',
            account: alice.account,
          },
          data: { keyId: KeyId, description: 'told', materialId: CurrentKeyMaterialId },
        },
      ])
      expect(await trailOf(house(), answer.$metadata.requestId!)).toMatchObject({
        eventName: 'CreateKey',
        eventSource: 'kms.amazonaws.com',
        readOnly: false,
        resources: [{ accountId: alice.account, type: 'AWS::KMS::Key', ARN: arnOfKey(KeyId!) }],
      })
    })

    test('the key is there after a restart', async () => {
      const metadata = await create({ Description: 'to stay', MultiRegion: true })
      await house().restart()
      const { KeyMetadata } = await kms(house()).send(new DescribeKeyCommand({ KeyId: metadata.KeyId }))
      expect(KeyMetadata).toEqual(metadata)
    })
  })
})
