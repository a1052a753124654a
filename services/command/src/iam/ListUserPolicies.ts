import { userOf } from '@keyledger/iam'
import { operation } from '../operation.ts'
import { pageOfNames } from './listing.ts'
import { ownAccount, userResource } from './own-account.ts'
import { marker, maxItems, userName } from './shapes.ts'

export const ListUserPolicies = operation({
  authorize: { action: 'iam:ListUserPolicies', resource: userResource },
  readOnly: true,
  input: { UserName: userName(), Marker: marker(), MaxItems: maxItems() },
  run({ UserName, ...asked }, call) {
    const names = Object.keys(userOf(ownAccount(call), UserName).policies)
    const { page, more } = pageOfNames('ListUserPolicies', names, asked)
    return { PolicyNames: page, ...more }
  },
})
