// For tests: callers, and requests about a key of 111122223333.
import type { Caller } from '../caller.ts'
import type { Ambiguous } from './ambiguous.ts'
import { type Context, type ContextValue, type Question, identityPolicy, keyPolicy } from '../evaluation.ts'

export const owner = '111122223333'
export const other = '444455556666'
export const key = `arn:aws:kms:eu-west-1:${owner}:key/1234abcd`
export const root = (account: string) => `arn:aws:iam::${account}:root`
export const arnOf = (name: string, account = owner) => `arn:aws:iam::${account}:user/${name}`

const document = (statements: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements })
export const onKey = (...statements: readonly object[]) =>
  keyPolicy(
    document(statements.map((statement) => ({ Effect: 'Allow', Action: 'kms:*', Resource: '*', ...statement }))),
  )
export const onIdentity = (...statements: readonly object[]) =>
  identityPolicy(
    document(statements.map((statement) => ({ Effect: 'Allow', Action: 'kms:*', Resource: '*', ...statement }))),
  )

export const user = (name: string, account = owner): Caller => {
  const arn = arnOf(name, account)
  const userId = `AIDA${name.toUpperCase().padEnd(17, '0')}`
  return {
    principal: { type: 'IAMUser', principalId: userId, arn, accountId: account, userName: name },
    arn,
    accountId: account,
    names: [userId, arn],
    sessionNames: [],
    principalArn: arn,
    principalType: 'User',
    userId,
    userName: name,
    tags: {},
    identityPolicies: [],
    sessionPolicies: undefined,
    issuedAt: undefined,
  }
}

export const session = (role: string, name: string, account = owner): Caller => {
  const arn = `arn:aws:sts::${account}:assumed-role/${role}/${name}`
  const roleArn = `arn:aws:iam::${account}:role/${role}`
  const roleId = `AROA${role.toUpperCase().padEnd(17, '0')}`
  return {
    ...user(name, account),
    arn,
    names: [arn, `${roleId}:${name}`, roleId, roleArn],
    sessionNames: [arn, `${roleId}:${name}`],
    principalArn: roleArn,
    principalType: 'AssumedRole',
    userId: `${roleId}:${name}`,
    userName: undefined,
  }
}

export const rootUser = (account = owner): Caller => ({
  ...user('root', account),
  arn: root(account),
  names: [],
  principalArn: root(account),
  principalType: 'Account',
})

/** A context of these values; the names in lower case, as they are asked for. */
export const context =
  (values: Readonly<Record<string, ContextValue | Ambiguous>> = {}): Context =>
  (name) =>
    Object.hasOwn(values, name) ? values[name] : undefined

export const asks = (caller: Caller, more: Partial<Question> = {}): Question => ({
  caller,
  action: 'kms:Encrypt',
  resource: key,
  context: context(),
  keyPolicy: undefined,
  account: owner,
  ...more,
})
