import { roleOf } from '@keyledger/iam'
import { operation } from '../operation.ts'
import { wholeRole } from './answers.ts'
import { ownAccount, roleResource } from './own-account.ts'
import { roleName } from './shapes.ts'

export const GetRole = operation({
  authorize: { action: 'iam:GetRole', resource: roleResource },
  readOnly: true,
  input: { RoleName: roleName() },
  run: ({ RoleName }, call) => ({
    Role: wholeRole(call.caller.accountId, roleOf(ownAccount(call), RoleName), call.world.identities),
  }),
})
