import { accessKeys, type AccessKeyCommand, type AccessKeyEvent } from './account/access-keys.ts'
import { noNames } from './account/names.ts'
import { roles, type RoleCommand, type RoleEvent } from './account/roles.ts'
import type { Account, Slice } from './account/state.ts'
import { users, type UserCommand, type UserEvent } from './account/users.ts'
import { iamFault } from './iam-fault.ts'

export { accessKeysOf } from './account/access-keys.ts'
export { type Names, entriesOf, named } from './account/names.ts'
export { policySize } from './account/policies.ts'
export { roleOf } from './account/roles.ts'
export type { AccessKey, AccessKeyStatus, Account, Role, Tag, User } from './account/state.ts'
export { userOf } from './account/users.ts'

type OwnCommand = {
  readonly type: 'CreateAccount'
  readonly now: number
  readonly accountId: string
  /** The account's first user, in the same breath: no crash leaves an account that nobody can enter. */
  readonly administrator?: {
    readonly userName: string
    readonly userId: string
    readonly policyName: string
    readonly document: string
    readonly accessKeyId: string
  }
}
type OwnEvent = {
  readonly type: 'AccountCreated'
  readonly data: { readonly accountId: string; readonly createdAt?: number }
}

export type AccountCommand = OwnCommand | UserCommand | AccessKeyCommand | RoleCommand
export type AccountEvent = OwnEvent | UserEvent | AccessKeyEvent | RoleEvent

/**
 * The aggregate of the stream `account-<id>`: commands bring times and unique ids with them, refusals are IamFaults. In an
 * account that was never made nothing can be made.
 */
export const account: { readonly initial: Account } & Slice<AccountCommand, AccountEvent> = {
  initial: { id: undefined, createdAt: 0, users: noNames, roles: noNames, accessKeys: noNames },
  decide: {
    ...users.decide,
    ...accessKeys.decide,
    ...roles.decide,
    CreateAccount: (state, { now, accountId, administrator }) => {
      if (state.id !== undefined) throw iamFault('accountExists', accountId)
      const created: AccountEvent = { type: 'AccountCreated', data: { accountId, createdAt: now } }
      if (!administrator) return [created]
      const { userName, userId, policyName, document, accessKeyId } = administrator
      return [
        created,
        { type: 'UserCreated', data: { userName, userId, path: '/', tags: [], createdAt: now } },
        { type: 'UserPolicyPut', data: { userName, policyName, document } },
        { type: 'AccessKeyCreated', data: { userName, accessKeyId, createdAt: now } },
      ]
    },
  },
  evolve: {
    ...users.evolve,
    ...accessKeys.evolve,
    ...roles.evolve,
    AccountCreated: (state, { data: { accountId, createdAt = 0 } }) => ({ ...state, id: accountId, createdAt }),
  },
}

/** `account-<id>`: the stream of one account's identities. */
export const accountStream = (accountId: string): string => `account-${accountId}`
