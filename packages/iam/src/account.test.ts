import { describe, expect, test } from 'vitest'
import {
  type Account,
  type AccountCommand,
  type AccountEvent,
  type Names,
  account,
  accessKeysOf,
  entriesOf,
  named,
} from './account.ts'
import { IamFault } from './iam-fault.ts'

// Tables are typed row by row; what is found under a type takes what has that type.
const decide = (state: Account, command: AccountCommand) =>
  (account.decide[command.type] as (state: Account, command: AccountCommand) => readonly AccountEvent[])(state, command)
const fold = (state: Account, events: readonly AccountEvent[]) =>
  events.reduce(
    // As the ledger gives them back.
    (now, event) =>
      (account.evolve[event.type] as (state: Account, event: AccountEvent) => Account)(
        now,
        JSON.parse(JSON.stringify(event)) as AccountEvent,
      ),
    state,
  )
const after = (state: Account, ...commands: readonly AccountCommand[]) =>
  commands.reduce((now, command) => fold(now, decide(now, command)), state)
const refused = (state: Account, command: AccountCommand) => {
  try {
    return decide(state, command)
  } catch (error) {
    if (error instanceof IamFault) return { code: error.code, status: error.status, message: error.message }
    throw error
  }
}

/** The account with its tables as plain objects. */
const all = <V>(names: Names<V>) => Object.fromEntries(entriesOf(names))
const plain = ({ users, roles, accessKeys, ...rest }: Account) => ({
  ...rest,
  users: all(users),
  roles: all(roles),
  accessKeys: all(accessKeys),
})

const now = 1_000
const user = (userName: string, more = {}) =>
  ({ type: 'CreateUser', now, userName, userId: `AIDA${userName}`, path: '/', tags: [], ...more }) as const
const role = (roleName: string, more = {}) =>
  ({
    type: 'CreateRole',
    now,
    roleName,
    roleId: `AROA${roleName}`,
    path: '/',
    maxSessionDuration: 3600,
    tags: [],
    trustPolicy: '{}',
    principalIds: {},
    ...more,
  }) as const
const accessKey = (userName: string, accessKeyId: string) =>
  ({ type: 'CreateAccessKey', now, userName, accessKeyId }) as const
const userPolicy = (userName: string, policyName: string, document = '{}') =>
  ({ type: 'PutUserPolicy', userName, policyName, document }) as const
const rolePolicy = (roleName: string, policyName: string, document = '{}') =>
  ({ type: 'PutRolePolicy', roleName, policyName, document }) as const
const empty = after(account.initial, { type: 'CreateAccount', now, accountId: '111122223333' })

const noSuch = (message: string) => ({ code: 'NoSuchEntity', status: 404, message })
const exists = (message: string) => ({ code: 'EntityAlreadyExists', status: 409, message })
const conflict = (message: string) => ({ code: 'DeleteConflict', status: 409, message })
const limit = (message: string) => ({ code: 'LimitExceeded', status: 409, message })

describe('an account', () => {
  test('is made once, with its administrator in the same breath', () => {
    const administrator = {
      userName: 'admin',
      userId: 'AIDA1',
      policyName: 'administrator',
      document: '{}',
      accessKeyId: 'AKIA1',
    }
    const command = { type: 'CreateAccount', now, accountId: '444455556666', administrator } as const
    const state = after(account.initial, command)
    expect(plain(state)).toEqual({
      id: '444455556666',
      createdAt: now,
      users: {
        admin: {
          name: 'admin',
          userId: 'AIDA1',
          path: '/',
          createdAt: now,
          tags: [],
          policies: { administrator: '{}' },
        },
      },
      roles: {},
      accessKeys: { AKIA1: { userName: 'admin', status: 'Active', createdAt: now } },
    })
    expect(refused(state, command)).toEqual(exists('Account with id 444455556666 already exists.'))
  })
  test('that was never made takes nobody in', () => {
    expect(() => decide(account.initial, user('alice'))).toThrow('the account was never made')
    expect(() => decide(account.initial, role('reader'))).toThrow('the account was never made')
  })
  test('folds from events as they were first written', () => {
    const old = [
      { type: 'AccountCreated', data: { accountId: '111122223333' } },
      { type: 'UserCreated', data: { userName: 'alice', userId: 'AIDA1' } },
      { type: 'AccessKeyCreated', data: { userName: 'alice', accessKeyId: 'AKIA1' } },
      { type: 'UserPolicyPut', data: { userName: 'alice', policyName: 'policy-1', document: '{}' } },
    ] as const
    expect(plain(fold(account.initial, old))).toEqual({
      id: '111122223333',
      createdAt: 0,
      users: {
        alice: { name: 'alice', userId: 'AIDA1', path: '/', createdAt: 0, tags: [], policies: { 'policy-1': '{}' } },
      },
      roles: {},
      accessKeys: { AKIA1: { userName: 'alice', status: 'Active', createdAt: 0 } },
    })
  })
})

