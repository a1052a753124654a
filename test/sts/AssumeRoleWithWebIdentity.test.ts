import { ListKeysCommand } from '@aws-sdk/client-kms'
import {
  AssumeRoleWithWebIdentityCommand,
  type AssumeRoleWithWebIdentityCommandInput,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts'
import type { JWTPayload } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Person, type TestHouse, alice, bob, testHouse } from '../support/house.ts'
import { type TestIssuer, testIssuer } from '../support/issuer.ts'
import { bearer, makeRole, refusalOf } from '../support/roles.ts'
import { trailOf } from '../support/asking.ts'

let house: TestHouse
let issuer: TestIssuer
beforeAll(async () => {
  issuer = await testIssuer()
  house = await testHouse({ issuers: [{ issuer: issuer.url, audiences: ['keyledger'], jwks: issuer.jwksUrl }] })
})
afterAll(async () => {
  const { faults } = house
  await issuer[Symbol.asyncDispose]()
  await house[Symbol.asyncDispose]()
  expect(faults).toEqual([])
})

const action = 'sts:AssumeRoleWithWebIdentity'
const host = () => issuer.url.slice('http://'.length)
const provider = (account = alice.account) => `arn:aws:iam::${account}:oidc-provider/${host()}`
const trust = (Condition?: object, Federated = provider()) => ({
  Effect: 'Allow',
  Principal: { Federated },
  Action: action,
  ...(Condition && { Condition }),
})
let count = 0
const role = (statement: object = trust(), account = alice.account) =>
  makeRole(house.house, {
    account,
    name: `workload-${++count}`,
    trust: [statement],
    allow: [{ Effect: 'Allow', Action: 'kms:ListKeys', Resource: '*' }],
  })

const seconds = () => house.clock.now() / 1000
const token = (change: JWTPayload = {}) =>
  issuer.token({ sub: 'repo:ledger:main', aud: 'keyledger', iat: seconds(), exp: seconds() + 300, ...change })

/** As a workload asks: without any credentials. */
const asked = async (
  RoleArn: string,
  WebIdentityToken: string,
  more: Partial<AssumeRoleWithWebIdentityCommandInput> = {},
) => {
  const client = new STSClient({ endpoint: house.house.url, region: 'us-east-1', maxAttempts: 1 })
  const command = new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: 'build', WebIdentityToken, ...more })
  try {
    return await client.send(command)
  } finally {
    client.destroy()
  }
}
const denied = { name: 'AccessDenied', message: `Not authorized to perform ${action}`, status: 403 }
const identity = (person: Person) => house.sts(person).send(new GetCallerIdentityCommand({}))

