import { entriesOf, named } from '@keyledger/iam'
import { operation } from '../operation.ts'
import { roleAnswer } from './answers.ts'
import { pageOfNames } from './listing.ts'
import { ownAccount } from './own-account.ts'
import { marker, maxItems, pathPrefix } from './shapes.ts'

export const ListRoles = operation({
  authorize: {
    action: 'iam:ListRoles',
    resource: ({ PathPrefix }, { caller }) => `arn:aws:iam::${caller.accountId}:role${PathPrefix}`,
  },
  readOnly: true,
  input: { PathPrefix: pathPrefix(), Marker: marker(), MaxItems: maxItems() },
  run({ PathPrefix, ...asked }, call) {
    const { roles } = ownAccount(call)
    const names = [...entriesOf(roles)].filter(([, { path }]) => path.startsWith(PathPrefix)).map(([name]) => name)
    const { page, more } = pageOfNames('ListRoles', names, asked)
    const { caller, world } = call
    return { Roles: page.map((name) => roleAnswer(caller.accountId, named(roles, name)!, world.identities)), ...more }
  },
})
