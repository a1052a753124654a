import { iamFault, roleArn, roleOf } from '@keyledger/iam'
import { integer, string } from '@keyledger/wire'
import { authorizeByIdentity } from '../authorize.ts'
import { operation } from '../operation.ts'
import { freshId } from '../unique-id.ts'
import { wholeRole } from './answers.ts'
import { acceptableTrust } from './documents.ts'
import { changeAccount } from './own-account.ts'
import { path, permissionsBoundary, policyDocument, roleName, tags } from './shapes.ts'

export const CreateRole = operation({
  authorize: {
    action: 'iam:CreateRole',
    resource: ({ Path, RoleName }, { caller }) => roleArn(caller.accountId, { path: Path, name: RoleName }),
  },
  readOnly: false,
  input: {
    RoleName: roleName(),
    AssumeRolePolicyDocument: policyDocument(),
    Path: path(),
    Description: string({ max: 1000, pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*' }).optional(),
    MaxSessionDuration: integer({ min: 3600, max: 43200 }).default(3600),
    Tags: tags(),
    PermissionsBoundary: permissionsBoundary(),
  },
  async run(input, call) {
    if (input.PermissionsBoundary !== undefined) throw iamFault('notSupported', 'PermissionsBoundary')
    const arn = roleArn(call.caller.accountId, { path: input.Path, name: input.RoleName })
    if (input.Tags.length > 0) authorizeByIdentity(call, 'iam:TagRole', arn)
    const { identities } = call.world
    const account = await changeAccount(call, {
      type: 'CreateRole',
      now: call.time,
      roleName: input.RoleName,
      roleId: freshId('AROA'),
      path: input.Path,
      description: input.Description,
      maxSessionDuration: input.MaxSessionDuration,
      tags: input.Tags.map(({ Key, Value }) => ({ key: Key, value: Value })),
      ...acceptableTrust(input.AssumeRolePolicyDocument, identities),
    })
    return { Role: wholeRole(call.caller.accountId, roleOf(account, input.RoleName), identities) }
  },
})
