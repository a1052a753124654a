import type { Context } from '../evaluation.ts'
import { PolicyFault } from '../policy/fault.ts'
import type { Condition, Statement } from '../policy-document.ts'
import { Ambiguous } from './ambiguous.ts'
import { spend } from './effort.ts'
import { isNegated, valueTest } from './operators.ts'
import { truth } from './values.ts'

export type Test = (context: Context) => boolean

/** All of a statement's conditions. Throws PolicyFault for a value that its operator cannot read. */
export const conditionTests = (
  { conditions, effect }: Pick<Statement, 'conditions' | 'effect'>,
  variables: boolean,
): readonly Test[] => conditions.map((condition) => conditionTest(condition, effect, variables))

/** Steps to ask about one value of several, looked up in a set. */
const perValue = 8

const conditionTest = (condition: Condition, effect: Statement['effect'], variables: boolean): Test => {
  const { operator, quantifier, ifExists } = condition
  if (condition.values.length === 0) throw new PolicyFault('A condition has no values')
  const key = condition.key.toLowerCase()
  if (operator === 'Null') return nullTest(key, condition.values)
  const negated = isNegated(operator)
  const equal = valueTest(operator, condition.values, variables)
  // Who lacks the key is not what the values say; ForAnyValue wants one value, ForAllValues none.
  const absent = quantifier === 'ForAnyValue' ? ifExists : negated || ifExists || quantifier === 'ForAllValues'
  const holdsAmbiguous = ({ values }: Ambiguous, holds: (value: string) => boolean): boolean => {
    spend(values.length * perValue)
    return effect === 'Deny' ? values.length === 0 || values.some(holds) : values.length > 0 && values.every(holds)
  }
  // Without a quantifier, Not says of several values what it says of one: none of them is equal.
  const every = quantifier === 'ForAllValues' || (negated && quantifier === undefined)
  const holds = (value: string, context: Context): boolean => {
    const found = equal(value, context)
    return found === undefined ? effect === 'Deny' : found !== negated
  }
  return (context) => {
    const value = context(key)
    if (typeof value === 'string') return holds(value, context)
    if (value instanceof Ambiguous) return holdsAmbiguous(value, (each) => holds(each, context))
    if (value === undefined || value.length === 0) return absent
    spend(value.length * perValue)
    for (const each of value) if (holds(each, context) !== every) return !every
    return every
  }
}

/** `Null` holds if the key is missing (`true`) or there (`false`). A list without values is as missing. */
const nullTest = (key: string, values: readonly string[]): Test => {
  const wanted = values.map(truth)
  return (context) => {
    const value = context(key)
    return wanted.includes(value === undefined || (Array.isArray(value) && value.length === 0))
  }
}
