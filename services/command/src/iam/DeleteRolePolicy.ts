import { operation } from '../operation.ts'
import { changeAccount, roleResource } from './own-account.ts'
import { policyName, roleName } from './shapes.ts'

export const DeleteRolePolicy = operation({
  authorize: { action: 'iam:DeleteRolePolicy', resource: roleResource },
  readOnly: false,
  input: { RoleName: roleName(), PolicyName: policyName() },
  async run({ RoleName, PolicyName }, call) {
    await changeAccount(call, { type: 'DeleteRolePolicy', roleName: RoleName, policyName: PolicyName })
    return {}
  },
})
