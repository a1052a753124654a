import type { Caller } from '../caller.ts'
import type { Context } from '../evaluation.ts'
import type { Test } from './condition.ts'
import { TooManySteps } from './effort.ts'
import { Named } from './principal.ts'
import type { ResourceTest } from './resource.ts'
import type { Verdict } from './verdict.ts'

/** What a statement is asked about. `caller` is undefined where no caller of ours asks: a federated identity. */
export interface Asked {
  readonly caller?: Caller
  readonly federated?: string
  readonly action: string
  readonly resource: string
  readonly context: Context
}

export interface CompiledStatement {
  /** Takes the action in lower case. */
  readonly action: (action: string) => boolean
  /** Undefined in policies of identities: they are about whoever has them. */
  readonly principal: ((asked: Asked) => Named) | undefined
  /** Undefined if all resources are meant. */
  readonly resource: ResourceTest | undefined
  readonly conditions: readonly Test[]
}

export interface CompiledPolicy {
  readonly denying: readonly CompiledStatement[]
  readonly allowing: readonly CompiledStatement[]
  /** The statements about an action, found when it is first asked for: actions are few, and requests many. */
  readonly byAction: Map<string, Selected>
}
interface Selected {
  readonly denying: readonly CompiledStatement[]
  readonly allowing: readonly CompiledStatement[]
}

/** More actions than there are in KMS, IAM and STS of ours; beyond, policies are asked without remembering. */
const mostRemembered = 256

/** Undefined where that takes too many steps. */
const about = (policy: CompiledPolicy, action: string): Selected | undefined => {
  const known = policy.byAction.get(action)
  if (known) return known
  const lower = action.toLowerCase()
  try {
    const selected = {
      denying: policy.denying.filter((statement) => statement.action(lower)),
      allowing: policy.allowing.filter((statement) => statement.action(lower)),
    }
    if (policy.byAction.size < mostRemembered) policy.byAction.set(action, selected)
    return selected
  } catch (error) {
    return outOfSteps(error)
  }
}

const outOfSteps = (error: unknown): undefined => {
  if (!(error instanceof TooManySteps)) throw error
}

/** Whether a statement says Deny, or might have said it in more steps. One about an account denies all of it. */
export const denies = (policy: CompiledPolicy, asked: Asked): boolean => {
  const selected = about(policy, asked.action)
  if (!selected) return true
  for (const statement of selected.denying) {
    if (statement.principal && statement.principal(asked) === Named.none) continue
    if (holds(statement, asked) ?? true) return true
  }
  return false
}

/** The most that the statements that say Allow give, in the steps there are: `session` for policies without principals. */
export const allowance = (policy: CompiledPolicy, asked: Asked): Named => {
  let most: Named = Named.none
  for (const statement of about(policy, asked.action)?.allowing ?? none) {
    const named = statement.principal ? statement.principal(asked) : Named.session
    if (named > most && holds(statement, asked)) {
      if (named === Named.session) return named
      most = named
    }
  }
  return most
}

const none: readonly CompiledStatement[] = []

const holds = ({ resource, conditions }: CompiledStatement, { resource: arn, context }: Asked): Verdict => {
  try {
    if (resource && !resource(arn, context)) return false
    for (const condition of conditions) if (!condition(context)) return false
    return true
  } catch (error) {
    return outOfSteps(error)
  }
}
