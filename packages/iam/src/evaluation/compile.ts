import type { Context, Policy } from '../evaluation.ts'
import { type PolicyKind, type Statement, policyDocument } from '../policy-document.ts'
import { conditionTests } from './condition.ts'
import { matcher, wildcards } from './pattern.ts'
import { type PrincipalIds, principalTest } from './principal.ts'
import { resourceTest } from './resource.ts'
import type { CompiledStatement } from './statement.ts'

const none: PrincipalIds = Object.freeze({})

/**
 * Compiles a key's policy. `principalIds` gives the unique ids of users and roles by their ARNs: an ARN with one is who
 * has the id, and nobody else; an ARN without one is who has the ARN. Throws PolicyFault.
 */
export const keyPolicy = (text: string, principalIds: PrincipalIds = none): Policy =>
  compiled(text, 'key', principalIds)

/** Compiles a policy of a user or role. Throws PolicyFault. */
export const identityPolicy = (text: string): Policy => compiled(text, 'identity', none)

/** Compiles a policy that limits one session. Throws PolicyFault. */
export const sessionPolicy = identityPolicy

/** Compiles the policy of who may assume a role. Throws PolicyFault. */
export const trustPolicy = (text: string, principalIds: PrincipalIds = none): Policy =>
  compiled(text, 'trust', principalIds)

const compiled = (text: string, kind: PolicyKind, ids: PrincipalIds): Policy => {
  const { version, statements } = policyDocument(text, kind)
  const denying: CompiledStatement[] = []
  const allowing: CompiledStatement[] = []
  for (const statement of statements) {
    // Compiled even if it has no effect, so that what is malformed is refused wherever it stands.
    const result = compiledStatement(statement, kind, version === '2012-10-17', ids)
    if (hasEffect(statement, kind)) (statement.effect === 'Deny' ? denying : allowing).push(result)
  }
  return { compiled: { denying, allowing, byAction: new Map() } }
}

// KMS takes a statement without actions or resources, and never applies it. Trust policies are about the role they are of.
const hasEffect = ({ actions, notActions, resources, notResources }: Statement, kind: PolicyKind): boolean =>
  (actions ?? notActions) !== undefined && (kind === 'trust' || (resources ?? notResources) !== undefined)

const compiledStatement = (
  statement: Statement,
  kind: PolicyKind,
  variables: boolean,
  ids: PrincipalIds,
): CompiledStatement => ({
  action: actionTest(statement),
  principal: principalTest(statement, ids),
  ...blind(kind, statement, {
    resource: resourceTest(statement, variables),
    conditions: conditionTests(statement, variables),
  }),
})

/**
 * Condition keys that are there for policies of identities alone (KMS developer guide, "kms:ResourceAliases"): or whoever may give a
 * key an alias could open what the key's own policy closes.
 */
const ofIdentities = 'kms:resourcealiases'

type Circumstances = Pick<CompiledStatement, 'resource' | 'conditions'>
/** The tests of a key's policy do not see them, neither by their own name nor as variables. */
const blind = (kind: PolicyKind, statement: Statement, { resource, conditions }: Circumstances): Circumstances => {
  const texts = [
    ...(statement.resources ?? statement.notResources ?? []),
    ...statement.conditions.flatMap(({ key, values }) => [key, ...values]),
  ]
  if (kind !== 'key' || !texts.some((text) => text.toLowerCase().includes(ofIdentities)))
    return { resource, conditions }
  const without =
    (context: Context): Context =>
    (key) =>
      key === ofIdentities ? undefined : context(key)
  return {
    resource: resource && ((arn, context) => resource(arn, without(context))),
    conditions: conditions.map((test) => (context) => test(without(context))),
  }
}

/** Actions are compared without case, and have no variables. */
const actionTest = ({ actions, notActions }: Statement): ((action: string) => boolean) => {
  const tests = (actions ?? notActions ?? []).map((text) => matcher(wildcards(text.toLowerCase())))
  const listed = (action: string) => tests.some((test) => test(action))
  return actions ? listed : (action) => !listed(action)
}

/**
 * Whom the Principal and NotPrincipal elements of a key or trust policy name and who has to be there: users and roles by
 * ARN or unique id, accounts by id or root ARN. Everyone, sessions, services and providers are not among them. Each once.
 * Throws PolicyFault.
 */
export const principalsOf = (text: string, kind: PolicyKind = 'key'): readonly string[] => {
  const named = policyDocument(text, kind)
    .statements.flatMap(({ principals, notPrincipals }) => principals ?? notPrincipals ?? [])
    .filter(({ type, id }) => type === 'AWS' && id !== '*' && id.split(':')[2] !== 'sts')
  return [...new Set(named.map(({ id }) => id))]
}
