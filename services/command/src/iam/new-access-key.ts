import { type AccountCommand, IamFault, account as accountAggregate, type Account } from '@keyledger/iam'
import type { Call } from '../operation.ts'
import { freshId, freshSecret } from '../unique-id.ts'
import { changeAccount } from './own-account.ts'

type Bringing = Extract<AccountCommand, { type: 'CreateAccessKey' | 'CreateAccount' }>

/**
 * Decides a command that brings a new access key. It is decided once before there is a secret, so that a refusal leaves
 * nothing behind; then the secret is made durable: an access key that the ledger knows must be able to sign. A crash in
 * between leaves a sealed secret of an id that nobody was ever told.
 */
export const withNewAccessKey = async (
  call: Call,
  state: Account,
  accountId: string,
  command: (accessKeyId: string) => Bringing,
): Promise<{ readonly account: Account; readonly accessKeyId: string; readonly secret: string }> => {
  const { vault } = call.world
  const accessKeyId = freshId('AKIA')
  const bringing = command(accessKeyId)
  if (bringing.type === 'CreateAccount') accountAggregate.decide.CreateAccount(state, bringing)
  else accountAggregate.decide.CreateAccessKey(state, bringing)
  const secret = freshSecret()
  await vault.keepSecret(accessKeyId, accountId, secret)
  try {
    const account = await changeAccount(call, bringing, accountId)
    return { account, accessKeyId, secret }
  } catch (error) {
    // Refused after all: another request came between.
    if (error instanceof IamFault) await vault.forgetSecret(accessKeyId)
    throw error
  }
}
