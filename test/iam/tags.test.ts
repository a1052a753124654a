import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  GetUserCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam'
import { expect, test } from 'vitest'
import { alice } from '../support/house.ts'
import { openHouse, refusal } from './asking.ts'

const house = openHouse()
const policy = (...Statement: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Statement })

test('conditions ask for the tags of the request, of who is asked about and of who asks', async () => {
  const iam = house().iam()
  const Tags = [{ Key: 'Team', Value: 'red' }]
  await iam.send(new CreateUserCommand({ UserName: 'lead', Tags }))
  await iam.send(
    new PutUserPolicyCommand({
      UserName: 'lead',
      PolicyName: 'p',
      PolicyDocument: policy(
        {
          Effect: 'Allow',
          Action: ['iam:CreateUser', 'iam:TagUser'],
          Resource: '*',
          Condition: {
            StringEquals: { 'aws:RequestTag/team': '${aws:PrincipalTag/team}' },
            'ForAllValues:StringEquals': { 'aws:TagKeys': ['Team'] },
          },
        },
        { Effect: 'Allow', Action: ['iam:GetUser', 'iam:DeleteUser'], Resource: '*' },
        {
          Effect: 'Deny',
          Action: 'iam:DeleteUser',
          Resource: '*',
          Condition: { StringNotEquals: { 'aws:ResourceTag/team': 'red' } },
        },
      ),
    }),
  )
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'lead' }))
  const { AccessKeyId, SecretAccessKey } = AccessKey!
  const lead = house().iam({ ...alice, accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey! })

  const denied = { name: 'AccessDenied', status: 403 }
  const create = (UserName: string, tags: { Key: string; Value: string }[]) =>
    lead.send(new CreateUserCommand({ UserName, Tags: tags }))
  expect(await refusal(create('untagged', []))).toMatchObject(denied)
  expect(await refusal(create('blue', [{ Key: 'Team', Value: 'blue' }]))).toMatchObject(denied)
  expect(await refusal(create('more', [...Tags, { Key: 'site', Value: 'x' }]))).toMatchObject(denied)
  await create('red', Tags)

  await iam.send(new CreateUserCommand({ UserName: 'blue', Tags: [{ Key: 'team', Value: 'blue' }] }))
  expect(await refusal(lead.send(new DeleteUserCommand({ UserName: 'blue' })))).toMatchObject(denied)
  expect(await refusal(lead.send(new DeleteUserCommand({ UserName: 'alice' })))).toMatchObject(denied)
  await lead.send(new DeleteUserCommand({ UserName: 'red' }))
  expect((await lead.send(new GetUserCommand({}))).User!.UserName).toBe('lead')
})

test('tags come with a new user or role only for who may tag that very one', async () => {
  const iam = house().iam()
  const Tags = [{ Key: 'team', Value: 'red' }]
  const AssumeRolePolicyDocument = policy({
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${alice.account}:root` },
    Action: 'sts:AssumeRole',
  })
  const actions = ['iam:TagUser', 'iam:TagRole']
  const forbid = (...Resource: readonly string[]) =>
    iam.send(
      new PutUserPolicyCommand({
        UserName: alice.name,
        PolicyName: 'no-tags',
        PolicyDocument: policy({ Effect: 'Deny', Action: actions, Resource }),
      }),
    )
  const user = (UserName: string, tags = Tags) => iam.send(new CreateUserCommand({ UserName, Tags: tags }))
  const role = (RoleName: string, tags = Tags) =>
    iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument, Tags: tags }))

  await forbid('*')
  for (const [promise, action, kind] of [
    [user('tagged'), 'TagUser', 'user'],
    [role('tagged'), 'TagRole', 'role'],
  ] as const)
    expect(await refusal(promise)).toEqual({
      name: 'AccessDenied',
      status: 403,
      message: `User: arn:aws:iam::${alice.account}:user/alice is not authorized to perform: iam:${action} on resource: arn:aws:iam::${alice.account}:${kind}/tagged with an explicit deny in an identity-based policy`,
    })
  await Promise.all([user('plain', []), role('plain', [])])
  await forbid(`arn:aws:iam::${alice.account}:user/other`, `arn:aws:iam::${alice.account}:role/other`)
  await Promise.all([user('tagged'), role('tagged')])
  await iam.send(new DeleteUserPolicyCommand({ UserName: alice.name, PolicyName: 'no-tags' }))
})