describe('AssumeRoleWithWebIdentity', () => {
  test('gives a workload a session of the role, without any stored secret', async () => {
    const { arn, roleId } = await role()
    const { $metadata: _, ...answer } = await asked(arn, await token())
    expect(answer).toEqual({
      Credentials: {
        AccessKeyId: expect.stringMatching(/^ASIA/) as string,
        SecretAccessKey: expect.any(String) as string,
        SessionToken: expect.any(String) as string,
        Expiration: new Date(house.clock.now() + 3_600_000),
      },
      AssumedRoleUser: {
        AssumedRoleId: `${roleId}:build`,
        Arn: `arn:aws:sts::${alice.account}:assumed-role/${arn.split('/')[1]}/build`,
      },
      SubjectFromWebIdentityToken: 'repo:ledger:main',
      Audience: 'keyledger',
      Provider: provider(),
    })
    const session = bearer(alice.account, answer.Credentials)
    expect((await identity(session)).Arn).toBe(answer.AssumedRoleUser?.Arn)
    await house.kms(session).send(new ListKeysCommand({}))
  })

  test('the provider stays with the session: its own requests are judged by it', async () => {
    const Condition = (url: string) => ({ StringEquals: { 'aws:FederatedProvider': url } })
    const statuses = async (Effect: 'Allow' | 'Deny', url: string) => {
      const everything = Effect === 'Deny' ? [{ Effect: 'Allow', Action: '*', Resource: '*' }] : []
      const { arn } = await makeRole(house.house, {
        account: alice.account,
        name: `workload-${++count}`,
        trust: [trust()],
        allow: [...everything, { Effect, Action: 'kms:ListKeys', Resource: '*', Condition: Condition(url) }],
      })
      const { Credentials } = await asked(arn, await token())
      const listed = house.kms(bearer(alice.account, Credentials)).send(new ListKeysCommand({}))
      return listed.then(
        () => 'listed',
        (error: Error) => error.name,
      )
    }
    expect(await statuses('Deny', provider())).toBe('AccessDeniedException')
    expect(await statuses('Deny', provider(bob.account))).toBe('listed')
    expect(await statuses('Allow', provider())).toBe('listed')
    expect(await statuses('Allow', provider(bob.account))).toBe('AccessDeniedException')
  })

  test('conditions see subject and audience', async () => {
    const equals = (sub: string, aud = 'keyledger') => ({
      StringEquals: { [`${host()}:sub`]: sub, [`${host()}:aud`]: aud },
    })
    const fine = await role(trust(equals('repo:ledger:main')))
    await asked(fine.arn, await token())
    expect(await refusalOf(asked(fine.arn, await token({ sub: 'repo:ledger:branch' })))).toEqual(denied)
    const other = await role(trust(equals('repo:ledger:main', 'other')))
    expect(await refusalOf(asked(other.arn, await token()))).toEqual(denied)
    const like = await role(trust({ StringLike: { [`${host()}:sub`]: 'repo:ledger:*' } }))
    await asked(like.arn, await token())
  })

  test('who is not trusted, and a role that is not there, read the same', async () => {
    const roles = [
      // Another provider, another account's provider, only users, no such role, none at all.
      await role(trust(undefined, `arn:aws:iam::${alice.account}:oidc-provider/other.example.com`)),
      await role(trust(undefined, provider(bob.account))),
      await role({ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${alice.account}:root` }, Action: 'sts:*' }),
      await role({ ...trust(), Action: 'sts:AssumeRole' }),
      { arn: `arn:aws:iam::${alice.account}:role/none` },
      { arn: 'arn:aws:iam::999999999999:role/none' },
    ]
    for (const { arn } of roles) expect(await refusalOf(asked(arn, await token()))).toEqual(denied)
  })

  test('a deny wins', async () => {
    const { arn } = await makeRole(house.house, {
      account: alice.account,
      name: 'denied',
      trust: [trust(), { ...trust({ StringEquals: { [`${host()}:sub`]: 'repo:ledger:main' } }), Effect: 'Deny' }],
    })
    expect(await refusalOf(asked(arn, await token()))).toEqual(denied)
    await asked(arn, await token({ sub: 'repo:ledger:branch' }))
  })

  test.each<[string, () => Promise<string>, object]>([
    ['for another audience', () => token({ aud: 'other' }), { name: 'InvalidIdentityTokenException', status: 400 }],
    ['that ended', () => token({ exp: seconds() - 60 }), { name: 'ExpiredTokenException', status: 400 }],
    ['that is none', async () => 'a-secret', { name: 'InvalidIdentityTokenException', status: 400 }],
    [
      'of an issuer that nobody knows',
      () => token({ iss: 'https://stranger.example.com' }),
      {
        name: 'InvalidIdentityTokenException',
        message: 'No OpenIDConnect provider found in your account for https://stranger.example.com',
      },
    ],
  ])('a token %s is refused', async (_, make, refusal) => {
    const { arn } = await role()
    expect(await refusalOf(asked(arn, await make()))).toMatchObject(refusal)
  })

  test('an issuer that cannot be reached is a failure to communicate, worth trying again', async () => {
    await using mute = await testIssuer()
    await using other = await testHouse({
      issuers: [{ issuer: issuer.url, audiences: ['keyledger'], jwks: `${mute.url}/keys` }],
    })
    mute.answers(503)
    const client = new STSClient({ endpoint: other.house.url, region: 'us-east-1', maxAttempts: 1 })
    const command = new AssumeRoleWithWebIdentityCommand({
      RoleArn: `arn:aws:iam::${alice.account}:role/none`,
      RoleSessionName: 'build',
      WebIdentityToken: await token(),
    })
    expect(await refusalOf(client.send(command))).toMatchObject({ name: 'IDPCommunicationErrorException', status: 400 })
    client.destroy()
    expect(other.faults).toHaveLength(1)
  })

  test('a session policy limits it, and it lasts as long as was asked for', async () => {
    const { arn } = await role()
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'kms:CreateKey', Resource: '*' }],
    })
    const { Credentials, PackedPolicySize } = await asked(arn, await token(), { Policy, DurationSeconds: 900 })
    expect(PackedPolicySize).toBeGreaterThan(0)
    expect(Credentials?.Expiration).toEqual(new Date(house.clock.now() + 900_000))
    const session = bearer(alice.account, Credentials)
    expect(await refusalOf(house.kms(session).send(new ListKeysCommand({})))).toMatchObject({
      name: 'AccessDeniedException',
    })
    expect(await refusalOf(asked(arn, await token(), { DurationSeconds: 3_601 }))).toMatchObject({
      name: 'ValidationError',
    })
  })

  test('is on the trail as whom the token named, without the token; who is nobody as nobody', async () => {
    const { arn } = await role()
    const genuine = await token()
    const { $metadata } = await asked(arn, genuine)
    const record = await trailOf(house, $metadata.requestId!)
    expect(record).toMatchObject({
      eventName: 'AssumeRoleWithWebIdentity',
      eventSource: 'sts.amazonaws.com',
      userIdentity: {
        type: 'WebIdentityUser',
        principalId: `${provider()}:keyledger:repo:ledger:main`,
        userName: 'repo:ledger:main',
      },
      requestParameters: { roleArn: arn, roleSessionName: 'build' },
      recipientAccountId: alice.account,
    })
    const { log } = house.house
    const written = JSON.stringify(await log.all({ after: 0, categories: ['trail'], limit: 1000 }))
    expect([written.includes(genuine), written.includes(genuine.split('.')[2]!)]).toEqual([false, false])
  })
})
