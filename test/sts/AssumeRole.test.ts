import { CreateKeyCommand, DescribeKeyCommand, ListKeysCommand } from '@aws-sdk/client-kms'
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
} from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { trailOf } from '../support/asking.ts'
import { type Person, type TestHouse, alice, arnOf, bob, testHouse } from '../support/house.ts'
import { type WantedRole, bearer, handle, makeRole, makeUser, refusalOf } from '../support/roles.ts'

let house: TestHouse
let carol: Person
beforeAll(async () => {
  house = await testHouse()
  // May do nothing but what resource policies give her by name.
  carol = await makeUser(house.house, alice.account, 'carol')
})
afterAll(async () => {
  const { faults } = house
  await house[Symbol.asyncDispose]()
  expect(faults).toEqual([])
})

const root = (account: string) => `arn:aws:iam::${account}:root`
const trust = (AWS: string, Action: string | string[] = 'sts:AssumeRole', Condition?: object) => ({
  Effect: 'Allow',
  Principal: { AWS },
  Action,
  ...(Condition && { Condition }),
})
const all = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']
const everything = [{ Effect: 'Allow', Action: '*', Resource: '*' }]

let count = 0
const role = (wanted: Partial<WantedRole> = {}) =>
  makeRole(house.house, {
    account: alice.account,
    name: `role-${++count}`,
    trust: [trust(root(alice.account), all)],
    allow: everything,
    ...wanted,
  })

const asked = (RoleArn: string, person: Person = alice, more: Partial<AssumeRoleCommandInput> = {}) =>
  house.sts(person).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'session', ...more }))
const session = async (RoleArn: string, person: Person = alice, more: Partial<AssumeRoleCommandInput> = {}) =>
  bearer(RoleArn.split(':')[4]!, (await asked(RoleArn, person, more)).Credentials)
const identity = async (person: Person) => {
  const { Arn, UserId, Account } = await house.sts(person).send(new GetCallerIdentityCommand({}))
  return { Arn, UserId, Account }
}
const denied = (person: string, resource: string, action = 'sts:AssumeRole') => ({
  name: 'AccessDenied',
  message: `User: ${person} is not authorized to perform: ${action} on resource: ${resource}`,
  status: 403,
})
const invalid = (message: string) => ({ name: 'ValidationError', message, status: 400 })
const token = (person: Person) => ({ ...person, sessionToken: person.sessionToken! })

