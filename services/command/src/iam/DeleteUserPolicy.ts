import { operation } from '../operation.ts'
import { changeAccount, userResource } from './own-account.ts'
import { policyName, userName } from './shapes.ts'

export const DeleteUserPolicy = operation({
  authorize: { action: 'iam:DeleteUserPolicy', resource: userResource },
  readOnly: false,
  input: { UserName: userName(), PolicyName: policyName() },
  async run({ UserName, PolicyName }, call) {
    await changeAccount(call, { type: 'DeleteUserPolicy', userName: UserName, policyName: PolicyName })
    return {}
  },
})
