import { type Decision, type Policy, decide } from '@keyledger/iam'
import { type Grants, type Key, fault, grantsStream, matchingGrant } from '@keyledger/keys'
import { conditionKeys } from './condition-keys.ts'
import { compiledKeyPolicy } from './compiled-key-policy.ts'
import type { Call } from './operation.ts'

/** What authorization needs to know besides the call. */
interface Circumstances {
  /** Of ReEncrypt: whether source and destination are one key. */
  readonly sameKey?: boolean | undefined
  /** Of grants: the encryption context that their constraints are held against. */
  readonly encryptionContext?: Readonly<Record<string, string>> | undefined
}

const rootOf = (account: string) => `arn:aws:iam::${account}:root`

/** `Decrypt`: grants name operations, policies name actions. */
const operationOf = (action: string) => action.slice(action.indexOf(':') + 1)

const noGrants: Circumstances = {}

/** The grant that allows it: to the caller, or to the caller's account if the caller's own policies allow it as well. */
const allowingGrant = (
  { caller }: Call,
  action: string,
  grants: Grants,
  context: Readonly<Record<string, string>> | undefined,
  byIdentity: () => boolean,
): string | undefined => {
  const operation = operationOf(action)
  const own = matchingGrant(grants, caller.names, operation, context)
  if (own) return own.grantId
  const account = matchingGrant(grants, [rootOf(caller.accountId), caller.accountId], operation, context)
  return account && (caller.principalType === 'Account' || byIdentity()) ? account.grantId : undefined
}

/**
 * May this caller do this with this key? Key policy and identity policies first: they are in memory. Grants can only
 * allow more, so they are looked up where the policies refuse without an explicit deny.
 */
export const decided = (
  call: Call,
  action: string,
  key: Key,
  { sameKey, encryptionContext }: Circumstances = noGrants,
): Decision | Promise<Decision> => {
  const { caller, world } = call
  const question = {
    caller,
    action,
    resource: key.arn,
    account: key.account,
    keyPolicy: compiledKeyPolicy(key),
    context: conditionKeys(call, action, key, sameKey),
  }
  const decision = decide(question)
  if (decision.allowed || decision.explicit) return decision
  const byIdentity = () => decide({ ...question, keyPolicy: undefined }).allowed
  const again = (grants: Grants): Decision => {
    const grantId = allowingGrant(call, action, grants, encryptionContext, byIdentity)
    return grantId === undefined ? decision : decide({ ...question, grant: () => grantId })
  }
  const grants = world.grants.find(grantsStream(key))
  return grants instanceof Promise ? grants.then(again) : again(grants)
}

/** Notes how it was allowed, or says why not, in AWS's words. */
export const enforced = (call: Call, action: string, resource: string, decision: Decision): void => {
  if (!decision.allowed)
    throw fault(
      decision.explicit ? 'explicitlyDenied' : 'accessDenied',
      call.caller.arn,
      action,
      resource,
      decision.policyType,
    )
  call.decision = decision
}

/** Throws AccessDeniedException unless the caller may do this with this key. At once, unless grants must be read. */
export const authorize = (
  call: Call,
  action: string,
  key: Key,
  circumstances?: Circumstances,
): void | Promise<void> => {
  const decision = decided(call, action, key, circumstances)
  // A foreign alias must not tell which key is behind it, nor that there is one.
  const resource = key.account === call.caller.accountId ? key.arn : (call.foreign ?? key.arn)
  if (decision instanceof Promise) return decision.then((known) => enforced(call, action, resource, known))
  enforced(call, action, resource, decision)
}

/** Throws AccessDeniedException unless the caller's own policies allow this: actions that no key policy speaks about. */
export const authorizeByIdentity = (call: Call, action: string, resource = '*'): void => {
  const { caller } = call
  const context = conditionKeys(call, action, undefined, undefined)
  const question = { caller, action, resource, account: caller.accountId, keyPolicy: undefined, context }
  enforced(call, action, resource, decide(question))
}

/** Would this policy, as the key's, let the caller put another one? What the caller's own policies allow is not asked. */
export const keepsControl = (call: Call, key: Key, keyPolicy: Policy, everything: Policy): boolean => {
  const action = 'kms:PutKeyPolicy'
  const caller = { ...call.caller, identityPolicies: [everything], sessionPolicies: undefined }
  const context = conditionKeys(call, action, key, undefined)
  return decide({ caller, action, resource: key.arn, account: key.account, keyPolicy, context }).allowed
}
