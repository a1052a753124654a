import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  ListUserPoliciesCommand,
  ListUsersCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam'
import { describe, expect, test } from 'vitest'
import { alice, bob } from '../support/house.ts'
import { allowing, conflict, exists, limitExceeded, malformed, noSuch, openHouse, refusal } from './asking.ts'

const house = openHouse()
const iam = () => house().iam()
const missing = noSuch('The user with name nobody cannot be found.')

describe('CreateUser', () => {
  test('answers the user as it is', async () => {
    const { User } = await iam().send(
      new CreateUserCommand({ UserName: 'Carla', Path: '/division/team/', Tags: [{ Key: 'team', Value: 'a + b' }] }),
    )
    expect(User).toEqual({
      Path: '/division/team/',
      UserName: 'Carla',
      UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
      Arn: 'arn:aws:iam::111122223333:user/division/team/Carla',
      CreateDate: new Date(house().clock.now()),
      Tags: [{ Key: 'team', Value: 'a + b' }],
    })
    expect((await iam().send(new GetUserCommand({ UserName: 'Carla' }))).User).toEqual(User)
  })
  test('refuses a name that is taken, whatever its case', async () => {
    expect(await refusal(iam().send(new CreateUserCommand({ UserName: 'carla' })))).toEqual(
      exists('User with name carla already exists.'),
    )
    // Another account's names are its own.
    await house()
      .iam(bob)
      .send(new CreateUserCommand({ UserName: 'Carla' }))
  })
  test('refuses names, paths and tags that IAM does not have', async () => {
    const invalid = (input: object) => refusal(iam().send(new CreateUserCommand({ UserName: 'valid', ...input })))
    expect(await invalid({ UserName: 'a b' })).toEqual({
      name: 'ValidationError',
      message:
        "1 validation error detected: Value 'a b' at 'userName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+",
      status: 400,
    })
    for (const input of [
      { UserName: 'x'.repeat(65) },
      { UserName: undefined },
      { Path: 'team' },
      { Path: '/team' },
      { Tags: [{ Key: '', Value: '' }] },
      { Tags: Array.from({ length: 51 }, (_, n) => ({ Key: `k${n}`, Value: '' })) },
    ])
      expect(await invalid(input)).toMatchObject({ name: 'ValidationError', status: 400 })
    const twice = ['team', 'Team'].map((Key) => ({ Key, Value: 'x' }))
    expect(await invalid({ Tags: twice })).toMatchObject({ name: 'InvalidInput', status: 400 })
    expect(await invalid({ PermissionsBoundary: 'arn:aws:iam::aws:policy/ReadOnlyAccess' })).toEqual({
      name: 'InvalidInput',
      message: 'PermissionsBoundary is not supported.',
      status: 400,
    })
  })
})

describe('GetUser', () => {
  test('without a name tells the callers about themselves', async () => {
    const { User } = await iam().send(new GetUserCommand({}))
    expect(User).toMatchObject({ UserName: 'alice', Arn: `arn:aws:iam::${alice.account}:user/alice`, Path: '/' })
  })
  test('of nobody is refused', async () => {
    expect(await refusal(iam().send(new GetUserCommand({ UserName: 'nobody' })))).toEqual(missing)
    expect(await refusal(iam().send(new GetUserCommand({ UserName: '__proto__' })))).toEqual(
      noSuch('The user with name __proto__ cannot be found.'),
    )
  })
})

describe('ListUsers', () => {
  test('goes through the account page by page', async () => {
    const names = Array.from({ length: 5 }, (_, n) => `listed-${n}`)
    for (const UserName of names) await iam().send(new CreateUserCommand({ UserName, Path: '/listed/' }))
    const found: string[] = []
    for (let Marker: string | undefined; ;) {
      const page = await iam().send(new ListUsersCommand({ PathPrefix: '/listed/', MaxItems: 2, Marker }))
      expect(page.Users!.length).toBeLessThanOrEqual(2)
      found.push(...page.Users!.map(({ UserName }) => UserName!))
      expect(page.IsTruncated).toBe(page.Marker !== undefined)
      Marker = page.Marker
      if (!page.IsTruncated) break
    }
    expect(found).toEqual(names)
    const { Users } = await iam().send(new ListUsersCommand({ PathPrefix: '/listed/', MaxItems: 1 }))
    expect(Object.keys(Users![0]!).toSorted()).toEqual(['Arn', 'CreateDate', 'Path', 'UserId', 'UserName'])
    expect((await iam().send(new ListUsersCommand({ PathPrefix: '/nobody/' }))).Users).toEqual([])
  })
  test('refuses a marker that it never gave', async () => {
    for (const Marker of ['x', Buffer.from('ListRoles\na').toString('base64url')])
      expect(await refusal(iam().send(new ListUsersCommand({ Marker })))).toEqual({
        name: 'ValidationError',
        message: 'Invalid Marker.',
        status: 400,
      })
    expect(await refusal(iam().send(new ListUsersCommand({ MaxItems: 1001 })))).toMatchObject({
      name: 'ValidationError',
    })
  })
})

