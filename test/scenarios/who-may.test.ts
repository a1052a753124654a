import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerOf, cli, noCli } from '../support/aws-cli.ts'
import { type TestIssuer, testIssuer } from '../support/issuer.ts'
import { type HouseProcess, houseProcess } from '../support/process.ts'

interface Credentials {
  readonly AccessKeyId: string
  readonly SecretAccessKey: string
  readonly SessionToken?: string
}
const account = '000000000000'
const statement = (Action: string | readonly string[], more: object = {}) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, ...more }] })

describe.skipIf(noCli)(`people, roles and grants from the AWS CLI${noCli}`, { timeout: 180_000 }, () => {
  let root: string
  let house: HouseProcess
  let issuer: TestIssuer
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'keyledger-who-may-'))
    issuer = await testIssuer()
    const issuers = join(root, 'issuers.json')
    writeFileSync(issuers, JSON.stringify([{ issuer: issuer.url, audiences: ['keyledger'], jwks: issuer.jwksUrl }]))
    house = await houseProcess(join(root, 'data'), { KEYLEDGER_OIDC_ISSUERS: issuers })
  })
  afterAll(async () => {
    house.child.kill('SIGINT')
    await house.ended
    await issuer[Symbol.asyncDispose]()
    rmSync(root, { recursive: true, force: true })
  })

  /** Undefined: the administrator that the house was founded with. */
  const environment = (who: Credentials | undefined): Record<string, string> =>
    who
      ? {
          AWS_ACCESS_KEY_ID: who.AccessKeyId,
          AWS_SECRET_ACCESS_KEY: who.SecretAccessKey,
          ...(who.SessionToken !== undefined && { AWS_SESSION_TOKEN: who.SessionToken }),
        }
      : { AWS_SHARED_CREDENTIALS_FILE: join(root, 'data', 'credentials') }
  const as = (who: Credentials | undefined) => ({
    aws: async <T = object>(...args: string[]): Promise<T> =>
      answerOf(await cli(root, environment(who), [...args, '--endpoint-url', house.url])),
    refused: async (...args: string[]) =>
      (await cli(root, environment(who), [...args, '--endpoint-url', house.url])).stderr.trim(),
  })
  const admin = () => as(undefined)
  const newKey = async () => {
    const { KeyMetadata } = await admin().aws<{ KeyMetadata: { KeyId: string; Arn: string } }>('kms', 'create-key')
    return KeyMetadata
  }

  test('a user assumes a role that uses a key through a grant, until the grant is retired', async () => {
    const { aws } = admin()
    const { KeyId, Arn } = await newKey()
    await aws('iam', 'create-user', '--user-name', 'uma')
    const { AccessKey } = await aws<{ AccessKey: Credentials }>('iam', 'create-access-key', '--user-name', 'uma')
    const uma = as(AccessKey)
    const user = `arn:aws:iam::${account}:user/uma`
    expect(await uma.refused('kms', 'describe-key', '--key-id', KeyId)).toBe(
      `An error occurred (AccessDeniedException) when calling the DescribeKey operation: User: ${user} is not authorized ` +
        `to perform: kms:DescribeKey on resource: ${Arn} because no identity-based policy allows the kms:DescribeKey action`,
    )

    const RoleArn = `arn:aws:iam::${account}:role/batch`
    const trust = statement('sts:AssumeRole', { Principal: { AWS: user } })
    await aws('iam', 'create-role', '--role-name', 'batch', '--assume-role-policy-document', trust)
    const { Credentials } = await uma.aws<{ Credentials: Credentials }>(
      'sts',
      'assume-role',
      '--role-arn',
      RoleArn,
      '--role-session-name',
      'night',
    )
    const batch = as(Credentials)
    expect(await batch.aws('sts', 'get-caller-identity')).toMatchObject({
      Account: account,
      Arn: `arn:aws:sts::${account}:assumed-role/batch/night`,
    })
    const encrypt = ['kms', 'encrypt', '--key-id', KeyId, '--plaintext', 'AAAA', '--encryption-context'] as const
    expect(await batch.refused(...encrypt, 'tenant=a')).toContain('AccessDeniedException')

    const { GrantToken, GrantId } = await aws<{ GrantToken: string; GrantId: string }>(
      'kms',
      'create-grant',
      '--key-id',
      KeyId,
      '--grantee-principal',
      RoleArn,
      '--operations',
      'Encrypt',
      'RetireGrant',
      '--constraints',
      'EncryptionContextSubset={tenant=a}',
    )
    expect(await batch.aws(...encrypt, 'tenant=a,purpose=backup')).toMatchObject({ KeyId: Arn })
    for (const context of ['tenant=b', 'purpose=backup'])
      expect(await batch.refused(...encrypt, context)).toContain('(AccessDeniedException)')
    expect(await aws('kms', 'list-grants', '--key-id', KeyId)).toMatchObject({
      Grants: [{ GrantId, GranteePrincipal: RoleArn, Operations: ['Encrypt', 'RetireGrant'] }],
    })

    await batch.aws('kms', 'retire-grant', '--grant-token', GrantToken)
    expect(await batch.refused(...encrypt, 'tenant=a')).toContain('(AccessDeniedException)')
    expect(await aws('kms', 'list-grants', '--key-id', KeyId)).toMatchObject({ Grants: [] })
  })

  test('a deactivated access key stops at once, and one that is deleted as well', async () => {
    const { aws } = admin()
    await aws('iam', 'create-user', '--user-name', 'otto')
    const policy = statement('kms:*', { Resource: '*' })
    const put = ['iam', 'put-user-policy', '--user-name', 'otto', '--policy-name', 'use', '--policy-document', policy]
    await aws(...put)
    const { AccessKey } = await aws<{ AccessKey: Credentials }>('iam', 'create-access-key', '--user-name', 'otto')
    const otto = as(AccessKey)
    await otto.aws('kms', 'list-keys')
    const named = ['--user-name', 'otto', '--access-key-id', AccessKey.AccessKeyId]
    await aws('iam', 'update-access-key', ...named, '--status', 'Inactive')
    expect(await otto.refused('kms', 'list-keys')).toContain('(UnrecognizedClientException)')
    await aws('iam', 'update-access-key', ...named, '--status', 'Active')
    await otto.aws('kms', 'list-keys')
    await aws('iam', 'delete-access-key', ...named)
    expect(await otto.refused('kms', 'list-keys')).toContain('(UnrecognizedClientException)')
  })

  test('a workload with a token of its issuer needs no secret', async () => {
    const { aws } = admin()
    const provider = new URL(issuer.url).host
    const RoleArn = `arn:aws:iam::${account}:role/workload`
    const trust = statement('sts:AssumeRoleWithWebIdentity', {
      Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/${provider}` },
      Condition: { StringEquals: { [`${provider}:sub`]: 'job-7', [`${provider}:aud`]: 'keyledger' } },
    })
    await aws('iam', 'create-role', '--role-name', 'workload', '--assume-role-policy-document', trust)
    const policy = statement('kms:ListKeys', { Resource: '*' })
    const put = ['iam', 'put-role-policy', '--role-name', 'workload', '--policy-name', 'list', '--policy-document']
    await aws(...put, policy)

    const now = Math.floor(Date.now() / 1000)
    const token = (sub: string) => issuer.token({ sub, aud: 'keyledger', iat: now, exp: now + 300 })
    const assume = (identityToken: string) => [
      'sts',
      'assume-role-with-web-identity',
      '--role-arn',
      RoleArn,
      '--role-session-name',
      'job',
      '--web-identity-token',
      identityToken,
    ]
    const { Credentials } = await admin().aws<{ Credentials: Credentials }>(...assume(await token('job-7')))
    const workload = as(Credentials)
    await workload.aws('kms', 'list-keys')
    expect(await workload.refused('kms', 'create-key')).toContain('(AccessDeniedException)')
    expect(await admin().refused(...assume(await token('job-8')))).toContain('(AccessDenied)')
  })
})
