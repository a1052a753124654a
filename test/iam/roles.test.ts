import {
  CreateRoleCommand,
  CreateUserCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DeleteUserCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam'
import { named } from '@keyledger/iam'
import { describe, expect, test } from 'vitest'
import { alice, arnOf, bob } from '../support/house.ts'
import { allowing, conflict, exists, limitExceeded, malformed, noSuch, openHouse, refusal, trusting } from './asking.ts'

const house = openHouse()
const iam = () => house().iam()
const root = `arn:aws:iam::${alice.account}:root`
const missing = noSuch('The role with name nobody cannot be found.')
const created = async (RoleName: string, document = trusting(root), more = {}) =>
  (await iam().send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: document, ...more }))).Role!
const trustOf = async (RoleName: string) =>
  decodeURIComponent((await iam().send(new GetRoleCommand({ RoleName }))).Role!.AssumeRolePolicyDocument!)

describe('CreateRole', () => {
  test('answers the role as it is', async () => {
    const document = trusting(root, arnOf(bob))
    const role = await created('reader', document, {
      Path: '/service/',
      Description: `Reads <everything> & "more"`,
      MaxSessionDuration: 7200,
      Tags: [{ Key: 'team', Value: '' }],
    })
    expect(role).toEqual({
      Path: '/service/',
      RoleName: 'reader',
      RoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}$/),
      Arn: 'arn:aws:iam::111122223333:role/service/reader',
      CreateDate: new Date(house().clock.now()),
      AssumeRolePolicyDocument: encodeURIComponent(document).replaceAll('*', '%2A'),
      Description: `Reads <everything> & "more"`,
      MaxSessionDuration: 7200,
      Tags: [{ Key: 'team', Value: '' }],
    })
    expect((await iam().send(new GetRoleCommand({ RoleName: 'reader' }))).Role).toEqual(role)
    expect(await created('plain')).toMatchObject({ Path: '/', MaxSessionDuration: 3600 })
  })
  test('refuses a name that is taken, whatever its case', async () => {
    expect(await refusal(created('Reader'))).toEqual(exists('Role with name Reader already exists.'))
  })
  test('refuses a trust policy of people who are not there', async () => {
    for (const arn of [
      'arn:aws:iam::111122223333:user/nobody',
      'arn:aws:iam::111122223333:role/reader',
      'arn:aws:iam::999988887777:root',
    ])
      expect(await refusal(created('lonely', trusting(arn)))).toEqual(
        malformed(`Invalid principal in policy: "AWS":"${arn}"`),
      )
    await created('welcoming', trusting('arn:aws:iam::111122223333:role/service/reader', bob.account))
  })
  test('takes conditions that only a key policy must not have', async () => {
    const condition = { 'ForAllValues:StringEquals': { 'kms:EncryptionContext:tenant': 'a' } }
    const [statement] = (JSON.parse(trusting(arnOf(alice))) as { Statement: object[] }).Statement
    const document = JSON.stringify({ Version: '2012-10-17', Statement: [{ ...statement, Condition: condition }] })
    await created('conditional', document)
    expect(await trustOf('conditional')).toBe(document)
  })
  test('refuses what is no trust policy, or is too long', async () => {
    expect(await refusal(created('odd', allowing('kms:*')))).toEqual(malformed('Missing required field Principal'))
    expect(await refusal(created('odd', '{'))).toMatchObject({ name: 'MalformedPolicyDocument' })
    const long = trusting(...Array.from({ length: 80 }, () => root))
    expect(await refusal(created('odd', long))).toEqual(limitExceeded('Cannot exceed quota for ACLSizePerRole: 2048'))
    for (const MaxSessionDuration of [3599, 43_201])
      expect(await refusal(created('odd', trusting(root), { MaxSessionDuration }))).toMatchObject({
        name: 'ValidationError',
      })
  })
})

describe('UpdateAssumeRolePolicy', () => {
  const update = (RoleName: string, PolicyDocument: string) =>
    iam().send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument }))

  test('puts another trust policy in its place', async () => {
    await created('changing')
    await update('changing', trusting(arnOf(bob)))
    expect(await trustOf('changing')).toBe(trusting(arnOf(bob)))
    expect(await refusal(update('changing', '{}'))).toMatchObject({ name: 'MalformedPolicyDocument' })
    expect(await refusal(update('nobody', trusting(root)))).toEqual(missing)
  })
  test('means who is there now: once they are gone the policy calls them by their unique id, and no namesake', async () => {
    const UserName = 'leaver'
    const { User } = await iam().send(new CreateUserCommand({ UserName }))
    await created('trusting', trusting(User!.Arn!))
    const { identities } = house().house.world
    const idsOf = () => ({ ...named(identities.account(alice.account)!.roles, 'trusting')!.principalIds })
    expect(idsOf()).toEqual({ [User!.Arn!]: User!.UserId })
    await iam().send(new DeleteUserCommand({ UserName }))
    expect(await trustOf('trusting')).toBe(trusting(User!.UserId!))
    await iam().send(new CreateUserCommand({ UserName }))
    expect(await trustOf('trusting')).toBe(trusting(User!.UserId!))
    expect(idsOf()).toEqual({ [User!.Arn!]: User!.UserId })
    // Put again, it means the one who is there now.
    await update('trusting', trusting(User!.Arn!))
    expect(idsOf()).toEqual({ [User!.Arn!]: identities.uniqueId(User!.Arn!) })
    expect(await trustOf('trusting')).toBe(trusting(User!.Arn!))
  })
  test.each<[string, string]>([
    ['as it came', '/'],
    ['with escapes', '\\/'],
  ])('calls who is gone by the unique id where it names them (%s), and nowhere else', async (_, slash) => {
    const { RoleName, Arn, RoleId } = await created('leaving')
    const text = (name: string) =>
      `{ "Statement" : {"Sid":"${Arn}","Effect":"Allow","Principal":{"AWS":[ "${name}" ,"${root}"]},
      "Action":"sts:AssumeRole","Condition":{"ArnNotEquals":{"aws:PrincipalArn":"${Arn}"}}}}`
    await created('careful', text(Arn!.replaceAll('/', slash)))
    await iam().send(new DeleteRoleCommand({ RoleName }))
    expect(await trustOf('careful')).toBe(text(RoleId!))
    await iam().send(new DeleteRoleCommand({ RoleName: 'careful' }))
  })
})

