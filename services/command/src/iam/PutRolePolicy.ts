import { operation } from '../operation.ts'
import { acceptablePolicy } from './documents.ts'
import { changeAccount, roleResource } from './own-account.ts'
import { policyDocument, policyName, roleName } from './shapes.ts'

export const PutRolePolicy = operation({
  authorize: { action: 'iam:PutRolePolicy', resource: roleResource },
  readOnly: false,
  input: { RoleName: roleName(), PolicyName: policyName(), PolicyDocument: policyDocument() },
  async run({ RoleName, PolicyName, PolicyDocument }, call) {
    const document = acceptablePolicy(PolicyDocument)
    await changeAccount(call, { type: 'PutRolePolicy', roleName: RoleName, policyName: PolicyName, document })
    return {}
  },
})