describe('a user', () => {
  const alice = after(empty, user('alice', { path: '/team/', tags: [{ key: 'team', value: 'red' }] }))

  test('is made and deleted; a namesake is somebody else', () => {
    expect(named(alice.users, 'alice')).toEqual({
      name: 'alice',
      userId: 'AIDAalice',
      path: '/team/',
      createdAt: now,
      tags: [{ key: 'team', value: 'red' }],
      policies: {},
    })
    const gone = after(alice, { type: 'DeleteUser', userName: 'alice' })
    expect(gone).toEqual(empty)
    expect(named(after(gone, user('alice', { userId: 'AIDAother' })).users, 'alice')!.userId).toBe('AIDAother')
  })
  test('has a name of its own, whatever its case', () => {
    expect(refused(alice, user('ALICE'))).toEqual(exists('User with name ALICE already exists.'))
  })
  test('may have any name', () => {
    const strange = after(empty, user('__proto__'), user('constructor'), userPolicy('__proto__', '__proto__'))
    expect([...entriesOf(strange.users)].map(([name]) => name).toSorted()).toEqual(['__proto__', 'constructor'])
    expect(Object.keys(named(strange.users, '__proto__')!.policies)).toEqual(['__proto__'])
    expect(refused(empty, { type: 'DeleteUser', userName: 'constructor' })).toEqual(
      noSuch('The user with name constructor cannot be found.'),
    )
  })
  test('goes only without access keys and policies', () => {
    const furnished = after(alice, accessKey('alice', 'AKIA1'), userPolicy('alice', 'p'))
    const deletion = { type: 'DeleteUser', userName: 'alice' } as const
    expect(refused(furnished, deletion)).toEqual(conflict('Cannot delete entity, must delete access keys first.'))
    const keyless = after(furnished, { type: 'DeleteAccessKey', userName: 'alice', accessKeyId: 'AKIA1' })
    expect(refused(keyless, deletion)).toEqual(conflict('Cannot delete entity, must delete policies first.'))
    expect(after(keyless, { type: 'DeleteUserPolicy', userName: 'alice', policyName: 'p' }, deletion)).toEqual(empty)
  })
  test('has tags whose keys differ in more than case, and none of AWS', () => {
    const twice = [
      { key: 'team', value: 'a' },
      { key: 'Team', value: 'b' },
    ]
    expect(refused(empty, user('bob', { tags: twice }))).toMatchObject({ code: 'InvalidInput', status: 400 })
    expect(refused(empty, user('bob', { tags: [{ key: 'AWS:x', value: '' }] }))).toMatchObject({ code: 'InvalidInput' })
  })
  test('has policies of 2,048 characters in all, white space aside', () => {
    const long = (size: number) => ' \n'.repeat(5000) + 'x'.repeat(size)
    const state = after(alice, userPolicy('alice', 'a', long(2000)), userPolicy('alice', 'b', long(48)))
    expect(refused(state, userPolicy('alice', 'c', 'x'))).toEqual(
      limit('Maximum policy size of 2048 bytes exceeded for user alice'),
    )
    // What takes another's place does not count twice.
    expect(named(after(state, userPolicy('alice', 'a', long(1999))).users, 'alice')!.policies['a']).toBe(long(1999))
  })
  test('has its policy put once, if it is put twice', () => {
    const state = after(alice, userPolicy('alice', 'p'))
    expect(decide(state, userPolicy('alice', 'p'))).toEqual([])
    expect(refused(alice, { type: 'DeleteUserPolicy', userName: 'alice', policyName: 'p' })).toEqual(
      noSuch('The user policy with name p cannot be found.'),
    )
    expect(refused(empty, userPolicy('alice', 'p'))).toEqual(noSuch('The user with name alice cannot be found.'))
  })
})

