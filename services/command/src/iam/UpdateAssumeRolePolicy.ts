import { roleOf } from '@keyledger/iam'
import { operation } from '../operation.ts'
import { acceptableTrust } from './documents.ts'
import { changeAccount, ownAccount, roleResource } from './own-account.ts'
import { policyDocument, roleName } from './shapes.ts'

export const UpdateAssumeRolePolicy = operation({
  authorize: { action: 'iam:UpdateAssumeRolePolicy', resource: roleResource },
  readOnly: false,
  input: { RoleName: roleName(), PolicyDocument: policyDocument() },
  async run({ RoleName, PolicyDocument }, call) {
    roleOf(ownAccount(call), RoleName)
    const trust = acceptableTrust(PolicyDocument, call.world.identities)
    await changeAccount(call, { type: 'UpdateAssumeRolePolicy', roleName: RoleName, ...trust })
    return {}
  },
})