describe('the policies of a user', () => {
  test('are put, read, listed and deleted', async () => {
    const UserName = 'alice'
    // Spaces, signs and all: it comes back to the letter.
    const PolicyDocument = `{ "Version":"2012-10-17",\n\t"Statement":{"Sid":"a1","Effect":"Allow","Action":"kms:*","Resource":"arn:aws:kms:*:*:key/!'()*+%é&<>"} }`
    await iam().send(new PutUserPolicyCommand({ UserName, PolicyName: 'b', PolicyDocument: allowing('kms:ListKeys') }))
    await iam().send(new PutUserPolicyCommand({ UserName, PolicyName: 'a', PolicyDocument }))
    const { $metadata: _, ...found } = await iam().send(new GetUserPolicyCommand({ UserName, PolicyName: 'a' }))
    expect(found).toEqual({ UserName, PolicyName: 'a', PolicyDocument: encoded(PolicyDocument) })
    const listed = async () => (await iam().send(new ListUserPoliciesCommand({ UserName }))).PolicyNames
    expect(await listed()).toEqual(['a', 'b', 'policy-1'])
    await iam().send(new DeleteUserPolicyCommand({ UserName, PolicyName: 'a' }))
    expect(await listed()).toEqual(['b', 'policy-1'])
    const gone = noSuch('The user policy with name a cannot be found.')
    expect(await refusal(iam().send(new GetUserPolicyCommand({ UserName, PolicyName: 'a' })))).toEqual(gone)
    expect(await refusal(iam().send(new DeleteUserPolicyCommand({ UserName, PolicyName: 'a' })))).toEqual(gone)
  })
  const encoded = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

  test('of nobody are neither there nor to be put', async () => {
    const about = { UserName: 'nobody', PolicyName: 'a' }
    const PolicyDocument = allowing('kms:*')
    expect(await refusal(iam().send(new PutUserPolicyCommand({ ...about, PolicyDocument })))).toEqual(missing)
    expect(await refusal(iam().send(new GetUserPolicyCommand(about)))).toEqual(missing)
    expect(await refusal(iam().send(new ListUserPoliciesCommand(about)))).toEqual(missing)
    expect(await refusal(iam().send(new DeleteUserPolicyCommand(about)))).toEqual(missing)
  })
  test('must be policies of identities, and not too long', async () => {
    const put = (PolicyDocument: string) =>
      refusal(iam().send(new PutUserPolicyCommand({ UserName: 'alice', PolicyName: 'long', PolicyDocument })))
    for (const document of ['{}', 'x', '[]', '{"Statement":[{"Effect":"Allow","Action":"*"}]}'])
      expect(await put(document)).toMatchObject({ name: 'MalformedPolicyDocument', status: 400 })
    const withPrincipal = { Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }
    expect(await put(JSON.stringify({ Version: '2012-10-17', Statement: withPrincipal }))).toEqual(
      malformed('Policy document should not specify a principal.'),
    )
    expect(await put(allowing(...Array.from({ length: 200 }, (_, n) => `kms:Action${n}`)))).toEqual(
      limitExceeded('Maximum policy size of 2048 bytes exceeded for user alice'),
    )
    expect(await put('{"a":"\u2028"}')).toMatchObject({ name: 'ValidationError' })
  })
})

describe('DeleteUser', () => {
  test('takes a user without access keys and policies; a namesake is somebody else', async () => {
    const UserName = 'leaver'
    const first = await iam().send(new CreateUserCommand({ UserName }))
    const { AccessKey } = await iam().send(new CreateAccessKeyCommand({ UserName }))
    await iam().send(new PutUserPolicyCommand({ UserName, PolicyName: 'p', PolicyDocument: allowing('kms:*') }))
    expect(await refusal(iam().send(new DeleteUserCommand({ UserName })))).toEqual(
      conflict('Cannot delete entity, must delete access keys first.'),
    )
    await iam().send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: AccessKey!.AccessKeyId }))
    expect(await refusal(iam().send(new DeleteUserCommand({ UserName })))).toEqual(
      conflict('Cannot delete entity, must delete policies first.'),
    )
    await iam().send(new DeleteUserPolicyCommand({ UserName, PolicyName: 'p' }))
    await iam().send(new DeleteUserCommand({ UserName }))
    expect(await refusal(iam().send(new DeleteUserCommand({ UserName })))).toEqual(
      noSuch('The user with name leaver cannot be found.'),
    )
    const { identities } = house().house.world
    const { UserId, Arn } = first.User!
    expect([identities.arnOf(UserId!), identities.uniqueId(Arn!)]).toEqual([undefined, undefined])
    const second = await iam().send(new CreateUserCommand({ UserName }))
    expect(second.User!.UserId).not.toBe(UserId)
    expect([identities.arnOf(UserId!), identities.uniqueId(Arn!)]).toEqual([undefined, second.User!.UserId])
    expect(identities.arnOf(second.User!.UserId!)).toBe(Arn)
  })
})

test('all of it is there after a restart', async () => {
  const before = await iam().send(new ListUsersCommand({}))
  await house().restart()
  expect((await iam().send(new ListUsersCommand({}))).Users).toEqual(before.Users)
  expect(before.Users!.map(({ UserName }) => UserName)).toContain('Carla')
})
