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
    const names = Object.keys(users).filter((name) => users[name]!.path.startsWith(PathPrefix))
    const { page, more } = pageOfNames('ListUsers', names, asked)
    return { Users: page.map((name) => userAnswer(call.caller.accountId, users[name]!)), ...more }
  },
})