describe('AssumeRole', () => {
  describe('serialization', () => {
    test('answers credentials, who that is, and nothing that was not asked for', async () => {
      const { arn, roleId } = await role({ name: 'answering' })
      const { $metadata: _, ...answer } = await asked(arn)
      expect(answer).toEqual({
        Credentials: {
          AccessKeyId: expect.stringMatching(/^ASIA[A-Z2-7]{16}$/) as string,
          SecretAccessKey: expect.stringMatching(/^[A-Za-z0-9+/]{40}$/) as string,
          SessionToken: expect.stringMatching(/^[A-Za-z0-9+/=]{100,2000}$/) as string,
          Expiration: new Date(house.clock.now() + 3_600_000),
        },
        AssumedRoleUser: {
          AssumedRoleId: `${roleId}:session`,
          Arn: `arn:aws:sts::${alice.account}:assumed-role/answering/session`,
        },
      })
    })

    test('takes tags and lists as forms write them', async () => {
      const { arn } = await role()
      const Tags = [
        { Key: 'team', Value: 'ledger' },
        { Key: 'stage', Value: '' },
      ]
      const { PackedPolicySize } = await asked(arn, alice, { Tags, TransitiveTagKeys: ['team'] })
      expect(PackedPolicySize).toBe(2)
    })
  })

  describe('validation', () => {
    test.each<[string, Partial<AssumeRoleCommandInput>]>([
      ['a session name of one letter', { RoleSessionName: 'x' }],
      ['a session name with a space', { RoleSessionName: 'a b' }],
      ['a session name with a slash', { RoleSessionName: 'a/b' }],
      ['a session name of 65 letters', { RoleSessionName: 'x'.repeat(65) }],
      ['fewer than 15 minutes', { DurationSeconds: 899 }],
      ['more than 12 hours', { DurationSeconds: 43_201 }],
      ['a policy of 2049 characters', { Policy: ' '.repeat(2049) }],
      ['51 tags', { Tags: Array.from({ length: 51 }, (_, key) => ({ Key: `k${key}`, Value: 'v' })) }],
      ['a tag key of an exclamation mark', { Tags: [{ Key: '!', Value: 'v' }] }],
      ['a source identity of one letter', { SourceIdentity: 'x' }],
    ])('%s is refused', async (_, more) => {
      const { arn } = await role()
      expect(await refusalOf(asked(arn, alice, more))).toMatchObject({ name: 'ValidationError', status: 400 })
    })

    test.each([
      'arn:aws:iam::111122223333:user/alice',
      'arn:aws:iam::11112222333:role/role',
      'arn:aws:sts::111122223333:assumed-role/role/session',
      'arn:aws:iam::111122223333:role/',
      'not an ARN at all, but long enough',
    ])('%s is no role', async (arn) => {
      expect(await refusalOf(asked(arn))).toEqual(invalid(`${arn} is invalid`))
    })

    test('a session lasts as long as its role lets it, and no longer', async () => {
      const { arn } = await role({ maxSessionDuration: 7_200 })
      expect((await asked(arn, alice, { DurationSeconds: 7_200 })).Credentials?.Expiration).toEqual(
        new Date(house.clock.now() + 7_200_000),
      )
      expect(await refusalOf(asked(arn, alice, { DurationSeconds: 7_201 }))).toEqual(
        invalid('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.'),
      )
    })

    test.each<[string, Partial<AssumeRoleCommandInput>, string]>([
      [
        'two tags of one key',
        {
          Tags: [
            { Key: 'a', Value: '1' },
            { Key: 'A', Value: '2' },
          ],
        },
        'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
      ],
      [
        "a tag of AWS's",
        { Tags: [{ Key: 'AWS:x', Value: '1' }] },
        'Tag keys beginning with aws: are reserved for internal use',
      ],
      [
        'a transitive key without its tag',
        { TransitiveTagKeys: ['a'] },
        'The specified transitive tag key must be included in the requested tags.',
      ],
      [
        'managed policies',
        { PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }] },
        'PolicyArns is not supported: there are no managed policies here.',
      ],
    ])('%s: refused', async (_, more, message) => {
      const { arn } = await role()
      expect(await refusalOf(asked(arn, alice, more))).toEqual(invalid(message))
    })

    test('a session policy that is none is malformed', async () => {
      const { arn } = await role()
      for (const Policy of ['{', '{}', JSON.stringify({ Version: '2012-10-17', Statement: [trust('*')] })])
        expect(await refusalOf(asked(arn, alice, { Policy }))).toMatchObject({
          name: 'MalformedPolicyDocumentException',
          status: 400,
        })
    })

    test('policy and tags that do not fit a token are refused, those that just do are not', async () => {
      const { arn } = await role()
      const statement = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }
      const Policy = JSON.stringify(statement).padEnd(2048)
      const tags = (count: number) =>
        Array.from({ length: count }, (_, key) => ({ Key: `${key}`.padEnd(20, 'k'), Value: 'v'.repeat(256) }))
      const { PackedPolicySize } = await asked(arn, alice, { Policy, Tags: tags(6) })
      expect(PackedPolicySize).toBeGreaterThan(80)
      expect(PackedPolicySize).toBeLessThanOrEqual(100)
      expect(await refusalOf(asked(arn, alice, { Policy, Tags: tags(20) }))).toMatchObject({
        name: 'PackedPolicyTooLargeException',
        status: 400,
      })
    })

    test('nobody has a device to prove themselves with', async () => {
      const { arn } = await role()
      expect(await refusalOf(asked(arn, alice, { SerialNumber: 'GAHT12345678', TokenCode: '123456' }))).toMatchObject({
        name: 'AccessDenied',
        message: 'MultiFactorAuthentication failed with invalid MFA one time pass code.',
      })
    })
  })

  describe('authorization', () => {
    test('the account delegates: then the caller needs a permission of their own', async () => {
      const { arn } = await role()
      expect(await identity(await session(arn))).toMatchObject({ Account: alice.account })
      expect(await refusalOf(asked(arn, carol))).toEqual(denied(arnOf(carol), arn))
    })

    test('in one account the trust policy that names the caller suffices', async () => {
      const { arn } = await role({ trust: [trust(arnOf(carol))] })
      expect(await identity(await session(arn, carol))).toMatchObject({ Account: alice.account })
      expect(await refusalOf(asked(arn))).toEqual(denied(arnOf(alice), arn))
    })

    test('across accounts both sides must allow it', async () => {
      const named = await role({ trust: [trust(arnOf(bob))] })
      const delegated = await role({ trust: [trust(root(bob.account))] })
      const home = await role()
      for (const { arn } of [named, delegated])
        expect(await identity(await session(arn, bob))).toMatchObject({ Account: alice.account })
      expect(await refusalOf(asked(home.arn, bob))).toEqual(denied(arnOf(bob), home.arn))
      const dave = await makeUser(house.house, bob.account, 'dave')
      const forDave = await role({ trust: [trust(arnOf(dave))] })
      expect(await refusalOf(asked(forDave.arn, dave))).toEqual(denied(arnOf(dave), forDave.arn))
    })

    test('an explicit deny wins, and reads the same as no permission', async () => {
      const deny = { ...trust(arnOf(alice)), Effect: 'Deny' }
      const { arn } = await role({ trust: [trust(root(alice.account)), deny] })
      expect(await refusalOf(asked(arn))).toEqual(denied(arnOf(alice), arn))
    })

    test('a role that is not there reads the same as one that may not be assumed', async () => {
      for (const arn of [`arn:aws:iam::${bob.account}:role/none`, 'arn:aws:iam::999999999999:role/none'])
        expect(await refusalOf(asked(arn))).toEqual(denied(arnOf(alice), arn))
    })

    test('a role is known by its path too', async () => {
      const { arn } = await role({ name: 'pathed', path: '/division/team/' })
      expect(arn).toBe('arn:aws:iam::111122223333:role/division/team/pathed')
      expect((await identity(await session(arn))).Arn).toBe('arn:aws:sts::111122223333:assumed-role/pathed/session')
      const without = 'arn:aws:iam::111122223333:role/pathed'
      expect(await refusalOf(asked(without))).toEqual(denied(arnOf(alice), without))
    })

    test("conditions see the external id, the session name and the role's tags", async () => {
      const condition = (key: string, value: string) => ({ StringEquals: { [key]: value } })
      const external = await role({
        trust: [trust(root(alice.account), all, condition('sts:ExternalId', 'shared/1'))],
      })
      expect(await refusalOf(asked(external.arn))).toEqual(denied(arnOf(alice), external.arn))
      expect(await refusalOf(asked(external.arn, alice, { ExternalId: 'other' }))).toMatchObject({ status: 403 })
      await asked(external.arn, alice, { ExternalId: 'shared/1' })
      const named = await role({
        trust: [trust(root(alice.account), all, condition('sts:RoleSessionName', '${aws:username}'))],
      })
      expect(await refusalOf(asked(named.arn))).toMatchObject({ status: 403 })
      await asked(named.arn, alice, { RoleSessionName: 'alice' })
      const tagged = await role({
        tags: { Stage: 'test' },
        trust: [trust(root(alice.account), all, condition('aws:ResourceTag/stage', 'test'))],
      })
      await asked(tagged.arn)
    })

    test('tags and a source identity want permissions of their own, and conditions see them', async () => {
      const plain = await role({ trust: [trust(arnOf(carol))] })
      const Tags = [{ Key: 'Team', Value: 'ledger' }]
      expect(await refusalOf(asked(plain.arn, carol, { Tags }))).toEqual(
        denied(arnOf(carol), plain.arn, 'sts:TagSession'),
      )
      expect(await refusalOf(asked(plain.arn, carol, { SourceIdentity: 'carol' }))).toEqual(
        denied(arnOf(carol), plain.arn, 'sts:SetSourceIdentity'),
      )
      const narrow = await role({
        trust: [
          trust(arnOf(carol), all, {
            StringEquals: { 'aws:RequestTag/team': 'ledger', 'sts:SourceIdentity': 'carol' },
            'ForAllValues:StringEquals': { 'aws:TagKeys': ['Team'], 'sts:TransitiveTagKeys': ['Team'] },
          }),
        ],
      })
      const fine = { Tags, SourceIdentity: 'carol', TransitiveTagKeys: ['team'] }
      expect((await asked(narrow.arn, carol, fine)).SourceIdentity).toBe('carol')
      const wrong = [{ Key: 'Team', Value: 'other' }]
      expect(await refusalOf(asked(narrow.arn, carol, { ...fine, Tags: wrong }))).toMatchObject({ status: 403 })
    })
  })

  describe('state', () => {
    test('a session is of its role: it goes when the role goes, and does not come back with a namesake', async () => {
      const { arn } = await role({ name: 'short-lived', allow: [] })
      const one = await session(arn)
      const name = 'short-lived'
      expect(await identity(one)).toMatchObject({ Account: alice.account })
      await handle(house.house, alice.account, { type: 'DeleteRole', roleName: name })
      const gone = {
        name: 'InvalidClientTokenId',
        message: 'The security token included in the request is invalid.',
        status: 403,
      }
      expect(await refusalOf(identity(one))).toEqual(gone)
      await role({ name })
      expect(await refusalOf(identity(one))).toEqual(gone)
    })

    test('a session ends, in every service', async () => {
      const { arn } = await role()
      const one = await session(arn, alice, { DurationSeconds: 900 })
      await house.clock.advance(899_000)
      await identity(one)
      await house.clock.advance(1_000)
      const words = 'The security token included in the request is expired'
      expect(await refusalOf(identity(one))).toEqual({ name: 'ExpiredToken', message: words, status: 403 })
      expect(await refusalOf(house.kms(one).send(new ListKeysCommand({})))).toEqual({
        name: 'ExpiredTokenException',
        message: words,
        status: 400,
      })
    })

    test('a session outlives a restart, as nothing is kept of it', async () => {
      const { arn } = await role()
      const one = await session(arn)
      const before = await identity(one)
      await house.restart()
      expect(await identity(one)).toEqual(before)
    })

    test("a change of the role's policies holds for its sessions at once", async () => {
      const { arn } = await role({ name: 'changing' })
      const one = await session(arn)
      await house.kms(one).send(new ListKeysCommand({}))
      await handle(house.house, alice.account, {
        type: 'PutRolePolicy',
        roleName: 'changing',
        policyName: 'inline',
        document: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Deny', Action: 'kms:ListKeys', Resource: '*' }],
        }),
      })
      expect(await refusalOf(house.kms(one).send(new ListKeysCommand({})))).toMatchObject({
        name: 'AccessDeniedException',
      })
    })
  })

  describe('function', () => {
    test('a session is the role in this session', async () => {
      const { arn, roleId } = await role({ name: 'speaking' })
      expect(await identity(await session(arn, alice, { RoleSessionName: 'build-17@ci' }))).toEqual({
        Arn: `arn:aws:sts::${alice.account}:assumed-role/speaking/build-17@ci`,
        UserId: `${roleId}:build-17@ci`,
        Account: alice.account,
      })
    })

    test('it may what its role may, within what its session policy leaves', async () => {
      const { arn } = await role()
      const whole = await session(arn)
      const { KeyMetadata } = await house.kms(whole).send(new CreateKeyCommand({}))
      const KeyId = KeyMetadata!.KeyId!
      const Policy = JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 'kms:DescribeKey', Resource: '*' }],
      })
      const part = await session(arn, alice, { Policy })
      expect((await house.kms(part).send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyId).toBe(KeyId)
      expect(await refusalOf(house.kms(part).send(new ListKeysCommand({})))).toMatchObject({
        name: 'AccessDeniedException',
        message: expect.stringContaining('no session policy allows the kms:ListKeys action') as string,
      })
    })

    test('is on the trail as the role in this session; its secret and its token are not', async () => {
      const { arn, roleId } = await role({ name: 'recorded' })
      const { Credentials, $metadata: issuing } = await asked(arn, alice, { SourceIdentity: 'alice' })
      const one = bearer(alice.account, Credentials)
      const { $metadata: using } = await house.kms(one).send(new ListKeysCommand({}))
      expect(await trailOf(house, issuing.requestId!)).toMatchObject({
        eventSource: 'sts.amazonaws.com',
        eventName: 'AssumeRole',
        userIdentity: { type: 'IAMUser', userName: 'alice' },
        requestParameters: { roleArn: arn, roleSessionName: 'session', sourceIdentity: 'alice' },
      })
      expect((await trailOf(house, using.requestId!)).userIdentity).toEqual({
        type: 'AssumedRole',
        principalId: `${roleId}:session`,
        arn: `arn:aws:sts::${alice.account}:assumed-role/recorded/session`,
        accountId: alice.account,
        accessKeyId: one.accessKeyId,
        sessionContext: {
          sessionIssuer: { type: 'Role', principalId: roleId, arn, accountId: alice.account, userName: 'recorded' },
          attributes: { creationDate: expect.any(String) as string, mfaAuthenticated: 'false' },
          sourceIdentity: 'alice',
        },
      })
      const { log } = house.house
      const after = (await log.head()) - 20
      const written = JSON.stringify(await log.all({ after, categories: ['trail', 'account'], limit: 1000 }))
      expect([one.secretAccessKey, one.sessionToken!].map((secret) => written.includes(secret))).toEqual([false, false])
      expect(written).toContain(one.accessKeyId)
    })

    test('why somebody may not is on the trail alone', async () => {
      const { arn } = await role()
      const error = await asked(arn, carol).catch((thrown: unknown) => thrown)
      const { requestId } = (error as { $metadata: { requestId: string } }).$metadata
      expect(await trailOf(house, requestId)).toMatchObject({
        errorMessage: `${denied(arnOf(carol), arn).message} because no identity-based policy allows the sts:AssumeRole action`,
      })
    })

    test('its token is worth nothing altered, with another key, without its key, or left out', async () => {
      const { arn } = await role()
      const one = await session(arn)
      const other = await session(arn)
      const gone = { name: 'InvalidClientTokenId', status: 403 }
      const { sessionToken } = token(one)
      const altered = (at: number) =>
        sessionToken.slice(0, at) + (sessionToken[at] === 'A' ? 'B' : 'A') + sessionToken.slice(at + 1)
      for (const at of [0, 1, 20, 40, 100, sessionToken.length - 5])
        expect(await refusalOf(identity({ ...one, sessionToken: altered(at) }))).toMatchObject(gone)
      const { sessionToken: _, ...without } = one
      expect(await refusalOf(identity(without))).toMatchObject(gone)
      expect(await refusalOf(identity({ ...one, sessionToken: token(other).sessionToken }))).toMatchObject(gone)
      expect(await refusalOf(identity({ ...alice, sessionToken }))).toMatchObject(gone)
      expect(await refusalOf(identity({ ...one, secretAccessKey: other.secretAccessKey }))).toMatchObject({
        name: 'SignatureDoesNotMatch',
        status: 403,
      })
      expect(await identity(one)).toMatchObject({ Account: alice.account })
    })

    test('from role to role: an hour at most, and only as the role in between', async () => {
      const first = await role({ name: 'first-link' })
      const second = await role({ trust: [trust(first.arn)], maxSessionDuration: 43_200 })
      const one = await session(first.arn)
      expect(await refusalOf(asked(second.arn))).toMatchObject({ name: 'AccessDenied' })
      expect(await refusalOf(asked(second.arn, one, { DurationSeconds: 3_601 }))).toEqual(
        invalid('The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining'),
      )
      const { Credentials } = await asked(second.arn, one)
      expect(Credentials?.Expiration).toEqual(new Date(house.clock.now() + 3_600_000))
    })

    test('transitive tags and the source identity go along, and nobody replaces them', async () => {
      const first = await role()
      const next = (value: string) => ({
        StringEquals: { 'aws:RequestTag/team': value, 'aws:PrincipalTag/stage': 'test', 'sts:SourceIdentity': 'alice' },
      })
      const second = await role({ trust: [trust(first.arn, all, next('ledger'))] })
      const third = await role({
        trust: [
          trust(second.arn, all, {
            StringEquals: { 'aws:PrincipalTag/team': 'ledger', 'aws:SourceIdentity': 'alice' },
            Null: { 'aws:PrincipalTag/stage': 'true' },
          }),
        ],
      })
      const Tags = [
        { Key: 'team', Value: 'ledger' },
        { Key: 'stage', Value: 'test' },
      ]
      const one = await session(first.arn, alice, { Tags, TransitiveTagKeys: ['team'], SourceIdentity: 'alice' })
      const two = await asked(second.arn, one)
      expect(two.SourceIdentity).toBe('alice')
      await asked(third.arn, bearer(alice.account, two.Credentials))
      expect(await refusalOf(asked(second.arn, one, { Tags: [{ Key: 'Team', Value: 'other' }] }))).toEqual(
        invalid(
          "One of the specified tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
        ),
      )
      expect(await refusalOf(asked(second.arn, one, { SourceIdentity: 'mallory' }))).toMatchObject({
        name: 'AccessDenied',
      })
      const other = await role({ trust: [trust(first.arn, all, next('other'))] })
      expect(await refusalOf(asked(other.arn, one))).toMatchObject({ name: 'AccessDenied' })
    })
  })
})

