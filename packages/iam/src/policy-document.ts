import { type Condition, conditions } from './policy/conditions.ts'
import { hasDuplicateNames } from './policy/duplicate-names.ts'
import { PolicyFault } from './policy/fault.ts'
import { type PolicyKind, type RawStatement, checkKind } from './policy/kinds.ts'
import { type PolicyPrincipal, principals } from './policy/principals.ts'

export { PolicyFault }
export type { Condition, PolicyKind, PolicyPrincipal }

/** One statement. A list that is undefined was not in the document; without actions or resources it has no effect. */
export interface Statement {
  readonly sid: string | undefined
  readonly effect: 'Allow' | 'Deny'
  /** One of the two is there, except in policies of identities, which have neither. */
  readonly principals: readonly PolicyPrincipal[] | undefined
  readonly notPrincipals: readonly PolicyPrincipal[] | undefined
  readonly actions: readonly string[] | undefined
  readonly notActions: readonly string[] | undefined
  readonly resources: readonly string[] | undefined
  readonly notResources: readonly string[] | undefined
  /** All must hold. */
  readonly conditions: readonly Condition[]
}
export interface PolicyDocument {
  readonly version: '2012-10-17' | '2008-10-17'
  readonly id: string | undefined
  readonly statements: readonly Statement[]
}

/**
 * Reads a policy, a key's unless said otherwise (KMS developer guide, "Key policy format"; IAM user guide, "Grammar of
 * the IAM JSON policy language"). Throws PolicyFault for anything else. Takes time in proportion to the text, which may be of any length:
 * how long a policy may be is checked elsewhere. Whether its principals exist is not checked.
 */
export const policyDocument = (text: string, kind: PolicyKind = 'key'): PolicyDocument => {
  const document = members(parsed(text), 'The policy', documentElements)
  const version = document.has('Version') ? document.get('Version') : '2008-10-17'
  if (version !== '2012-10-17' && version !== '2008-10-17') throw new PolicyFault('Version is 2012-10-17 or 2008-10-17')
  const given = document.get('Statement')
  const statements = (Array.isArray(given) ? given : [given]).map((value) => statement(value, kind))
  if (statements.length === 0) throw new PolicyFault('Statement is empty')
  const sids = statements.flatMap(({ sid }) => sid ?? [])
  if (new Set(sids).size < sids.length) throw new PolicyFault('Two statements have the same Sid')
  return { version, id: optionalString(document.get('Id'), 'Id'), statements }
}

const parsed = (text: string): unknown => {
  const value = json(text)
  // JSON.parse would take the last one where a reader may have seen the first.
  if (hasDuplicateNames(text)) throw new PolicyFault('An object has two members of one name')
  return value
}
const json = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new PolicyFault('The policy is not JSON')
  }
}

const documentElements = new Set(['Version', 'Id', 'Statement'])
const statementElements = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
])

// A Map, as names from outside must not reach an object's prototype.
const members = (value: unknown, what: string, allowed: ReadonlySet<string>): RawStatement => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new PolicyFault(`${what} is no object`)
  const found = new Map(Object.entries(value))
  for (const name of found.keys()) if (!allowed.has(name)) throw new PolicyFault(`${what} has an unknown element`)
  return found
}

const statement = (value: unknown, kind: PolicyKind): Statement => {
  const element = members(value, 'A statement', statementElements)
  const effect = element.get('Effect')
  if (effect !== 'Allow' && effect !== 'Deny') throw new PolicyFault('Effect is Allow or Deny')
  notBoth(element, 'Principal', 'NotPrincipal')
  notBoth(element, 'Action', 'NotAction')
  notBoth(element, 'Resource', 'NotResource')
  checkKind[kind](element)
  return {
    sid: optionalString(element.get('Sid'), 'Sid'),
    effect,
    principals: element.has('Principal') ? principals(element.get('Principal')) : undefined,
    notPrincipals: element.has('NotPrincipal') ? principals(element.get('NotPrincipal')) : undefined,
    actions: strings(element, 'Action'),
    notActions: strings(element, 'NotAction'),
    resources: strings(element, 'Resource'),
    notResources: strings(element, 'NotResource'),
    conditions: element.has('Condition') ? conditions(element.get('Condition'), kind) : [],
  }
}

const notBoth = (element: RawStatement, one: string, other: string): void => {
  if (element.has(one) && element.has(other)) throw new PolicyFault(`A statement has both ${one} and ${other}`)
}

const optionalString = (value: unknown, name: string): string | undefined => {
  if (value !== undefined && typeof value !== 'string') throw new PolicyFault(`${name} is no string`)
  return value
}

// KMS takes a statement without actions or resources: it just has no effect.
const strings = (element: RawStatement, name: string): readonly string[] | undefined => {
  if (!element.has(name)) return undefined
  const value = element.get(name)
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list.map((entry) => {
    if (typeof entry !== 'string' || entry === '') throw new PolicyFault(`${name} is a string or a list of strings`)
    return entry
  })
}
