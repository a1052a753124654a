import { operation } from '../operation.ts'
import { changeAccount, userOrCaller, userResource } from './own-account.ts'
import { accessKeyId, status, userName } from './shapes.ts'

/** An inactive access key stops at once: callers are looked up by the account as it is. */
export const UpdateAccessKey = operation({
  authorize: { action: 'iam:UpdateAccessKey', resource: userResource },
  readOnly: false,
  input: { UserName: userName().optional(), AccessKeyId: accessKeyId(), Status: status() },
  async run({ UserName, AccessKeyId, Status }, call) {
    const user = userOrCaller(UserName, call)
    await changeAccount(call, { type: 'UpdateAccessKey', userName: user, accessKeyId: AccessKeyId, status: Status })
    return {}
  },
})
