import { operation } from '../operation.ts'
import { changeAccount, userResource } from './own-account.ts'
import { userName } from './shapes.ts'

export const DeleteUser = operation({
  authorize: { action: 'iam:DeleteUser', resource: userResource },
  readOnly: false,
  input: { UserName: userName() },
  async run({ UserName }, call) {
    await changeAccount(call, { type: 'DeleteUser', userName: UserName })
    return {}
  },
})
