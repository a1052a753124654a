import { entriesOf, named } from '@keyledger/iam'
import { operation } from '../operation.ts'
import { userAnswer } from './answers.ts'
import { pageOfNames } from './listing.ts'
import { ownAccount } from './own-account.ts'
import { marker, maxItems, pathPrefix } from './shapes.ts'

export const ListUsers = operation({
  authorize: {
    action: 'iam:ListUsers',
    resource: ({ PathPrefix }, { caller }) => `arn:aws:iam::${caller.accountId}:user${PathPrefix}`,
  },
  readOnly: true,
  input: { PathPrefix: pathPrefix(), Marker: marker(), MaxItems: maxItems() },
  run({ PathPrefix, ...asked }, call) {
    const { users } = ownAccount(call)
    const names = [...entriesOf(users)].filter(([, { path }]) => path.startsWith(PathPrefix)).map(([name]) => name)
    const { page, more } = pageOfNames('ListUsers', names, asked)
    return { Users: page.map((name) => userAnswer(call.caller.accountId, named(users, name)!)), ...more }
  },
})
