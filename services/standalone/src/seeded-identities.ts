import { acceptablePolicy, acceptableTrust, freshId } from '@keyledger/command'
import {
  type Account,
  type AccountCommand,
  type AccountEvent,
  account as aggregate,
  named,
  roleArn,
  rootArn,
  userArn,
} from '@keyledger/iam'
import { decide, fold } from '@keyledger/keys'
import type { Seed } from './seed.ts'

type SeededAccount = Seed['accounts'][number]
/** Who is there, as far as trust policies ask. */
type Present = Parameters<typeof acceptableTrust>[1]

/** A policy of the seed has no name of its own. */
const policyName = (index: number) => `policy-${index + 1}`

/** What the account still lacks of its users: a founding that was cut short has made some of it. */
export const userCommands = ({ id, users }: SeededAccount, now: number, state: Account): AccountCommand[] => [
  ...(state.id === undefined ? [{ type: 'CreateAccount' as const, now, accountId: id }] : []),
  ...users.flatMap(({ name: userName, path, tags, policies, accessKeys }): AccountCommand[] => [
    ...(named(state.users, userName)
      ? []
      : [{ type: 'CreateUser' as const, now, userName, userId: freshId('AIDA'), path, tags }]),
    ...policies.map((policy, index) => ({
      type: 'PutUserPolicy' as const,
      userName,
      policyName: policyName(index),
      document: acceptablePolicy(JSON.stringify(policy)),
    })),
    ...accessKeys
      .filter(({ accessKeyId }) => !named(state.accessKeys, accessKeyId))
      .map(({ accessKeyId }) => ({ type: 'CreateAccessKey' as const, now, userName, accessKeyId })),
  ]),
]

const roleIdIn = (state: Account | undefined, name: string) => state && named(state.roles, name)?.roleId

/** The ids that the seeded roles have or will have, by ARN: roles may trust one another. */
export const roleIds = (
  accounts: readonly SeededAccount[],
  stateOf: (accountId: string) => Account | undefined,
): ReadonlyMap<string, string> =>
  new Map(
    accounts.flatMap(({ id, roles }) =>
      roles.map((role) => [roleArn(id, role), roleIdIn(stateOf(id), role.name) ?? freshId('AROA')] as const),
    ),
  )

/**
 * What the account still lacks of its roles, when all users are there. A role that stands has its trust policy put again: it may
 * mean a role that a founding cut short never made, whose id is another one by now.
 */
export const roleCommands = (
  { id, roles }: SeededAccount,
  now: number,
  state: Account,
  ids: ReadonlyMap<string, string>,
  present: Present,
): AccountCommand[] => {
  const all: Present = { uniqueId: (arn) => ids.get(arn) ?? present.uniqueId(arn), arnOf: present.arnOf }
  return roles.flatMap(({ name: roleName, trustPolicy, policies, path, tags, description, maxSessionDuration }) => {
    const trust = acceptableTrust(JSON.stringify(trustPolicy), all)
    const roleId = ids.get(roleArn(id, { path, name: roleName }))!
    const described = { roleName, roleId, path, tags, description, maxSessionDuration }
    const made: AccountCommand = named(state.roles, roleName)
      ? { type: 'UpdateAssumeRolePolicy', roleName, ...trust }
      : { type: 'CreateRole', now, ...described, ...trust }
    return [
      made,
      ...policies.map((policy, index): AccountCommand => {
        const document = acceptablePolicy(JSON.stringify(policy))
        return { type: 'PutRolePolicy', roleName, policyName: policyName(index), document }
      }),
    ]
  })
}

/** Founds the accounts in memory alone. Throws the IamFault that a real founding would end with half-way. */
export const rehearse = (accounts: readonly SeededAccount[]): void => {
  const ids = roleIds(accounts, () => undefined)
  const users = accounts.flatMap(({ id, users }) => users.map((user) => userArn(id, user)))
  const known = new Set([...accounts.map(({ id }) => rootArn(id)), ...users])
  const present: Present = {
    uniqueId: (arn) => (known.has(arn) ? arn : undefined),
    arnOf: (id) => (known.has(rootArn(id)) ? rootArn(id) : undefined),
  }
  for (const account of accounts) {
    let state = aggregate.initial
    const commands = [...userCommands(account, 0, state), ...roleCommands(account, 0, state, ids, present)]
    for (const command of commands)
      state = fold<Account, AccountCommand, AccountEvent>(aggregate, state, decide(aggregate, state, command))
  }
}