describe('GetSessionToken', () => {
  const temporary = async (person: Person, DurationSeconds?: number) =>
    (await house.sts(person).send(new GetSessionTokenCommand({ DurationSeconds }))).Credentials

  test('gives a user temporary credentials, twelve hours unless told otherwise, which say who the user is', async () => {
    const credentials = await temporary(carol)
    expect(credentials?.Expiration).toEqual(new Date(house.clock.now() + 43_200_000))
    expect(await identity(bearer(carol.account, credentials))).toEqual(await identity(carol))
    const long = await temporary(carol, 129_600)
    expect(long?.Expiration).toEqual(new Date(house.clock.now() + 129_600_000))
  })

  test.each([899, 129_601])('%i seconds are refused', async (seconds) => {
    expect(await refusalOf(temporary(carol, seconds))).toMatchObject({ name: 'ValidationError', status: 400 })
  })

  test('is not for sessions, of users or of roles', async () => {
    const { arn } = await role()
    for (const person of [bearer(carol.account, await temporary(carol)), await session(arn)])
      expect(await refusalOf(temporary(person))).toEqual({
        name: 'AccessDenied',
        message: 'Cannot call GetSessionToken with session credentials',
        status: 403,
      })
  })

  test('the session ends with its user', async () => {
    const eve = await makeUser(house.house, alice.account, 'eve')
    const one = bearer(alice.account, await temporary(eve))
    await identity(one)
    await handle(house.house, alice.account, {
      type: 'DeleteAccessKey',
      userName: 'eve',
      accessKeyId: eve.accessKeyId,
    })
    await handle(house.house, alice.account, { type: 'DeleteUser', userName: 'eve' })
    expect(await refusalOf(identity(one))).toMatchObject({ name: 'InvalidClientTokenId' })
  })
})
