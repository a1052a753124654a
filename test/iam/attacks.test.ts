import { AssumeRoleCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts'
import { CreateAccessKeyCommand, CreateRoleCommand, PutUserPolicyCommand } from '@aws-sdk/client-iam'
import {
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  ListAliasesCommand,
  ListGrantsCommand,
  RetireGrantCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { arnOfKey, raw, refusalOf } from '../support/asking.ts'
import { administrator, alice, arnOf, bob, type Person, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
beforeAll(async () => {
  house = await testHouse()
})
afterAll(() => house[Symbol.asyncDispose]())

const document = (...Statement: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Statement })
const harmless = { Effect: 'Deny', Action: 'kms:ListKeys', Resource: 'arn:aws:kms:us-east-1:000000000000:key/none' }
/** Replaces the person's second policy; with no statement, by one that says nothing. */
const put = (person: Person, ...statements: readonly object[]) =>
  house.iam(person).send(
    new PutUserPolicyCommand({
      UserName: person.name,
      PolicyName: 'of-the-attack',
      PolicyDocument: document(...(statements.length > 0 ? statements : [harmless])),
    }),
  )

test('whoever writes Deny for themselves learns nothing of the keys and aliases of others', async () => {
  const { KeyMetadata } = await house.kms().send(new CreateKeyCommand({}))
  const TargetKeyId = KeyMetadata!.KeyId!
  await house.kms().send(new CreateAliasCommand({ AliasName: 'alias/payroll', TargetKeyId }))
  await put(bob, { Effect: 'Deny', Action: 'kms:DescribeKey', Resource: '*' })
  const ask = async (KeyId: string) =>
    refusalOf(await raw(house, { operation: 'DescribeKey', body: { KeyId }, person: bob })).message.replace(KeyId, 'it')
  const there = ['key', 'alias'].map((kind) =>
    kind === 'key' ? arnOfKey(TargetKeyId) : `arn:aws:kms:us-east-1:${alice.account}:alias/payroll`,
  )
  const nowhere = [
    arnOfKey('11111111-2222-3333-4444-555555555555'),
    `arn:aws:kms:us-east-1:${alice.account}:alias/nothing`,
  ]
  const wanted = `User: ${arnOf(bob)} is not authorized to perform: kms:DescribeKey on resource: it because no resource-based policy allows the kms:DescribeKey action`
  expect(await Promise.all([...there, ...nowhere].map(ask))).toEqual([wanted, wanted, wanted, wanted])
  await put(bob, administrator.Statement[0]!)
})

test('a grant to a role does not reach beyond the session policy of a session', async () => {
  const trust = document({ Effect: 'Allow', Principal: { AWS: arnOf(alice) }, Action: 'sts:AssumeRole' })
  const { Role } = await house
    .iam()
    .send(new CreateRoleCommand({ RoleName: 'limited', AssumeRolePolicyDocument: trust }))
  const { KeyMetadata } = await house.kms().send(new CreateKeyCommand({}))
  const KeyId = KeyMetadata!.KeyId!
  await house
    .kms()
    .send(
      new CreateGrantCommand({ KeyId, GranteePrincipal: Role!.Arn, Operations: ['DescribeKey', 'GenerateDataKey'] }),
    )
  const session = async (Policy: string): Promise<Person> => {
    const { Credentials } = await house
      .sts()
      .send(new AssumeRoleCommand({ RoleArn: Role!.Arn, RoleSessionName: 'now', Policy }))
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = Credentials!
    return { ...alice, accessKeyId: accessKeyId!, secretAccessKey: secretAccessKey!, sessionToken: sessionToken! }
  }
  const status = async (operation: string, person: Person) => {
    const headers = { 'x-amz-security-token': person.sessionToken! }
    const body = operation === 'DescribeKey' ? { KeyId } : { KeyId, KeySpec: 'AES_256' }
    return (await raw(house, { operation, body, person, headers })).status
  }
  const narrow = await session(document({ Effect: 'Allow', Action: 'kms:DescribeKey', Resource: '*' }))
  expect([await status('DescribeKey', narrow), await status('GenerateDataKey', narrow)]).toEqual([200, 400])
})

test('a grant to a session is not limited by the session policy, as what a key policy gives it is not', async () => {
  const trust = document({ Effect: 'Allow', Principal: { AWS: arnOf(alice) }, Action: 'sts:AssumeRole' })
  const { Role } = await house.iam().send(new CreateRoleCommand({ RoleName: 'named', AssumeRolePolicyDocument: trust }))
  const session = async (RoleSessionName: string): Promise<Person> => {
    const Policy = document({ Effect: 'Allow', Action: 'kms:ListKeys', Resource: '*' })
    const { Credentials } = await house
      .sts()
      .send(new AssumeRoleCommand({ RoleArn: Role!.Arn, RoleSessionName, Policy }))
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = Credentials!
    return { ...alice, accessKeyId: accessKeyId!, secretAccessKey: secretAccessKey!, sessionToken: sessionToken! }
  }
  const [one, other] = [await session('one'), await session('other')]
  const KeyId = (await house.kms().send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!
  const GranteePrincipal = `arn:aws:sts::${alice.account}:assumed-role/named/one`
  const Operations = ['DescribeKey' as const]
  await house
    .kms()
    .send(new CreateGrantCommand({ KeyId, GranteePrincipal, RetiringPrincipal: GranteePrincipal, Operations }))
  const status = async (operation: string, person: Person) => {
    const headers = { 'x-amz-security-token': person.sessionToken! }
    const { Grants } = await house.kms().send(new ListGrantsCommand({ KeyId }))
    const body = operation === 'RetireGrant' ? { KeyId: arnOfKey(KeyId), GrantId: Grants![0]!.GrantId } : { KeyId }
    return (await raw(house, { operation, body, person, headers })).status
  }
  expect([await status('DescribeKey', one), await status('DescribeKey', other)]).toEqual([200, 400])
  expect([await status('RetireGrant', other), await status('RetireGrant', one)]).toEqual([400, 200])
})

test('names that only their case tells apart do not choose for themselves which one a policy sees', async () => {
  const KeyId = (await house.kms().send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!
  const contexts = [
    { tenant: 'secret', Tenant: 'x' },
    { Tenant: 'x', tenant: 'secret' },
  ]
  const encrypt = (EncryptionContext: Record<string, string>) =>
    raw(house, { operation: 'Encrypt', body: { KeyId, Plaintext: 'aGk=', EncryptionContext } })
  const blob = (await encrypt(contexts[0]!)).json?.['CiphertextBlob']
  const decrypt = (EncryptionContext: Record<string, string>) =>
    raw(house, { operation: 'Decrypt', body: { CiphertextBlob: blob, EncryptionContext } })
  const statuses = async (ask: typeof encrypt) =>
    (await Promise.all(contexts.map((context) => ask(context)))).map(({ status }) => status)
  const condition = (operator: string, value: string) => ({
    Resource: '*',
    Condition: { [operator]: { 'kms:EncryptionContext:tenant': value } },
  })
  try {
    expect(await statuses(decrypt)).toEqual([200, 200])
    await put(alice, { Effect: 'Deny', Action: 'kms:Encrypt', ...condition('StringEquals', 'secret') })
    expect(await statuses(encrypt)).toEqual([400, 400])
    await put(alice, { Effect: 'Deny', Action: 'kms:Decrypt', ...condition('StringNotEquals', 'x') })
    expect(await statuses(decrypt)).toEqual([400, 400])
    expect((await encrypt({ tenant: 'x' })).status).toBe(200)
  } finally {
    await put(alice)
  }
})

test('a second tag that differs in case alone does not lift a Deny that names the first', async () => {
  const everything = { Effect: 'Allow', Principal: { AWS: arnOf(alice) }, Action: 'kms:*', Resource: '*' }
  const Policy = document(everything, {
    Effect: 'Deny',
    Principal: '*',
    Action: 'kms:Encrypt',
    Resource: '*',
    Condition: { StringEquals: { 'aws:username': '${aws:ResourceTag/blocked}' } },
  })
  const Tags = [{ TagKey: 'blocked', TagValue: 'alice' }]
  const KeyId = (await house.kms().send(new CreateKeyCommand({ Policy, Tags }))).KeyMetadata!.KeyId!
  const encrypt = async () => (await raw(house, { operation: 'Encrypt', body: { KeyId, Plaintext: 'aGk=' } })).status
  expect(await encrypt()).toBe(400)
  await house.kms().send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'Blocked', TagValue: 'x' }] }))
  expect(await encrypt()).toBe(400)
  await house.kms().send(new UntagResourceCommand({ KeyId, TagKeys: ['blocked'] }))
  expect(await encrypt()).toBe(200)
})

