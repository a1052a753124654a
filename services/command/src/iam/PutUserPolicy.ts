import { operation } from '../operation.ts'
import { acceptablePolicy } from './documents.ts'
import { changeAccount, userResource } from './own-account.ts'
import { policyDocument, policyName, userName } from './shapes.ts'

export const PutUserPolicy = operation({
  authorize: { action: 'iam:PutUserPolicy', resource: userResource },
  readOnly: false,
  input: { UserName: userName(), PolicyName: policyName(), PolicyDocument: policyDocument() },
  async run({ UserName, PolicyName, PolicyDocument }, call) {
    const document = acceptablePolicy(PolicyDocument)
    await changeAccount(call, { type: 'PutUserPolicy', userName: UserName, policyName: PolicyName, document })
    return {}
  },
})
