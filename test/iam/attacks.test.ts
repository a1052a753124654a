import { AssumeRoleCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts'
import { CreateAccessKeyCommand, CreateRoleCommand, PutUserPolicyCommand } from '@aws-sdk/client-iam'
import { CreateAliasCommand, CreateGrantCommand, CreateKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { arnOfKey, raw, refusalOf } from '../support/asking.ts'
import { administrator, alice, arnOf, bob, type Person, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
beforeAll(async () => {
  house = await testHouse()
})
afterAll(() => house[Symbol.asyncDispose]())

const document = (...Statement: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Statement })
const put = (person: Person, ...statements: readonly object[]) =>
  house.iam(person).send(
    new PutUserPolicyCommand({
      UserName: person.name,
      PolicyName: 'of-the-attack',
      PolicyDocument: document(...statements),
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
