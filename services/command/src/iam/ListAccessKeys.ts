import { accessKeysOf, named, userOf } from '@keyledger/iam'
import { operation } from '../operation.ts'
import { accessKeyAnswer } from './answers.ts'
import { pageOfNames } from './listing.ts'
import { ownAccount, userOrCaller, userResource } from './own-account.ts'
import { marker, maxItems, userName } from './shapes.ts'

export const ListAccessKeys = operation({
  authorize: { action: 'iam:ListAccessKeys', resource: userResource },
  readOnly: true,
  input: { UserName: userName().optional(), Marker: marker(), MaxItems: maxItems() },
  run({ UserName, ...asked }, call) {
    const account = ownAccount(call)
    const { name } = userOf(account, userOrCaller(UserName, call))
    const { page, more } = pageOfNames('ListAccessKeys', accessKeysOf(account, name), asked)
    return { AccessKeyMetadata: page.map((id) => accessKeyAnswer(id, named(account.accessKeys, id)!)), ...more }
  },
})
