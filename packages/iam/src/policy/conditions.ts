import { PolicyFault } from './fault.ts'
import type { PolicyKind } from './kinds.ts'

/** One test of a statement: `operator` holds between the request's `key` and any of `values` (for Not..., with none). */
export interface Condition {
  /** Without the prefix and suffix told below: `StringEquals`. */
  readonly operator: string
  /** How a key with several values in the request is compared. */
  readonly quantifier: 'ForAllValues' | 'ForAnyValue' | undefined
  /** Whether a key that is not in the request makes the condition hold. */
  readonly ifExists: boolean
  readonly key: string
  readonly values: readonly string[]
}

/** IAM user guide, "IAM JSON policy elements: Condition operators". */
const operators: ReadonlySet<string> = new Set([
  'StringEquals',
  'StringNotEquals',
  'StringEqualsIgnoreCase',
  'StringNotEqualsIgnoreCase',
  'StringLike',
  'StringNotLike',
  'NumericEquals',
  'NumericNotEquals',
  'NumericLessThan',
  'NumericLessThanEquals',
  'NumericGreaterThan',
  'NumericGreaterThanEquals',
  'DateEquals',
  'DateNotEquals',
  'DateLessThan',
  'DateLessThanEquals',
  'DateGreaterThan',
  'DateGreaterThanEquals',
  'Bool',
  'BinaryEquals',
  'IpAddress',
  'NotIpAddress',
  'ArnEquals',
  'ArnLike',
  'ArnNotEquals',
  'ArnNotLike',
  'Null',
])
const ifExists = 'IfExists'

/** The conditions of a Condition element, in its order. Throws PolicyFault. */
export const conditions = (value: unknown, kind: PolicyKind): readonly Condition[] =>
  entries(value, 'Condition').flatMap(([name, keys]) => {
    const operator = operatorOf(name)
    return entries(keys, 'A condition operator').map(([key, given]) => {
      if (key === '') throw new PolicyFault('A condition key is empty')
      // ForAllValues holds when the context lacks the key: the statement would be open to who sends no context at all.
      if (
        kind === 'key' &&
        operator.quantifier === 'ForAllValues' &&
        key.toLowerCase().startsWith('kms:encryptioncontext:')
      )
        throw new PolicyFault('ForAllValues on an encryption context key is overly permissive')
      return { ...operator, key, values: valuesOf(given) }
    })
  })

const entries = (value: unknown, what: string): readonly [string, unknown][] => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new PolicyFault(`${what} is no object`)
  return Object.entries(value)
}

const operatorOf = (name: string): Pick<Condition, 'operator' | 'quantifier' | 'ifExists'> => {
  const colon = name.indexOf(':')
  const quantifier = colon < 0 ? undefined : name.slice(0, colon)
  const rest = name.slice(colon + 1)
  const may = rest.endsWith(ifExists)
  const operator = may ? rest.slice(0, -ifExists.length) : rest
  if (quantifier !== undefined && quantifier !== 'ForAllValues' && quantifier !== 'ForAnyValue')
    throw new PolicyFault('A condition operator is unknown')
  // Null asks whether the key exists: "if it exists" says nothing there.
  if (!operators.has(operator) || (may && operator === 'Null')) throw new PolicyFault('A condition operator is unknown')
  return { operator, quantifier, ifExists: may }
}

const valuesOf = (given: unknown): readonly string[] =>
  (Array.isArray(given) ? (given as unknown[]) : [given]).map((value) => {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      throw new PolicyFault('A condition value is a string, a number, a boolean or a list of them')
    return String(value)
  })
