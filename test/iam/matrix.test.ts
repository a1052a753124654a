import {
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  EnableKeyRotationCommand,
  type GrantOperation,
  PutKeyPolicyCommand,
  ReplicateKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { CreateAccessKeyCommand, CreateUserCommand, type IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam'
import { kms as rows } from '@keyledger/command'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { arnOfKey, raw, refusalOf } from '../support/asking.ts'
import { type Person, type TestHouse, alice, arnOf, testHouse } from '../support/house.ts'

/** How a request for an operation is made, by alice, on a key of hers that is made for it. */
interface Column {
  /** IAM alone decides: what a key policy or a grant says is of no account. */
  readonly byIamAlone?: true
  /** The alias is a resource of its own, which no key policy speaks about. */
  readonly alias?: true
  /** Of the key in its other Region IAM decides. */
  readonly elsewhere?: true
  /** Makes the key, with this policy; a key of a single Region unless it is said. */
  readonly made?: (house: TestHouse, Policy: string) => Promise<string>
  /** What a grant may name; absent where no grant can give it. */
  readonly grant?: readonly GrantOperation[]
  readonly body: (keyId: string, house: TestHouse) => object | Promise<object>
}

let aliases = 0
const freshAlias = () => `alias/matrix-${aliases++}`
const ciphertext = async (keyId: string, house: TestHouse): Promise<string> => {
  const { CiphertextBlob } = await house
    .kms()
    .send(new EncryptCommand({ KeyId: keyId, Plaintext: Buffer.from('attack at dawn') }))
  return Buffer.from(CiphertextBlob!).toString('base64')
}
const onKey = (keyId: string) => ({ KeyId: keyId })

const single = async (house: TestHouse, Policy: string): Promise<string> =>
  (await house.kms().send(new CreateKeyCommand({ Policy }))).KeyMetadata!.KeyId!
const primary = async (house: TestHouse, Policy: string): Promise<string> =>
  (await house.kms().send(new CreateKeyCommand({ Policy, MultiRegion: true }))).KeyMetadata!.KeyId!
const pair = async (house: TestHouse, Policy: string): Promise<string> => {
  const KeyId = await primary(house, Policy)
  await house.kms().send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'eu-west-1', Policy }))
  await house.house.jobs.settled()
  return KeyId
}

