import { iamFault, userArn, userOf } from '@keyledger/iam'
import { authorizeByIdentity } from '../authorize.ts'
import { operation } from '../operation.ts'
import { freshId } from '../unique-id.ts'
import { wholeUser } from './answers.ts'
import { changeAccount } from './own-account.ts'
import { newUserName, path, permissionsBoundary, tags } from './shapes.ts'

export const CreateUser = operation({
  authorize: {
    action: 'iam:CreateUser',
    resource: ({ Path, UserName }, { caller }) => userArn(caller.accountId, { path: Path, name: UserName }),
  },
  readOnly: false,
  input: { UserName: newUserName(), Path: path(), Tags: tags(), PermissionsBoundary: permissionsBoundary() },
  async run({ UserName: userName, Path, Tags, PermissionsBoundary }, call) {
    if (PermissionsBoundary !== undefined) throw iamFault('notSupported', 'PermissionsBoundary')
    const arn = userArn(call.caller.accountId, { path: Path, name: userName })
    if (Tags.length > 0) authorizeByIdentity(call, 'iam:TagUser', arn)
    const account = await changeAccount(call, {
      type: 'CreateUser',
      now: call.time,
      userName,
      userId: freshId('AIDA'),
      path: Path,
      tags: Tags.map(({ Key, Value }) => ({ key: Key, value: Value })),
    })
    return { User: wholeUser(call.caller.accountId, userOf(account, userName)) }
  },
})
