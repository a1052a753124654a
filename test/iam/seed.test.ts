import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  ListAccessKeysCommand,
} from '@aws-sdk/client-iam'
import { named } from '@keyledger/iam'
import { afterAll, describe, expect, test } from 'vitest'
import { administrator, alice, bob, testHouse } from '../support/house.ts'
import { allowing, trusting } from './asking.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyledger-seed-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const seedFile = (accounts: unknown): string => {
  const seed = join(folder, 'seed.json')
  writeFileSync(seed, JSON.stringify({ accounts }))
  return seed
}
const json = (text: string) => JSON.parse(text) as object
const { name, accessKeyId, secretAccessKey } = alice
const user = { name, accessKeyId, secretAccessKey, policies: [administrator] }
const later = { accessKeyId: 'AKIAALICEALICEALICE2', secretAccessKey: 'another-secret-of-alice' }
const arn = (rest: string) => `arn:aws:iam::${alice.account}:${rest}`

describe('a seed', () => {
  test('may hold paths, tags, several access keys, and roles that trust one another', async () => {
    const seed = seedFile([
      {
        id: alice.account,
        users: [{ ...user, path: '/team/', tags: { team: 'red' }, accessKeys: [later] }],
        roles: [
          {
            name: 'reader',
            path: '/service/',
            description: 'reads',
            maxSessionDuration: 7200,
            tags: { site: 'x' },
            trustPolicy: json(trusting(arn('user/team/alice'), arn('role/writer'), bob.account)),
            policies: [json(allowing('kms:Decrypt'))],
          },
          { name: 'writer', trustPolicy: json(trusting(arn('role/service/reader'))) },
        ],
      },
      { id: bob.account },
    ])
    await using house = await testHouse({ seed })
    const iam = house.iam({ ...alice, ...later })
    const CreateDate = new Date(house.clock.now())
    const { User } = await iam.send(new GetUserCommand({}))
    expect(User).toMatchObject({ Arn: arn('user/team/alice'), Tags: [{ Key: 'team', Value: 'red' }], CreateDate })
    const { AccessKeyMetadata } = await iam.send(new ListAccessKeysCommand({}))
    expect(AccessKeyMetadata!.map(({ AccessKeyId }) => AccessKeyId)).toEqual([accessKeyId, later.accessKeyId])
    const policy = await iam.send(new GetUserPolicyCommand({ UserName: name, PolicyName: 'policy-1' }))
    expect(decodeURIComponent(policy.PolicyDocument!)).toBe(JSON.stringify(administrator))

    const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'reader' }))
    expect(Role).toMatchObject({
      Arn: arn('role/service/reader'),
      Description: 'reads',
      MaxSessionDuration: 7200,
      Tags: [{ Key: 'site', Value: 'x' }],
    })
    const { identities } = house.house.world
    const [reader, writer] = ['reader', 'writer'].map((name) => named(identities.account(alice.account)!.roles, name))
    expect({ ...reader!.principalIds }).toEqual({
      [arn('user/team/alice')]: User!.UserId,
      [arn('role/writer')]: writer!.roleId,
    })
    expect({ ...writer!.principalIds }).toEqual({ [arn('role/service/reader')]: reader!.roleId })
    const allowed = await iam.send(new GetRolePolicyCommand({ RoleName: 'reader', PolicyName: 'policy-1' }))
    expect(decodeURIComponent(allowed.PolicyDocument!)).toBe(allowing('kms:Decrypt'))
  })

  const role = { name: 'reader', trustPolicy: json(trusting(arn('root'))) }
  const long = Array.from({ length: 200 }, (_, n) => `kms:Action${n}`)
  test.each([
    ['a policy without statements', { users: [{ ...user, policies: [{}] }] }, 'Effect is Allow or Deny|no object'],
    ['a policy that is too long', { users: [{ ...user, policies: [json(allowing(...long))] }] }, 'Maximum policy size'],
    [
      'three access keys of one user',
      { users: [{ ...user, accessKeys: [later, { ...later, accessKeyId: 'AKIAALICEALICEALICE3' }] }] },
      'Cannot exceed quota for AccessKeysPerUser: 2',
    ],
    ['half an access key', { users: [{ name, accessKeyId }] }, 'accounts.0.users.0 has one half of an access key'],
    [
      'one access key twice',
      { users: [{ ...user, accessKeys: [{ ...later, accessKeyId }] }] },
      `names access key ${accessKeyId} twice`,
    ],
    ['two users of one name', { users: [user, { name: 'ALICE' }] }, 'User with name ALICE already exists.'],
    ['two roles of one name', { roles: [role, role] }, 'Role with name reader already exists.'],
    [
      'a role that trusts nobody there is',
      { roles: [{ ...role, trustPolicy: json(trusting(arn('user/nobody'))) }] },
      'Invalid principal in policy',
    ],
    ['a role without a trust policy', { roles: [{ name: 'reader' }] }, 'accounts.0.roles.0.trustPolicy'],
    ['a path that is none', { users: [{ ...user, path: 'team' }] }, 'accounts.0.users.0.path is not an IAM path'],
  ])('with %s founds no house, and says why', async (_, account, why) => {
    const seed = seedFile([{ id: alice.account, ...account }])
    await expect(testHouse({ seed })).rejects.toThrow(new RegExp(`^KEYLEDGER_SEED.*(${why})`))
  })
})
