import type { Context } from '../evaluation.ts'
import type { Statement } from '../policy-document.ts'
import { perTest, spend } from './effort.ts'
import { matcher, matches } from './pattern.ts'
import { isPattern, resolved, template } from './variables.ts'

export type ResourceTest = (arn: string, context: Context) => boolean

/** Undefined if the statement is about all resources. A `*` may stand for colons too (IAM user guide, "Resource"). */
export const resourceTest = ({ resources, notResources }: Statement, variables: boolean): ResourceTest | undefined => {
  if (resources) {
    if (resources.includes('*')) return undefined
    return some(resources.map((text) => one(text, variables)))
  }
  if (!notResources) return undefined
  const listed = some(notResources.map((text) => one(text, variables)))
  return (arn, context) => !listed(arn, context)
}

/** A variable without a value makes it match nothing, also in NotResource (IAM user guide, "Policy variables with no value"). */
const one = (text: string, variables: boolean): ResourceTest => {
  const parts = template(text, { variables, wild: true })
  if (isPattern(parts)) return matcher(parts)
  return (arn, context) => {
    const pattern = resolved(parts, context, arn.length)
    return pattern !== undefined && matches(pattern, arn)
  }
}

const some = (tests: readonly ResourceTest[]): ResourceTest => {
  if (tests.length === 1) return tests[0]!
  return (arn, context) => {
    spend(tests.length * perTest)
    for (const test of tests) if (test(arn, context)) return true
    return false
  }
}
