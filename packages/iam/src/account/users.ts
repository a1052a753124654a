import { iamFault } from '../iam-fault.ts'
import { type Names, entriesOf, named, withName, withoutName } from './names.ts'
import { sizedPolicies } from './policies.ts'
import { type Account, type Slice, type Tag, type User, isEmpty, made, none, put, without } from './state.ts'
import { acceptableTags } from './tags.ts'

export type UserCommand =
  | {
      readonly type: 'CreateUser'
      readonly now: number
      readonly userName: string
      /** `AIDA...` */
      readonly userId: string
      readonly path: string
      readonly tags: readonly Tag[]
    }
  | { readonly type: 'DeleteUser'; readonly userName: string }
  | {
      readonly type: 'PutUserPolicy'
      readonly userName: string
      readonly policyName: string
      readonly document: string
    }
  | { readonly type: 'DeleteUserPolicy'; readonly userName: string; readonly policyName: string }

export type UserEvent =
  | {
      readonly type: 'UserCreated'
      readonly data: {
        readonly userName: string
        readonly userId: string
        readonly path?: string
        readonly tags?: readonly Tag[]
        readonly createdAt?: number
      }
    }
  | { readonly type: 'UserDeleted'; readonly data: { readonly userName: string } }
  | {
      readonly type: 'UserPolicyPut'
      readonly data: { readonly userName: string; readonly policyName: string; readonly document: string }
    }
  | { readonly type: 'UserPolicyDeleted'; readonly data: { readonly userName: string; readonly policyName: string } }

/** IAM user guide, "IAM and AWS STS quotas". */
const maxUsers = 5_000

/** The user of that name; throws NoSuchEntity. */
export const userOf = ({ users }: Account, name: string): User => {
  const user = named(users, name)
  if (!user) throw iamFault('userNotFound', name)
  return user
}

/** "Names are not distinguished by case" (CreateUser). */
export const isTaken = (entries: Names<unknown>, name: string): boolean => {
  const wanted = name.toLowerCase()
  for (const [other] of entriesOf(entries)) if (other.toLowerCase() === wanted) return true
  return false
}

const hasAccessKeys = ({ accessKeys }: Account, name: string): boolean => {
  for (const [, { userName }] of entriesOf(accessKeys)) if (userName === name) return true
  return false
}

const changed = (state: Account, name: string, change: (user: User) => User): Account => {
  const user = named(state.users, name)
  if (!user) throw new Error(`an event of user ${name}, who is not in the account`)
  return { ...state, users: withName(state.users, name, change(user)) }
}

export const users: Slice<UserCommand, UserEvent> = {
  decide: {
    CreateUser: (state, { now, userName, userId, path, tags }) => {
      made(state)
      if (isTaken(state.users, userName)) throw iamFault('userExists', userName)
      if (state.users.size >= maxUsers) throw iamFault('tooMany', 'UsersPerAccount', maxUsers)
      return [{ type: 'UserCreated', data: { userName, userId, path, tags: acceptableTags(tags), createdAt: now } }]
    },
    DeleteUser: (state, { userName }) => {
      const { policies } = userOf(state, userName)
      if (hasAccessKeys(state, userName)) throw iamFault('accessKeysLeft')
      if (!isEmpty(policies)) throw iamFault('policiesLeft')
      return [{ type: 'UserDeleted', data: { userName } }]
    },
    PutUserPolicy: (state, { userName, policyName, document }) => {
      const { policies } = userOf(state, userName)
      sizedPolicies('user', userName, policies, policyName, document)
      return policies[policyName] === document
        ? []
        : [{ type: 'UserPolicyPut', data: { userName, policyName, document } }]
    },
    DeleteUserPolicy: (state, { userName, policyName }) => {
      if (userOf(state, userName).policies[policyName] === undefined) throw iamFault('userPolicyNotFound', policyName)
      return [{ type: 'UserPolicyDeleted', data: { userName, policyName } }]
    },
  },
  evolve: {
    UserCreated: (state, { data: { userName, userId, path = '/', tags = [], createdAt = 0 } }) => ({
      ...state,
      users: withName(state.users, userName, { name: userName, userId, path, createdAt, tags, policies: none }),
    }),
    UserDeleted: (state, { data: { userName } }) => ({ ...state, users: withoutName(state.users, userName) }),
    UserPolicyPut: (state, { data: { userName, policyName, document } }) =>
      changed(state, userName, (user) => ({ ...user, policies: put(user.policies, policyName, document) })),
    UserPolicyDeleted: (state, { data: { userName, policyName } }) =>
      changed(state, userName, (user) => ({ ...user, policies: without(user.policies, policyName) })),
  },
}
