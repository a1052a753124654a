/** One account's identities, folded from the stream `account-<id>`: users, their access keys, their inline policies. */
export interface Account {
  readonly id: string | undefined
  readonly users: Readonly<Record<string, User>>
  /** Access key id -> its user's name. The secret is not here: it is sealed in the vault. */
  readonly accessKeys: Readonly<Record<string, string>>
}

export interface User {
  readonly name: string
  /** `AIDA...`: opaque, never reused, unlike the name. */
  readonly userId: string
  /** Inline policies by name, each a JSON document. */
  readonly policies: Readonly<Record<string, string>>
}

export type AccountEvent =
  | { readonly type: 'AccountCreated'; readonly data: { readonly accountId: string } }
  | { readonly type: 'UserCreated'; readonly data: { readonly userName: string; readonly userId: string } }
  | { readonly type: 'AccessKeyCreated'; readonly data: { readonly userName: string; readonly accessKeyId: string } }
  | {
      readonly type: 'UserPolicyPut'
      readonly data: { readonly userName: string; readonly policyName: string; readonly document: string }
    }

export type AccountCommand =
  | { readonly type: 'CreateAccount'; readonly accountId: string }
  | { readonly type: 'CreateUser'; readonly userName: string; readonly userId: string }
  | { readonly type: 'CreateAccessKey'; readonly userName: string; readonly accessKeyId: string }
  | {
      readonly type: 'PutUserPolicy'
      readonly userName: string
      readonly policyName: string
      readonly document: string
    }

type DecideAccount = {
  [T in AccountCommand['type']]: (
    state: Account,
    command: Extract<AccountCommand, { type: T }>,
  ) => readonly AccountEvent[]
}
type EvolveAccount = {
  [T in AccountEvent['type']]: (state: Account, event: Extract<AccountEvent, { type: T }>) => Account
}

// Tables keyed by names from outside have no prototype, so that a user called `constructor` is just a user.
const table = <V>(entries: Readonly<Record<string, V>>, name: string, value: V): Readonly<Record<string, V>> =>
  Object.assign(Object.create(null) as Record<string, V>, entries, { [name]: value })

const none = Object.freeze(Object.create(null) as Record<string, never>)

const decide: DecideAccount = {
  CreateAccount: (state, { accountId }) => (state.id ? [] : [{ type: 'AccountCreated', data: { accountId } }]),
  CreateUser: (state, { userName, userId }) =>
    state.users[userName] ? [] : [{ type: 'UserCreated', data: { userName, userId } }],
  CreateAccessKey: (state, { userName, accessKeyId }) =>
    state.accessKeys[accessKeyId] ? [] : [{ type: 'AccessKeyCreated', data: { userName, accessKeyId } }],
  PutUserPolicy: (state, { userName, policyName, document }) =>
    state.users[userName]?.policies[policyName] === document
      ? []
      : [{ type: 'UserPolicyPut', data: { userName, policyName, document } }],
}

const evolve: EvolveAccount = {
  AccountCreated: (state, { data }) => ({ ...state, id: data.accountId }),
  UserCreated: (state, { data: { userName, userId } }) => ({
    ...state,
    users: table(state.users, userName, { name: userName, userId, policies: none }),
  }),
  AccessKeyCreated: (state, { data: { userName, accessKeyId } }) => ({
    ...state,
    accessKeys: table(state.accessKeys, accessKeyId, userName),
  }),
  UserPolicyPut: (state, { data: { userName, policyName, document } }) => {
    const user = state.users[userName]
    if (!user) throw new Error(`policy for ${userName}, who is not in the account`)
    const policies = table(user.policies, policyName, document)
    return { ...state, users: table(state.users, userName, { ...user, policies }) }
  },
}

/** The aggregate of the stream `account-<id>`. Every command may come twice: what is there already gives no event. */
export const account: { initial: Account; decide: DecideAccount; evolve: EvolveAccount } = {
  initial: { id: undefined, users: none, accessKeys: none },
  decide,
  evolve,
}

/** Who may ask: the answer of a verified signature. CloudTrail's `userIdentity` of an IAM user. */
export interface Principal {
  readonly type: 'IAMUser'
  readonly principalId: string
  readonly arn: string
  readonly accountId: string
  readonly accessKeyId: string
  readonly userName: string
}

/** The principal behind `accessKeyId`, or undefined if the account has no such key. */
export const principal = (state: Account, accessKeyId: string): Principal | undefined => {
  const userName = state.accessKeys[accessKeyId]
  const user = userName === undefined ? undefined : state.users[userName]
  if (!state.id || !user) return undefined
  const arn = `arn:aws:iam::${state.id}:user/${user.name}`
  return { type: 'IAMUser', principalId: user.userId, arn, accountId: state.id, accessKeyId, userName: user.name }
}

/** `account-<id>`: the stream of one account's identities. */
export const accountStream = (accountId: string): string => `account-${accountId}`