const columns: Readonly<Record<string, Column>> = {
  CancelKeyDeletion: {
    body: async (KeyId, house) => {
      await house.kms().send(new ScheduleKeyDeletionCommand({ KeyId }))
      return { KeyId }
    },
  },
  CreateAlias: { alias: true, body: (TargetKeyId) => ({ AliasName: freshAlias(), TargetKeyId }) },
  CreateKey: { byIamAlone: true, body: () => ({}) },
  Decrypt: {
    grant: ['Decrypt'],
    body: async (keyId, house) => ({ CiphertextBlob: await ciphertext(keyId, house) }),
  },
  DeleteAlias: {
    alias: true,
    body: async (TargetKeyId, house) => {
      const AliasName = freshAlias()
      await house.kms().send(new CreateAliasCommand({ AliasName, TargetKeyId }))
      return { AliasName }
    },
  },
  DescribeKey: { grant: ['DescribeKey'], body: onKey },
  DisableKey: { body: onKey },
  DisableKeyRotation: { body: onKey },
  EnableKey: {
    body: async (KeyId, house) => {
      await house.kms().send(new DisableKeyCommand({ KeyId }))
      return { KeyId }
    },
  },
  EnableKeyRotation: { body: onKey },
  Encrypt: { grant: ['Encrypt'], body: (KeyId) => ({ KeyId, Plaintext: 'AAAA' }) },
  GenerateDataKey: { grant: ['GenerateDataKey'], body: (KeyId) => ({ KeyId, KeySpec: 'AES_256' }) },
  GenerateDataKeyWithoutPlaintext: {
    grant: ['GenerateDataKeyWithoutPlaintext'],
    body: (KeyId) => ({ KeyId, KeySpec: 'AES_256' }),
  },
  GenerateRandom: { byIamAlone: true, body: () => ({ NumberOfBytes: 8 }) },
  GetKeyLastUsage: { body: onKey },
  GetKeyPolicy: { body: onKey },
  GetKeyRotationStatus: {
    body: async (KeyId, house) => {
      await house.kms().send(new EnableKeyRotationCommand({ KeyId }))
      return { KeyId }
    },
  },
  ListAliases: { byIamAlone: true, body: () => ({}) },
  ListKeyPolicies: { body: onKey },
  ListKeyRotations: { body: onKey },
  ListKeys: { byIamAlone: true, body: () => ({}) },
  ListResourceTags: { body: onKey },
  PutKeyPolicy: {
    body: (KeyId) => ({ KeyId, Policy: policyOf(open), BypassPolicyLockoutSafetyCheck: true }),
  },
  ReEncrypt: {
    grant: ['ReEncryptFrom', 'ReEncryptTo'],
    body: async (keyId, house) => ({ CiphertextBlob: await ciphertext(keyId, house), DestinationKeyId: keyId }),
  },
  ReplicateKey: { elsewhere: true, made: primary, body: (KeyId) => ({ KeyId, ReplicaRegion: 'eu-west-1' }) },
  RotateKeyOnDemand: { body: onKey },
  ScheduleKeyDeletion: { body: onKey },
  TagResource: { body: (KeyId) => ({ KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] }) },
  UntagResource: { body: (KeyId) => ({ KeyId, TagKeys: ['a'] }) },
  UpdateAlias: {
    alias: true,
    body: async (TargetKeyId, house) => {
      const AliasName = freshAlias()
      await house.kms().send(new CreateAliasCommand({ AliasName, TargetKeyId }))
      return { AliasName, TargetKeyId }
    },
  },
  UpdateKeyDescription: { body: (KeyId) => ({ KeyId, Description: 'another' }) },
  UpdatePrimaryRegion: { made: pair, body: (KeyId) => ({ KeyId, PrimaryRegion: 'eu-west-1' }) },
}
/** Their own tests say who may: a grant is retired by whom it names. */
const grantsOwn = ['CreateGrant', 'ListGrants', 'ListRetirableGrants', 'RetireGrant', 'RevokeGrant']