test('what comes from a database is asked for once, however often a policy names it', async () => {
  const KeyId = (await house.kms().send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!
  const names = "${kms:ResourceAliases,''}".repeat(60)
  const Condition = { 'ForAnyValue:StringLike': { 'kms:EncryptionContextKeys': names } }
  const { lists } = house.house.world
  const { aliases } = lists
  let asked = 0
  try {
    await put(alice, { Effect: 'Deny', Action: 'kms:Encrypt', Resource: '*', Condition })
    Object.assign(lists, { aliases: (...page: Parameters<typeof aliases>) => (asked++, aliases(...page)) })
    const EncryptionContext = Object.fromEntries(Array.from({ length: 700 }, (_, at) => [`k${at}`, 'v']))
    const body = { KeyId, Plaintext: 'aGk=', EncryptionContext }
    expect([(await raw(house, { operation: 'Encrypt', body })).status, asked]).toEqual([200, 1])
  } finally {
    Object.assign(lists, { aliases })
    await put(alice)
  }
})

test('an alias is no way into what the policy of a key closes', async () => {
  const Policy = document(
    { Effect: 'Allow', Principal: { AWS: arnOf(alice) }, Action: 'kms:*', Resource: '*' },
    {
      Effect: 'Allow',
      Principal: { AWS: arnOf(bob) },
      Action: 'kms:DescribeKey',
      Resource: '*',
      Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/open-sesame' } },
    },
  )
  const { KeyMetadata } = await house.kms().send(new CreateKeyCommand({ Policy }))
  await house.kms().send(new CreateAliasCommand({ AliasName: 'alias/open-sesame', TargetKeyId: KeyMetadata!.KeyId! }))
  const asked = { operation: 'DescribeKey', body: { KeyId: KeyMetadata!.Arn }, person: bob }
  expect((await raw(house, asked)).status).toBe(400)
})

test('an account is the same principal to a condition, by its id and by its ARN', async () => {
  const KeyId = (await house.kms().send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!
  const names = [bob.account, `arn:aws:iam::${bob.account}:root`]
  const grant = async (members: object) =>
    (
      await raw(house, {
        operation: 'CreateGrant',
        body: { KeyId, GranteePrincipal: arnOf(alice), Operations: ['Decrypt'], ...members },
      })
    ).status
  try {
    for (const name of ['GranteePrincipal', 'RetiringPrincipal']) {
      const Condition = { ArnLike: { [`kms:${name}`]: `arn:aws:iam::${bob.account}:*` } }
      await put(alice, { Effect: 'Deny', Action: 'kms:CreateGrant', Resource: '*', Condition })
      expect(await Promise.all(names.map((account) => grant({ [name]: account })))).toEqual([400, 400])
    }
    await put(alice)
    expect(await Promise.all(names.map((account) => grant({ GranteePrincipal: account })))).toEqual([200, 200])
  } finally {
    await put(alice)
  }
})

test('a condition key that an action does not have opens nothing', async () => {
  const { KeyMetadata } = await house.kms().send(new CreateKeyCommand({}))
  for (const name of ['kms:BypassPolicyLockoutSafetyCheck', 'kms:GrantIsForAWSResource']) {
    const Condition = { Bool: { [name]: 'true' } }
    await put(alice, {
      Effect: 'Deny',
      Action: 'kms:DescribeKey',
      Resource: '*',
      Condition: { Null: { [name]: 'true' } },
    })
    const asked = { operation: 'DescribeKey', body: { KeyId: KeyMetadata!.KeyId } }
    expect(refusalOf(await raw(house, asked)).message).toContain('explicit deny')
    await put(alice, { Effect: 'Deny', Action: 'kms:DescribeKey', Resource: '*', Condition })
    expect((await raw(house, asked)).status).toBe(200)
  }
})

test('a session of a user makes no access key that outlives it', async () => {
  const { Credentials } = await house.sts().send(new GetSessionTokenCommand({ DurationSeconds: 900 }))
  const person: Person = {
    ...alice,
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  }
  await expect(house.iam(person).send(new CreateAccessKeyCommand({}))).rejects.toMatchObject({
    name: 'InvalidClientTokenId',
  })
})

test('an alias that is moved while a request is judged is judged again, for where it points then', async () => {
  const keys = await Promise.all([1, 2, 3].map(() => house.kms().send(new CreateKeyCommand({}))))
  const [before, secret, mine] = keys.map(({ KeyMetadata }) => KeyMetadata!.KeyId!)
  const actions = ['kms:UpdateAlias', 'kms:DeleteAlias']
  await put(alice, { Effect: 'Deny', Action: actions, Resource: arnOfKey(secret!) })
  const { world } = house.house
  const { aliases } = world
  try {
    for (const command of [
      new UpdateAliasCommand({ AliasName: 'alias/moving-1', TargetKeyId: mine! }),
      new DeleteAliasCommand({ AliasName: 'alias/moving-2' }),
    ]) {
      const name = command.input.AliasName!
      await house.kms().send(new CreateAliasCommand({ AliasName: name, TargetKeyId: before! }))
      let moved = false
      // Another request gets in between this one's authorization and its change.
      const handle: typeof aliases.handle = async (stream, asked, envelope) => {
        const other = { type: 'UpdateAlias', now: 0, arn: '', name, from: before!, targetKeyId: secret! } as const
        if (!moved) await aliases.handle(stream, other, { ...envelope, ids: world.id })
        moved = true
        return aliases.handle(stream, asked, envelope)
      }
      Object.assign(world, { aliases: { ...aliases, handle } })
      await expect(house.kms().send(command as never)).rejects.toMatchObject({ name: 'AccessDeniedException' })
      const { Aliases } = await house.kms().send(new ListAliasesCommand({ KeyId: secret! }))
      expect(Aliases!.map(({ AliasName }) => AliasName)).toContain(name)
    }
  } finally {
    Object.assign(world, { aliases })
    await put(alice)
  }
})

test('tags come with a new key only for who may tag that very key', async () => {
  const Tags = [{ TagKey: 'team', TagValue: 'red' }]
  const Resource = `arn:aws:kms:us-east-1:${alice.account}:key/*`
  const create = (person: Person) => house.kms(person).send(new CreateKeyCommand({ Tags }))
  await put(alice, { Effect: 'Deny', Action: 'kms:TagResource', Resource })
  await expect(create(alice)).rejects.toMatchObject({ name: 'AccessDeniedException' })
  await house.kms().send(new CreateKeyCommand({}))
  await put(alice, { Effect: 'Deny', Action: 'kms:TagResource', NotResource: Resource })
  await create(alice)
  await put(alice)
})

test('a grant is retired under the constraints it was made with, and an empty subset is no constraint', async () => {
  const { KeyMetadata } = await house.kms().send(new CreateKeyCommand({}))
  const KeyId = KeyMetadata!.Arn!
  const made = (Constraints?: object) =>
    house.kms().send(
      new CreateGrantCommand({
        KeyId,
        GranteePrincipal: arnOf(bob),
        RetiringPrincipal: arnOf(alice),
        Operations: ['Decrypt'],
        ...(Constraints && { Constraints }),
      }),
    )
  const constrained = await made({ EncryptionContextSubset: { tenant: 'a' } })
  const Condition = { StringEquals: { 'kms:GrantConstraintType': 'EncryptionContextSubset' } }
  await put(alice, { Effect: 'Deny', Action: ['kms:RetireGrant', 'kms:CreateGrant'], Resource: '*', Condition })
  const retire = (GrantId: string) => house.kms().send(new RetireGrantCommand({ KeyId, GrantId }))
  await expect(retire(constrained.GrantId!)).rejects.toMatchObject({ name: 'AccessDeniedException' })
  await expect(made({ EncryptionContextSubset: { tenant: 'a' } })).rejects.toMatchObject({
    name: 'AccessDeniedException',
  })
  const { GrantId } = await made({ EncryptionContextSubset: {} })
  await retire(GrantId!)
  await put(alice)
})
