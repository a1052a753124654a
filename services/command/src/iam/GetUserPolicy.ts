import { iamFault, userOf } from '@keyledger/iam'
import { operation } from '../operation.ts'
import { urlEncoded } from './documents.ts'
import { ownAccount, userResource } from './own-account.ts'
import { policyName, userName } from './shapes.ts'

export const GetUserPolicy = operation({
  authorize: { action: 'iam:GetUserPolicy', resource: userResource },
  readOnly: true,
  input: { UserName: userName(), PolicyName: policyName() },
  run({ UserName, PolicyName }, call) {
    const document = userOf(ownAccount(call), UserName).policies[PolicyName]
    if (document === undefined) throw iamFault('userPolicyNotFound', PolicyName)
    return { UserName, PolicyName, PolicyDocument: urlEncoded(document) }
  },
})
