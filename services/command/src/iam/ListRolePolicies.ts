import { roleOf } from '@keyledger/iam'
import { operation } from '../operation.ts'
import { pageOfNames } from './listing.ts'
import { ownAccount, roleResource } from './own-account.ts'
import { marker, maxItems, roleName } from './shapes.ts'

export const ListRolePolicies = operation({
  authorize: { action: 'iam:ListRolePolicies', resource: roleResource },
  readOnly: true,
  input: { RoleName: roleName(), Marker: marker(), MaxItems: maxItems() },
  run({ RoleName, ...asked }, call) {
    const names = Object.keys(roleOf(ownAccount(call), RoleName).policies)
    const { page, more } = pageOfNames('ListRolePolicies', names, asked)
    return { PolicyNames: page, ...more }
  },
})
