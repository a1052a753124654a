import type { Caller } from '@keyledger/iam'
import { type Context, anyOf, conditionHolds, exactly, filled, globs, list, wildly } from './policy-conditions.ts'

/**
 * AWS's evaluation logic read aloud (IAM user guide, "Policy evaluation logic", "Condition operators", "Variables and
 * tags"; KMS developer guide, "Key policies"): straight over the documents as JSON, one rule after the other, nothing
 * prepared. Slow. It shares no code with what it judges.
 */
export interface Statement {
  readonly Sid?: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Principal?: PrincipalElement
  readonly NotPrincipal?: PrincipalElement
  readonly Action?: string | readonly string[]
  readonly NotAction?: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly NotResource?: string | readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, Value | readonly Value[]>>>>
}
type Value = string | number | boolean
type PrincipalElement = '*' | Readonly<Record<string, string | readonly string[]>>
export interface Document {
  readonly Version?: string
  readonly Id?: string
  readonly Statement: Statement | readonly Statement[]
}

export type Kind = 'identity-based' | 'resource-based' | 'session'
export interface Asked {
  readonly keyPolicy: Document | undefined
  /** ARN in the key policy -> the unique id it stood for when the policy was written. */
  readonly principalIds?: Readonly<Record<string, string>> | undefined
  readonly identityPolicies: readonly Document[]
  readonly sessionPolicies: readonly Document[] | undefined
  readonly caller: Pick<Caller, 'arn' | 'accountId' | 'names' | 'sessionNames' | 'principalType'>
  readonly action: string
  readonly resource: string
  readonly account: string
  readonly context: Context
  readonly grant?: string | undefined
}
/** Every way in, or every policy type in the way: of several, AWS names one and does not say which. */
export type Verdict =
  | { readonly allowed: true; readonly by: readonly ('key policy' | 'identity policy' | 'grant')[] }
  | { readonly allowed: false; readonly explicit: boolean; readonly policyTypes: readonly Kind[] }

// ---- statements -----------------------------------------------------------------------------------------------------

const actionApplies = ({ Action, NotAction }: Statement, action: string): boolean => {
  const matches = (pattern: string) => globs(wildly(pattern.toLowerCase()), action.toLowerCase())
  if (Action !== undefined) return list(Action).some(matches)
  return NotAction !== undefined && !list(NotAction).some(matches)
}

const resourceApplies = ({ Resource, NotResource, Effect }: Statement, asked: Asked, variables: boolean): boolean => {
  const { context, resource } = asked
  const matches = (pattern: string) => exactly(resource, filled(pattern, { variables, wildcards: true, context }))
  const untold = Effect === 'Deny'
  if (Resource !== undefined) return anyOf(list(Resource), matches) ?? untold
  if (NotResource === undefined) return false
  const found = anyOf(list(NotResource), matches)
  return found === undefined ? untold : !found
}

/** Whether a statement, its principals aside, is about this request. */
const applies = (document: Document, statement: Statement, asked: Asked): boolean => {
  const variables = document.Version === '2012-10-17'
  return (
    actionApplies(statement, asked.action) &&
    resourceApplies(statement, asked, variables) &&
    Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
      Object.entries(keys).every(([key, values]) =>
        conditionHolds(operator, key, list(values).map(String), { context: asked.context, variables, effect: statement.Effect }),
      ),
    )
  )
}

/** By which of the caller's names a statement knows him. */
type Known = 'session' | 'self' | 'everyone' | 'account'

const principalsOf = (element: PrincipalElement): readonly string[] => (element === '*' ? ['*'] : list(element['AWS']))

const knownAs = (element: PrincipalElement, { caller, principalIds }: Asked): Set<Known> => {
  const known = new Set<Known>()
  for (const principal of principalsOf(element)) {
    const name = principalIds?.[principal] ?? principal
    const isAccount = principal === caller.accountId || principal === `arn:aws:iam::${caller.accountId}:root`
    if (principal === '*') known.add('everyone')
    else if (isAccount) known.add(caller.principalType === 'Account' ? 'self' : 'account')
    else if (caller.sessionNames.includes(name)) known.add('session')
    else if (caller.names.includes(name)) known.add('self')
  }
  return known
}

/**
 * Who a statement of the key policy is for. With Deny, an account in NotPrincipal excepts its root user alone. With Allow
 * AWS no longer supports NotPrincipal; here it excepts all of an account that it names, and means everyone else.
 */
const addressed = (statement: Statement, asked: Asked): ReadonlySet<Known> => {
  if (statement.Principal !== undefined) return knownAs(statement.Principal, asked)
  const excepted = knownAs(statement.NotPrincipal!, asked)
  if (statement.Effect === 'Deny') excepted.delete('account')
  return new Set<Known>(excepted.size > 0 ? [] : ['everyone'])
}

// ---- decisions ------------------------------------------------------------------------------------------------------

const statements = (documents: readonly Document[]) =>
  documents.flatMap((document) => list(document.Statement).map((statement) => ({ document, statement })))

export const interpret = (asked: Asked): Verdict => {
  const { keyPolicy, caller, account } = asked
  const relevant = (documents: readonly Document[]) =>
    statements(documents)
      .filter(({ document, statement }) => applies(document, statement, asked))
      .map(({ statement }) => statement)
  const ofKey = relevant(keyPolicy ? [keyPolicy] : [])
  const ofIdentity = relevant(asked.identityPolicies)
  const ofSession = relevant(asked.sessionPolicies ?? [])
  const says = (Effect: Statement['Effect'], found: readonly Statement[]) => found.some((s) => s.Effect === Effect)

  const denying: Kind[] = []
  if (says('Deny', ofIdentity)) denying.push('identity-based')
  if (says('Deny', ofSession)) denying.push('session')
  if (ofKey.some((statement) => statement.Effect === 'Deny' && addressed(statement, asked).size > 0))
    denying.push('resource-based')
  if (denying.length > 0) return { allowed: false, explicit: true, policyTypes: denying }

  const known = new Set(ofKey.filter(({ Effect }) => Effect === 'Allow').flatMap((s) => [...addressed(s, asked)]))
  const sessionAllows = asked.sessionPolicies === undefined || says('Allow', ofSession)
  // The account's root user needs no policy of his own.
  const identityAllows = caller.principalType === 'Account' || says('Allow', ofIdentity)
  const sameAccount = caller.accountId === account
  const named = known.has('self') || known.has('everyone')

  const by: ('key policy' | 'identity policy' | 'grant')[] = []
  if (!keyPolicy) {
    if (identityAllows && sessionAllows) by.push('identity policy')
  } else if (sameAccount) {
    // Session policies limit what a user or role is given, neither what is the session's own nor what is everyone's.
    const unlimited = known.has('session') || known.has('everyone')
    if (unlimited || (known.has('self') && sessionAllows)) by.push('key policy')
    if (known.has('account') && identityAllows && sessionAllows) by.push('identity policy')
  } else if (known.size > 0 && identityAllows && sessionAllows) by.push('key policy', 'identity policy')
  if (asked.grant !== undefined) by.push('grant')
  if (by.length > 0) return { allowed: true, by }

  const lacking: Kind[] = []
  if (keyPolicy && known.size === 0) lacking.push('resource-based')
  if (!identityAllows && !(keyPolicy && sameAccount && named)) lacking.push('identity-based')
  if (!sessionAllows) lacking.push('session')
  return { allowed: false, explicit: false, policyTypes: lacking }
}
