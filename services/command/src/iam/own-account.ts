import {
  type Account,
  type AccountCommand,
  accountStream,
  account as accountAggregate,
  iamFault,
  named,
  roleArn,
  userArn,
} from '@keyledger/iam'
import { envelope } from '../keys.ts'
import type { Call } from '../operation.ts'

/** The caller's account: who asks is of it, so it is there. */
export const ownAccount = ({ caller, world }: Call): Account =>
  world.identities.account(caller.accountId) ?? accountAggregate.initial

/** Decides and appends one command on the caller's account; resolves to the account after it. */
export const changeAccount = (call: Call, command: AccountCommand, id = call.caller.accountId): Promise<Account> =>
  call.world.identities.accounts.handle(accountStream(id), command, envelope(call, id))

/** The user that a request is about: the caller, where it names none. Throws ValidationError where that is no user. */
export const userOrCaller = (name: string | undefined, { caller }: Call): string => {
  const user = name ?? caller.userName
  if (user === undefined) throw iamFault('userNameNeeded')
  return user
}

/** ARN of the user that a request is about, there or not; a policy speaks about both. */
export const userResource = ({ UserName }: { readonly UserName?: string | undefined }, call: Call): string => {
  const name = UserName ?? call.caller.userName ?? ''
  return userArn(call.caller.accountId, named(ownAccount(call).users, name) ?? { path: '/', name })
}
export const roleResource = ({ RoleName: name }: { readonly RoleName: string }, call: Call): string =>
  roleArn(call.caller.accountId, named(ownAccount(call).roles, name) ?? { path: '/', name })
