import { PolicyFault } from '../policy/fault.ts'
import { arnPattern } from './arn.ts'
import { perTest, spend } from './effort.ts'
import { address, network, within } from './ip.ts'
import { literal, matcher, matches } from './pattern.ts'
import { type Template, fits, isPattern, lowering, template } from './variables.ts'
import { base64, date, dateOf, number, numberOf, truth } from './values.ts'
import { type TextTest, some } from './verdict.ts'

/** `variables`: whether the policy's version knows them. They are for strings and ARNs. */
type Make = (values: readonly string[], variables: boolean) => TextTest

/** Steps to read a number, a date or an address. */
const reading = 200
/** Steps that a character takes in a pattern that is cut into an ARN's parts. */
const splitting = 8

// A variable without a value is like none, so that a Not holds (IAM user guide, "Policy variables with no value").
const fromTemplate =
  (parts: Template, ignoreCase = false): TextTest =>
  (value, context) =>
    fits(parts, context, { longest: value.length, ignoreCase }, (pattern) => matches(pattern, value))

/** Values without variables are looked up, however many there are. */
const equals =
  (ignoreCase: boolean): Make =>
  (values, variables) => {
    const templates = values.map((value) => template(value, { variables, wild: false, ignoreCase }))
    const known = new Set(templates.filter(isPattern).map(literal))
    const tests = templates.filter((parts) => !isPattern(parts)).map((parts) => fromTemplate(parts, ignoreCase))
    const first = known.size === 1 && tests.length === 0 ? [...known][0] : undefined
    const test: TextTest =
      first !== undefined
        ? (value) => value === first
        : tests.length === 0
          ? (value) => known.has(value)
          : some([(value) => known.has(value), ...tests])
    if (!ignoreCase) return test
    // No text is shorter in lower case: what is longer than all that it may be need not be turned into it.
    const longest = tests.length > 0 ? Infinity : [...known].reduce((most, text) => Math.max(most, text.length), 0)
    return (value, context) => {
      if (value.length > longest) return false
      spend(value.length * lowering)
      return test(value.toLowerCase(), context)
    }
  }

const like: Make = (values, variables) =>
  some(
    values.map((value) => {
      const parts = template(value, { variables, wild: true })
      return isPattern(parts) ? matcher(parts) : fromTemplate(parts)
    }),
  )

const arn: Make = (values, variables) =>
  some(
    values.map((value) => {
      const parts = template(value, { variables, wild: true })
      if (!isPattern(parts)) {
        return (given, context) =>
          fits(parts, context, { longest: given.length }, (pattern) => {
            spend(pattern.length * splitting)
            return arnPattern(pattern)?.(given) ?? false
          })
      }
      const test = arnPattern(parts)
      if (!test) throw new PolicyFault('A condition value is no ARN')
      return test
    }),
  )

/** Compares what two values mean; what means nothing compares to nothing. */
const compared =
  (read: (value: string) => number, given: (value: string) => number, holds: (a: number, b: number) => boolean): Make =>
  (values) => {
    const bounds = values.map(read)
    return (value) => {
      spend(reading + value.length + bounds.length * perTest)
      const found = given(value)
      return bounds.some((bound) => holds(found, bound))
    }
  }

// NaN, which stands for what is no number or date, is neither equal to a bound nor before nor after it.
const orders = (name: string, read: (value: string) => number, given: (value: string) => number) => ({
  [`${name}Equals`]: compared(read, given, (a, b) => a === b),
  [`${name}LessThan`]: compared(read, given, (a, b) => a < b),
  [`${name}LessThanEquals`]: compared(read, given, (a, b) => a <= b),
  [`${name}GreaterThan`]: compared(read, given, (a, b) => a > b),
  [`${name}GreaterThanEquals`]: compared(read, given, (a, b) => a >= b),
})

const operators: ReadonlyMap<string, Make> = new Map(
  Object.entries({
    StringEquals: equals(false),
    StringEqualsIgnoreCase: equals(true),
    StringLike: like,
    ...orders('Numeric', number, numberOf),
    ...orders('Date', date, dateOf),
    Bool: (values: readonly string[]): TextTest => {
      const wanted = new Set(values.map((value) => String(truth(value))))
      return (value) => value.length <= 'false'.length && wanted.has(value.toLowerCase())
    },
    BinaryEquals: (values: readonly string[]): TextTest => {
      const wanted = new Set(values.map(base64))
      return (value) => wanted.has(value)
    },
    IpAddress: (values: readonly string[]): TextTest => {
      const networks = values.map(network)
      return (value) => {
        spend(reading + networks.length * perTest)
        const given = address(value)
        return given !== undefined && networks.some((network) => within(given, network))
      }
    },
    ArnEquals: arn,
    ArnLike: arn,
  }),
)

/** The operator that a Not is made of. */
const positive: ReadonlyMap<string, string> = new Map([
  ['StringNotEquals', 'StringEquals'],
  ['StringNotEqualsIgnoreCase', 'StringEqualsIgnoreCase'],
  ['StringNotLike', 'StringLike'],
  ['NumericNotEquals', 'NumericEquals'],
  ['DateNotEquals', 'DateEquals'],
  ['NotIpAddress', 'IpAddress'],
  ['ArnNotEquals', 'ArnEquals'],
  ['ArnNotLike', 'ArnLike'],
])

/** Whether an operator is a Not (IAM user guide, "IAM JSON policy elements: Condition operators"). */
export const isNegated = (operator: string): boolean => positive.has(operator)

/** The test of an operator, or of what it is the Not of. Throws PolicyFault for a value that it cannot read. */
export const valueTest = (operator: string, values: readonly string[], variables: boolean): TextTest => {
  const make = operators.get(positive.get(operator) ?? operator)
  if (!make) throw new PolicyFault('A condition operator is unknown')
  return make(values, variables)
}