describe('an access key', () => {
  const state = after(empty, user('alice'), user('bob'), accessKey('alice', 'AKIA1'))
  const update = (status: 'Active' | 'Inactive', userName = 'alice') =>
    ({ type: 'UpdateAccessKey', userName, accessKeyId: 'AKIA1', status }) as const

  test('is one of two at most', () => {
    const two = after(state, accessKey('alice', 'AKIA2'))
    expect(accessKeysOf(two, 'alice')).toEqual(['AKIA1', 'AKIA2'])
    expect(refused(two, accessKey('alice', 'AKIA3'))).toEqual(limit('Cannot exceed quota for AccessKeysPerUser: 2'))
    expect(accessKeysOf(after(two, accessKey('bob', 'AKIA3')), 'bob')).toEqual(['AKIA3'])
  })
  test('is made inactive and active again', () => {
    const inactive = after(state, update('Inactive'))
    expect(named(inactive.accessKeys, 'AKIA1')).toEqual({ userName: 'alice', status: 'Inactive', createdAt: now })
    expect(decide(inactive, update('Inactive'))).toEqual([])
    expect(after(inactive, update('Active'))).toEqual(state)
  })
  test("is its user's alone", () => {
    const missing = noSuch('The Access Key with id AKIA1 cannot be found.')
    expect(refused(state, update('Inactive', 'bob'))).toEqual(missing)
    expect(refused(state, { type: 'DeleteAccessKey', userName: 'bob', accessKeyId: 'AKIA1' })).toEqual(missing)
    expect(refused(empty, update('Inactive'))).toEqual(noSuch('The user with name alice cannot be found.'))
    expect(refused(empty, accessKey('alice', 'AKIA2'))).toEqual(noSuch('The user with name alice cannot be found.'))
    expect(refused(state, accessKey('bob', 'AKIA1'))).toMatchObject({ code: 'EntityAlreadyExists' })
  })
})

describe('a role', () => {
  const reader = after(empty, role('reader', { description: 'reads', principalIds: { a: 'AIDA1' } }))

  test('is made and deleted', () => {
    expect(named(reader.roles, 'reader')).toEqual({
      name: 'reader',
      roleId: 'AROAreader',
      path: '/',
      createdAt: now,
      description: 'reads',
      maxSessionDuration: 3600,
      tags: [],
      trustPolicy: '{}',
      principalIds: { a: 'AIDA1' },
      policies: {},
    })
    expect(refused(reader, role('Reader'))).toEqual(exists('Role with name Reader already exists.'))
    const furnished = after(reader, rolePolicy('reader', 'p'))
    const deletion = { type: 'DeleteRole', roleName: 'reader' } as const
    expect(refused(furnished, deletion)).toEqual(conflict('Cannot delete entity, must delete policies first.'))
    expect(after(furnished, { type: 'DeleteRolePolicy', roleName: 'reader', policyName: 'p' }, deletion)).toEqual(empty)
  })
  test('has its trust policy changed where it says or means something else', () => {
    const update = (trustPolicy: string, principalIds: Record<string, string>) =>
      ({ type: 'UpdateAssumeRolePolicy', roleName: 'reader', trustPolicy, principalIds }) as const
    expect(decide(reader, update('{}', { a: 'AIDA1' }))).toEqual([])
    const changed = named(after(reader, update('{}', { a: 'AIDA2' })).roles, 'reader')!
    expect({ ...changed.principalIds }).toEqual({ a: 'AIDA2' })
    expect(refused(reader, update('x'.repeat(2049), {}))).toEqual(limit('Cannot exceed quota for ACLSizePerRole: 2048'))
    expect(refused(empty, role('long', { trustPolicy: 'x'.repeat(2049) }))).toMatchObject({ code: 'LimitExceeded' })
  })
  test('has policies of 10,240 characters in all', () => {
    const state = after(reader, rolePolicy('reader', 'a', 'x'.repeat(10_240)))
    expect(refused(state, rolePolicy('reader', 'b', 'x'))).toEqual(
      limit('Maximum policy size of 10240 bytes exceeded for role reader'),
    )
  })
  test('that is not there has no policies', () => {
    const missing = noSuch('The role with name writer cannot be found.')
    expect(refused(reader, rolePolicy('writer', 'p'))).toEqual(missing)
    expect(refused(reader, { type: 'DeleteRole', roleName: 'writer' })).toEqual(missing)
    expect(refused(reader, { type: 'DeleteRolePolicy', roleName: 'reader', policyName: 'p' })).toEqual(
      noSuch('The role policy with name p cannot be found.'),
    )
  })
})
