import { iamFault, roleOf } from '@keyledger/iam'
import { operation } from '../operation.ts'
import { urlEncoded } from './documents.ts'
import { ownAccount, roleResource } from './own-account.ts'
import { policyName, roleName } from './shapes.ts'

export const GetRolePolicy = operation({
  authorize: { action: 'iam:GetRolePolicy', resource: roleResource },
  readOnly: true,
  input: { RoleName: roleName(), PolicyName: policyName() },
  run({ RoleName, PolicyName }, call) {
    const document = roleOf(ownAccount(call), RoleName).policies[PolicyName]
    if (document === undefined) throw iamFault('rolePolicyNotFound', PolicyName)
    return { RoleName, PolicyName, PolicyDocument: urlEncoded(document) }
  },
})
