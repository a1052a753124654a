import { operation } from '../operation.ts'
import { changeAccount, userOrCaller, userResource } from './own-account.ts'
import { accessKeyId, userName } from './shapes.ts'

export const DeleteAccessKey = operation({
  authorize: { action: 'iam:DeleteAccessKey', resource: userResource },
  readOnly: false,
  input: { UserName: userName().optional(), AccessKeyId: accessKeyId() },
  async run({ UserName, AccessKeyId }, call) {
    const user = userOrCaller(UserName, call)
    await changeAccount(call, { type: 'DeleteAccessKey', userName: user, accessKeyId: AccessKeyId })
    // A crash before this leaves a sealed secret that nobody is behind any more.
    await call.world.vault.forgetSecret(AccessKeyId)
    return {}
  },
})
