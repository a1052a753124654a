import { type Key, fault } from '@keyledger/keys'
import type { Call } from './operation.ts'

/**
 * May this principal do this with this key? Today: only with keys of its own account. Key policies are stored and
 * validated but not evaluated yet, and no policy can open a key to another account before they are.
 */
export const authorize = (call: Call, action: string, key: Key): void => {
  if (key.account !== call.principal.accountId) throw fault('accessDenied', call.principal.arn, action, key.arn)
}
