import { userOf } from '@keyledger/iam'
import { operation } from '../operation.ts'
import { wholeUser } from './answers.ts'
import { ownAccount, userOrCaller, userResource } from './own-account.ts'
import { userName } from './shapes.ts'

export const GetUser = operation({
  authorize: { action: 'iam:GetUser', resource: userResource },
  readOnly: true,
  input: { UserName: userName().optional() },
  run: ({ UserName }, call) => ({
    User: wholeUser(call.caller.accountId, userOf(ownAccount(call), userOrCaller(UserName, call))),
  }),
})
