import { type Decision, type Policy, type Request, decide, identityPolicy } from '@keyledger/iam'
import { type Grants, type Key, fault, grantsStream, matchingGrant } from '@keyledger/keys'
import { conditionKeys } from './condition-keys.ts'
import { compiledKeyPolicy } from './compiled-key-policy.ts'
import type { Call } from './operation.ts'
import { when } from './when.ts'

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

/** A policy that allows everything: what is left of a decision with it is what other policies say. */
export const everything = identityPolicy(
  JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }),
)

/** Whether session policies, if there are any, leave this to the user or role; what is given to the session itself they do not limit. */
export const withinSession = (request: Request): boolean => {
  const { caller } = request
  if (caller.sessionPolicies === undefined) return true
  const unlimited = { ...caller, identityPolicies: [everything] }
  return decide({ ...request, caller: unlimited, account: caller.accountId, keyPolicy: undefined }).allowed
}

/**
 * The grant that allows it: to the session, to its user or role within what session policies leave, or to the caller's
 * account if the caller's own policies allow it as well.
 */
const allowingGrant = (
  grants: Grants,
  context: Readonly<Record<string, string>> | undefined,
  request: Request,
): string | undefined => {
  const { caller } = request
  const operation = operationOf(request.action)
  const own =
    matchingGrant(grants, caller.sessionNames, operation, context) ??
    (withinSession(request) ? matchingGrant(grants, caller.names, operation, context) : undefined)
  if (own) return own.grantId
  const account = matchingGrant(grants, [rootOf(caller.accountId), caller.accountId], operation, context)
  const byIdentity = { ...request, account: caller.accountId, keyPolicy: undefined }
  return account && (caller.principalType === 'Account' || decide(byIdentity).allowed) ? account.grantId : undefined
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
  return when(world.grants.find(grantsStream(key)), (grants) => {
    const grantId = allowingGrant(grants, encryptionContext, question)
    return grantId === undefined ? decision : decide({ ...question, grant: () => grantId })
  })
}

/** Notes how it was allowed, or says why not, in AWS's words. */
const enforced = (call: Call, action: string, resource: string, decision: Decision): void => {
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

const unseen = { allowed: false, explicit: false, policyType: 'resource-based' } as const

/**
 * Of another account's key a refusal says as much as of one that is not there: whoever writes Deny into policies of their
 * own must not learn by them what that key is like, nor which key an alias stands for.
 */
export const enforcedOn = (call: Call, action: string, key: Key, decision: Decision): void => {
  if (decision.allowed || key.account === call.caller.accountId) return enforced(call, action, key.arn, decision)
  if (call.foreign !== key.arn) call.resources.splice(0, call.resources.length)
  enforced(call, action, call.foreign ?? key.arn, unseen)
}

/** Throws AccessDeniedException unless the caller may do this with this key. At once, unless grants must be read. */
export const authorize = (call: Call, action: string, key: Key, circumstances?: Circumstances): void | Promise<void> =>
  when(decided(call, action, key, circumstances), (decision) => enforcedOn(call, action, key, decision))

/** Throws AccessDeniedException unless the caller's own policies allow this: actions that no key policy speaks about. */
export const authorizeByIdentity = (call: Call, action: string, resource = '*'): void => {
  const { caller } = call
  const context = conditionKeys(call, action, undefined, undefined)
  const question = { caller, action, resource, account: caller.accountId, keyPolicy: undefined, context }
  enforced(call, action, resource, decide(question))
}

/** Would this policy, as the key's, let the caller put another one? What the caller's own policies allow is not asked. */
export const keepsControl = (call: Call, key: Key, keyPolicy: Policy): boolean => {
  const action = 'kms:PutKeyPolicy'
  const caller = { ...call.caller, identityPolicies: [everything], sessionPolicies: undefined }
  const context = conditionKeys(call, action, key, undefined)
  return decide({ caller, action, resource: key.arn, account: key.account, keyPolicy, context }).allowed
}
