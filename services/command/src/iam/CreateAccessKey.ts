import { named } from '@keyledger/iam'
import { operation } from '../operation.ts'
import { accessKeyAnswer } from './answers.ts'
import { withNewAccessKey } from './new-access-key.ts'
import { ownAccount, userOrCaller, userResource } from './own-account.ts'
import { userName } from './shapes.ts'

/** The one time that the secret is shown: from here on only its signing keys come out of the vault. */
export const CreateAccessKey = operation({
  authorize: { action: 'iam:CreateAccessKey', resource: userResource },
  readOnly: false,
  input: { UserName: userName().optional() },
  async run({ UserName }, call) {
    const user = userOrCaller(UserName, call)
    const { account, accessKeyId, secret } = await withNewAccessKey(
      call,
      ownAccount(call),
      call.caller.accountId,
      (accessKeyId) => ({ type: 'CreateAccessKey', now: call.time, userName: user, accessKeyId }),
    )
    const { CreateDate, ...shown } = accessKeyAnswer(accessKeyId, named(account.accessKeys, accessKeyId)!)
    return { AccessKey: { ...shown, SecretAccessKey: secret, CreateDate } }
  },
})
