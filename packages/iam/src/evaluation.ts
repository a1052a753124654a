import type { Caller } from './caller.ts'
import type { Ambiguous } from './evaluation/ambiguous.ts'
import { beginDecision } from './evaluation/effort.ts'
import { Named } from './evaluation/principal.ts'
import { type CompiledPolicy, allowance, denies } from './evaluation/statement.ts'

export { identityPolicy, keyPolicy, principalsOf, sessionPolicy, trustPolicy } from './evaluation/compile.ts'

/** A compiled policy: opaque outside this package. Decisions over it parse nothing and allocate next to nothing. */
export interface Policy {
  readonly compiled: CompiledPolicy
}

/** A value of a condition key. A list is a key of several values (`aws:TagKeys`). Numbers, dates (ISO 8601) and booleans as text. */
export type ContextValue = string | readonly string[]

/** The value of a condition key, by its name in LOWER CASE (`kms:encryptioncontext:tenant`); undefined where the request has none. Asked only for keys that a policy names. */
export type Context = (key: string) => ContextValue | Ambiguous | undefined

export interface Request {
  readonly caller: Caller
  /** `kms:Encrypt` */
  readonly action: string
  /** The resource's ARN; `*` for an action without a resource. */
  readonly resource: string
  readonly context: Context
}

/** A question about a key (or, without `keyPolicy`, about something that only IAM decides). */
export interface Question extends Request {
  /** Undefined for actions without a key resource: identity policies alone decide. */
  readonly keyPolicy: Policy | undefined
  /** The account that owns the resource. */
  readonly account: string
  /** The id of a grant that allows this, if there is one; asked last, and only if it could matter. */
  readonly grant?: (() => string | undefined) | undefined
}

export type PolicyType = 'identity-based' | 'resource-based' | 'session'

export type Decision =
  | { readonly allowed: true; readonly by: 'key policy' | 'identity policy' | 'grant'; readonly grantId?: string }
  /** `explicit`: a statement says Deny; otherwise no statement of that type allows. */
  | { readonly allowed: false; readonly explicit: boolean; readonly policyType: PolicyType }

const allowed = (by: 'key policy' | 'identity policy'): Decision => Object.freeze({ allowed: true, by })
const byKeyPolicy = allowed('key policy')
const byIdentityPolicy = allowed('identity policy')

const refused = (explicit: boolean): Readonly<Record<PolicyType, Decision>> => ({
  session: Object.freeze({ allowed: false, explicit, policyType: 'session' }),
  'identity-based': Object.freeze({ allowed: false, explicit, policyType: 'identity-based' }),
  'resource-based': Object.freeze({ allowed: false, explicit, policyType: 'resource-based' }),
})
const denied = refused(true)
const missing = refused(false)

/**
 * Whether the caller may (KMS developer guide, "Authorization decisions"; IAM user guide, "Policy evaluation logic").
 * Of several policy types that deny, session policies are named first, then identity policies, then the key policy; of
 * several that are missing, the key policy, then identity policies, then session policies. What would take more than
 * `mostSteps` (evaluation/effort.ts) is refused.
 */
export const decide = (question: Question): Decision => {
  beginDecision()
  const { caller, keyPolicy, grant } = question
  if (caller.sessionPolicies && someDenies(caller.sessionPolicies, question)) return denied.session
  if (someDenies(caller.identityPolicies, question)) return denied['identity-based']
  if (!keyPolicy) return byIdentity(question)
  if (denies(keyPolicy.compiled, question)) return denied['resource-based']
  const decision = byPolicies(question, keyPolicy)
  const grantId = decision.allowed ? undefined : grant?.()
  return grantId === undefined ? decision : { allowed: true, by: 'grant', grantId }
}

const byPolicies = (question: Question, keyPolicy: Policy): Decision => {
  const { caller, account } = question
  const given = allowance(keyPolicy.compiled, question)
  if (given === Named.none) return missing['resource-based']
  if (given === Named.account || caller.accountId !== account) {
    const decision = byIdentity(question)
    return decision.allowed && given !== Named.account ? byKeyPolicy : decision
  }
  // Session policies limit what is given to the user or role, not what is given to the session itself.
  return given === Named.caller && !sessionAllows(question) ? missing.session : byKeyPolicy
}

const byIdentity = (question: Request): Decision => {
  // The account's root user has no policies, and needs none.
  const { principalType, identityPolicies } = question.caller
  if (principalType !== 'Account' && !someAllows(identityPolicies, question)) return missing['identity-based']
  return sessionAllows(question) ? byIdentityPolicy : missing.session
}
const sessionAllows = (request: Request): boolean =>
  request.caller.sessionPolicies === undefined || someAllows(request.caller.sessionPolicies, request)

const someDenies = (policies: readonly Policy[], request: Request): boolean => {
  for (const { compiled } of policies) if (denies(compiled, request)) return true
  return false
}
const someAllows = (policies: readonly Policy[], request: Request): boolean => {
  for (const { compiled } of policies) if (allowance(compiled, request) !== Named.none) return true
  return false
}
