import { type Tag, named } from '@keyledger/iam'
import type { Call } from '../operation.ts'

/** Actions about somebody who is not there yet. */
const making = new Set(['iam:CreateUser', 'iam:CreateRole'])

/** The tags of the user or role that a request to IAM is about: aws:ResourceTag. */
export const tagsOfIdentity = ({ caller, input, world }: Call, action: string): readonly Tag[] => {
  const account =
    action.startsWith('iam:') && !making.has(action) ? world.identities.account(caller.accountId) : undefined
  if (!account) return []
  const { RoleName, UserName = caller.userName } = input as { readonly RoleName?: string; readonly UserName?: string }
  const found = RoleName === undefined ? UserName && named(account.users, UserName) : named(account.roles, RoleName)
  return (found || undefined)?.tags ?? []
}