const root = {
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${alice.account}:root` },
  Action: 'kms:*',
  Resource: '*',
}
const open = [root]
const policyOf = (statements: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements })
const everything = (Effect: 'Allow' | 'Deny') => ({ Effect, Action: ['kms:*'], Resource: '*' })

let house: TestHouse
const people: Record<string, Person> = {}
/** A user of alice's account with these identity policies. */
const newcomer = async (iam: IAMClient, name: string, ...policies: readonly object[]): Promise<void> => {
  await iam.send(new CreateUserCommand({ UserName: name }))
  for (const [index, statement] of policies.entries())
    await iam.send(
      new PutUserPolicyCommand({ UserName: name, PolicyName: `p${index}`, PolicyDocument: policyOf([statement]) }),
    )
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: name }))
  people[name] = {
    account: alice.account,
    name,
    accessKeyId: AccessKey!.AccessKeyId!,
    secretAccessKey: AccessKey!.SecretAccessKey!,
  }
}

beforeAll(async () => {
  house = await testHouse()
  const iam = house.iam()
  await newcomer(iam, 'nobody')
  await newcomer(iam, 'permitted', everything('Allow'))
  await newcomer(iam, 'denied', everything('Allow'), everything('Deny'))
  await newcomer(iam, 'barred', everything('Deny'))
})
afterAll(() => house[Symbol.asyncDispose]())

const keyFor = (operation: string, ...statements: readonly object[]): Promise<string> =>
  (columns[operation]!.made ?? single)(house, policyOf([...open, ...statements]))
const naming = (Effect: 'Allow' | 'Deny', name: string) => ({
  Effect,
  Principal: { AWS: arnOf(people[name]!) },
  Action: 'kms:*',
  Resource: '*',
})
const granted = (KeyId: string, name: string, Operations: readonly GrantOperation[]) =>
  house
    .kms()
    .send(new CreateGrantCommand({ KeyId, GranteePrincipal: arnOf(people[name]!), Operations: [...Operations] }))

type Outcome = 'allowed' | 'refused' | 'explicitly denied'
const outcome = async (operation: string, name: string, keyId: string): Promise<Outcome> => {
  const body = await columns[operation]!.body(keyId, house)
  const answered = await raw(house, { operation, body, person: people[name]! })
  if (answered.status === 200) return 'allowed'
  const { name: code, message } = refusalOf(answered)
  if (code !== 'AccessDeniedException') throw new Error(`${code}: ${message}`)
  // Whoever is refused a ciphertext's key is told nothing; the trail says why.
  return /explicit deny/.test(message) ? 'explicitly denied' : 'refused'
}
/** What a caller without permission hears of an explicit deny: nothing, where the ciphertext alone names the key. */
const deniedOf = (operation: string): Outcome => (operation === 'Decrypt' ? 'refused' : 'explicitly denied')

test('the matrix has every operation in it', () => {
  const supported = Object.keys(rows).filter((name) => !grantsOwn.includes(name))
  expect(Object.keys(columns).toSorted()).toEqual(supported.toSorted())
})

const all = Object.entries(columns)
const ofKeys = all.filter(([, { byIamAlone }]) => !byIamAlone)
const grantable = all.filter(([, { grant }]) => grant)
const ungrantable = ofKeys.filter(([, { grant, alias }]) => !grant && !alias)

describe.each(all)('%s', (operation, { byIamAlone, alias, elsewhere }) => {
  test('is refused to who has no permission', async () => {
    expect(await outcome(operation, 'nobody', await keyFor(operation))).toBe('refused')
  })

  test('is allowed by the key policy, unless that has no say', async () => {
    const keyId = await keyFor(operation, naming('Allow', 'nobody'))
    expect(await outcome(operation, 'nobody', keyId)).toBe(byIamAlone || alias || elsewhere ? 'refused' : 'allowed')
  })

  test('is allowed by IAM, through root', async () => {
    expect(await outcome(operation, 'permitted', await keyFor(operation))).toBe('allowed')
  })

  test("is refused again by an explicit deny of the caller's own policies", async () => {
    const said = byIamAlone || alias ? 'explicitly denied' : deniedOf(operation)
    for (const name of ['denied', 'barred'])
      expect(await outcome(operation, name, await keyFor(operation, naming('Allow', name)))).toBe(said)
  })
})

test.each(ofKeys)('%s is refused again by an explicit deny of the key policy', async (operation) => {
  const keyId = await keyFor(operation, naming('Allow', 'permitted'), naming('Deny', 'permitted'))
  expect(await outcome(operation, 'permitted', keyId)).toBe(deniedOf(operation))
})

test.each(grantable)(
  '%s is allowed by a grant, and no longer once a policy denies it',
  async (operation, { grant }) => {
    const keyId = await keyFor(operation)
    await granted(keyId, 'nobody', grant!)
    expect(await outcome(operation, 'nobody', keyId)).toBe('allowed')
    const Policy = policyOf([...open, naming('Deny', 'nobody')])
    await house.kms().send(new PutKeyPolicyCommand({ KeyId: keyId, Policy }))
    expect(await outcome(operation, 'nobody', keyId)).toBe(deniedOf(operation))
  },
)

test.each(ungrantable)('%s cannot be granted', async (operation) => {
  const keyId = await keyFor(operation)
  await expect(granted(keyId, 'nobody', [operation as GrantOperation])).rejects.toThrow('enum value set')
})

test('a refusal says who, what, on which key, and which kind of policy it was', async () => {
  const keyId = await keyFor('DescribeKey')
  const refusal = async (name: string, operation: string, body: object) =>
    refusalOf(await raw(house, { operation, body, person: people[name]! })).message
  const who = (name: string) => `User: ${arnOf(people[name]!)} is not authorized to perform: `
  expect([
    await refusal('nobody', 'DescribeKey', { KeyId: keyId }),
    await refusal('barred', 'DescribeKey', { KeyId: keyId }),
    await refusal('nobody', 'ListKeys', {}),
  ]).toEqual([
    `${who('nobody')}kms:DescribeKey on resource: ${arnOfKey(keyId)} because no identity-based policy allows the kms:DescribeKey action`,
    `${who('barred')}kms:DescribeKey on resource: ${arnOfKey(keyId)} with an explicit deny in an identity-based policy`,
    `${who('nobody')}kms:ListKeys on resource: * because no identity-based policy allows the kms:ListKeys action`,
  ])
})
