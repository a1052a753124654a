import { PolicyFault } from './fault.ts'

/** What a policy is attached to: a key, an identity (a user or role, or a session of one), or a role that it says who may assume. */
export type PolicyKind = 'key' | 'identity' | 'trust'

/** A statement's elements, not read yet. */
export type RawStatement = ReadonlyMap<string, unknown>

const needsPrincipal = (element: RawStatement): void => {
  if (!element.has('Principal') && !element.has('NotPrincipal')) throw PolicyFault.noPrincipal()
}
const hasOneOf = (element: RawStatement, name: string): boolean => element.has(name) || element.has(`Not${name}`)
const refuse = (words: string): never => {
  throw new PolicyFault(words, words)
}
const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0
const everyText = (value: unknown, is: (text: string) => boolean): boolean =>
  (Array.isArray(value) ? (value as unknown[]) : [value]).every((text) => typeof text !== 'string' || is(text))

/** `[0-9A-Za-z]*` */
const isAlphanumeric = (text: string) => /^[0-9A-Za-z]*$/.test(text)

const identity = (element: RawStatement): void => {
  if (hasOneOf(element, 'Principal')) refuse('Policy document should not specify a principal.')
  if (!everyText(element.get('Sid') ?? '', isAlphanumeric))
    refuse(
      'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
    )
  // The part before the colon names the service; an action that has none would never match.
  const actions = element.get('Action') ?? element.get('NotAction')
  if (!hasOneOf(element, 'Action') || isEmpty(actions)) refuse('Policy statement must contain actions.')
  if (!everyText(actions, (text) => text === '' || text === '*' || text.indexOf(':') > 0))
    refuse('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.')
  const resources = element.get('Resource') ?? element.get('NotResource')
  if (!hasOneOf(element, 'Resource') || isEmpty(resources)) refuse('Policy statement must contain resources.')
  if (!everyText(resources, (text) => text === '' || text === '*' || text.startsWith('arn:')))
    refuse('Resource must be in ARN format or "*".')
}

const trust = (element: RawStatement): void => {
  if (!element.has('Principal')) refuse('Missing required field Principal')
  if (hasOneOf(element, 'Resource')) refuse('Has prohibited field Resource')
  const actions = element.get('Action') ?? element.get('NotAction')
  if (!hasOneOf(element, 'Action') || isEmpty(actions)) refuse('Missing required field Action')
  if (!everyText(actions, (text) => text === '' || text.toLowerCase().startsWith('sts:')))
    refuse('AssumeRole policy may only specify STS AssumeRole actions.')
}

/** What each kind wants of a statement, in IAM's words for identities and roles. They throw PolicyFault. */
export const checkKind: Readonly<Record<PolicyKind, (element: RawStatement) => void>> = {
  key: needsPrincipal,
  identity,
  trust,
}
