import { account as accountAggregate, iamFault, named, rootArn, userOf } from '@keyledger/iam'
import { string } from '@keyledger/wire'
import { type Call, operation } from '../operation.ts'
import { freshId } from '../unique-id.ts'
import { accessKeyAnswer, wholeUser } from './answers.ts'
import { withNewAccessKey } from './new-access-key.ts'

const administrator = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
})

/** The house is run by its first account: nobody else's administrator may make accounts. */
const byTheOperator = ({ caller, world }: Call, resource: string): void => {
  if (caller.accountId !== world.identities.firstAccount())
    throw iamFault('notTheOperator', caller.arn, 'iam:CreateAccount', resource)
}

/**
 * This house's own, not AWS's: an account with its administrator and their access key, all at once, so that no crash leaves an
 * account that nobody can enter. The secret is shown this one time.
 */
export const CreateAccount = operation({
  authorize: { action: 'iam:CreateAccount', resource: ({ AccountId }) => rootArn(AccountId) },
  readOnly: false,
  input: { AccountId: string({ min: 12, max: 12, pattern: '\\d{12}' }) },
  async run({ AccountId }, call) {
    byTheOperator(call, rootArn(AccountId))
    const state = call.world.identities.account(AccountId) ?? accountAggregate.initial
    const userName = 'admin'
    const { account, accessKeyId, secret } = await withNewAccessKey(call, state, AccountId, (id) => ({
      type: 'CreateAccount',
      now: call.time,
      accountId: AccountId,
      administrator: {
        userName,
        userId: freshId('AIDA'),
        policyName: 'administrator',
        document: administrator,
        accessKeyId: id,
      },
    }))
    const { CreateDate, ...shown } = accessKeyAnswer(accessKeyId, named(account.accessKeys, accessKeyId)!)
    return {
      Account: { Id: AccountId, Arn: rootArn(AccountId), CreateDate: new Date(account.createdAt) },
      User: wholeUser(AccountId, userOf(account, userName)),
      AccessKey: { ...shown, SecretAccessKey: secret, CreateDate },
    }
  },
})