describe('the policies of a role', () => {
  test('are put, read, listed and deleted', async () => {
    const RoleName = 'furnished'
    const PolicyDocument = allowing('kms:Encrypt')
    await created(RoleName)
    for (const PolicyName of ['b', 'a', 'c'])
      await iam().send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }))
    const { $metadata: _, ...found } = await iam().send(new GetRolePolicyCommand({ RoleName, PolicyName: 'a' }))
    expect(found).toEqual({
      RoleName,
      PolicyName: 'a',
      PolicyDocument: encodeURIComponent(PolicyDocument).replaceAll('*', '%2A'),
    })
    const first = await iam().send(new ListRolePoliciesCommand({ RoleName, MaxItems: 2 }))
    expect([first.PolicyNames, first.IsTruncated]).toEqual([['a', 'b'], true])
    // The last of the page goes before the next is asked for.
    await iam().send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'b' }))
    const second = await iam().send(new ListRolePoliciesCommand({ RoleName, Marker: first.Marker }))
    expect([second.PolicyNames, second.IsTruncated]).toEqual([['c'], false])
    const gone = noSuch('The role policy with name b cannot be found.')
    expect(await refusal(iam().send(new GetRolePolicyCommand({ RoleName, PolicyName: 'b' })))).toEqual(gone)
    expect(await refusal(iam().send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'b' })))).toEqual(gone)
  })
  test('of nobody are neither there nor to be put', async () => {
    const about = { RoleName: 'nobody', PolicyName: 'a' }
    const PolicyDocument = allowing('kms:*')
    expect(await refusal(iam().send(new PutRolePolicyCommand({ ...about, PolicyDocument })))).toEqual(missing)
    expect(await refusal(iam().send(new GetRolePolicyCommand(about)))).toEqual(missing)
    expect(await refusal(iam().send(new ListRolePoliciesCommand(about)))).toEqual(missing)
    expect(await refusal(iam().send(new DeleteRolePolicyCommand(about)))).toEqual(missing)
    expect(await refusal(iam().send(new GetRoleCommand(about)))).toEqual(missing)
  })
})

describe('DeleteRole', () => {
  test('takes a role without policies', async () => {
    const RoleName = 'ending'
    const { RoleId, Arn } = await created(RoleName)
    const { identities } = house().house.world
    expect([identities.uniqueId(Arn!), identities.arnOf(RoleId!)]).toEqual([RoleId, Arn])
    await iam().send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument: allowing('kms:*') }))
    expect(await refusal(iam().send(new DeleteRoleCommand({ RoleName })))).toEqual(
      conflict('Cannot delete entity, must delete policies first.'),
    )
    await iam().send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'p' }))
    await iam().send(new DeleteRoleCommand({ RoleName }))
    expect([identities.uniqueId(Arn!), identities.arnOf(RoleId!)]).toEqual([undefined, undefined])
    expect(await refusal(iam().send(new DeleteRoleCommand({ RoleName })))).toEqual(
      noSuch('The role with name ending cannot be found.'),
    )
  })
})

describe('ListRoles', () => {
  test('goes through the account, or what lies under a path', async () => {
    const { Roles } = await iam().send(new ListRolesCommand({ PathPrefix: '/service/' }))
    expect(Roles!.map(({ RoleName }) => RoleName)).toEqual(['reader'])
    expect(Roles![0]).not.toHaveProperty('Tags')
    const first = await iam().send(new ListRolesCommand({ MaxItems: 1 }))
    expect([first.Roles!.length, first.IsTruncated]).toEqual([1, true])
    const rest = await iam().send(new ListRolesCommand({ Marker: first.Marker }))
    const before = await iam().send(new ListRolesCommand({}))
    expect([...first.Roles!, ...rest.Roles!]).toEqual(before.Roles)
    await house().restart()
    expect((await iam().send(new ListRolesCommand({}))).Roles).toEqual(before.Roles)
    expect((await house().iam(bob).send(new ListRolesCommand({}))).Roles).toEqual([])
  })
})
