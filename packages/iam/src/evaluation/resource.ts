import type { Context } from '../evaluation.ts'
import type { Statement } from '../policy-document.ts'
import { matcher, matches } from './pattern.ts'
import { fits, isPattern, template } from './variables.ts'
import { type TextTest, some } from './verdict.ts'

export type ResourceTest = (arn: string, context: Context) => boolean

/** Undefined if the statement is about all resources. A `*` may stand for colons too (IAM user guide, "Resource"). */
export const resourceTest = (
  { resources, notResources, effect }: Statement,
  variables: boolean,
): ResourceTest | undefined => {
  const untold = effect === 'Deny'
  if (resources) {
    if (resources.includes('*')) return undefined
    const listed = some(resources.map((text) => one(text, variables)))
    return (arn, context) => listed(arn, context) ?? untold
  }
  if (!notResources) return undefined
  const listed = some(notResources.map((text) => one(text, variables)))
  return (arn, context) => {
    const found = listed(arn, context)
    return found === undefined ? untold : !found
  }
}

/** A variable without a value makes it match nothing, also in NotResource (IAM user guide, "Policy variables with no value"). */
const one = (text: string, variables: boolean): TextTest => {
  const parts = template(text, { variables, wild: true })
  if (isPattern(parts)) return matcher(parts)
  return (arn, context) => fits(parts, context, { longest: arn.length }, (pattern) => matches(pattern, arn))
}
