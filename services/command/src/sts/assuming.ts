import {
  type Caller,
  type Context,
  type ContextValue,
  type Policy,
  PolicyFault,
  type Role,
  type SessionClaims,
  decide,
  identityPolicy,
  named,
  roleArn,
  trustPolicy,
} from '@keyledger/iam'
import { fault } from '@keyledger/keys'
import { integer, list, string, structure } from '@keyledger/wire'
import type { Call } from '../operation.ts'
import { type Credentials, issue } from '../sessions.ts'
import { stsFault } from './fault.ts'

/** What both ways of assuming a role ask for (STS API reference, AssumeRole). */
export const assumed = {
  RoleArn: string({ min: 20, max: 2048 }),
  RoleSessionName: string({ min: 2, max: 64, pattern: '[\\w+=,.@-]*' }),
  Policy: string({ min: 1, max: 2048, pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+' }).optional(),
  PolicyArns: list(structure({ arn: string({ min: 20, max: 2048 }).optional() })).optional(),
  DurationSeconds: integer({ min: 900, max: 43_200 }).optional(),
}

const usualDuration = 3_600

/**
 * Bytes of JSON that a session's policy and tags may take. All else in its claims is bounded too (some 1,600 bytes: names,
 * source identity, subject, audience, provider), so that every token stays within its 8,192 characters.
 */
const packable = 4_000

/** Percent of what policy and tags may take; undefined where there are none. Throws PackedPolicyTooLarge. */
const packed = ({ policies, tags, transitiveTagKeys }: Limits): number | undefined => {
  if (policies.length === 0 && Object.keys(tags).length === 0) return undefined
  const bytes = Buffer.byteLength(JSON.stringify([policies, tags, transitiveTagKeys]))
  const percent = Math.ceil((bytes / packable) * 100)
  if (percent > 100) throw stsFault('packedTooLarge', percent)
  return percent
}
type Limits = Pick<SessionClaims, 'policies' | 'tags' | 'transitiveTagKeys'>

/** A role and the account that it is in. */
export interface Found {
  readonly accountId: string
  readonly role: Role
}

/** The role of an ARN, or undefined if there is none. Throws ValidationError for what names no role at all. */
export const roleNamed = ({ world }: Call, arn: string): Found | undefined => {
  const [, accountId, name] = /^arn:aws:iam::(\d{12}):role\/(?:[\x21-\x7e]+\/)?([\w+=,.@-]{1,64})$/.exec(arn) ?? []
  if (accountId === undefined || name === undefined) throw stsFault('invalidRoleArn', arn)
  const account = world.identities.account(accountId)
  const role = account && named(account.roles, name)
  return role && roleArn(accountId, role) === arn ? { accountId, role } : undefined
}

// A role is replaced when anything in it changes, and so is what was compiled for it.
const compiled = new WeakMap<Role, Policy>()
/** The role's trust policy, ready to be asked. */
export const trustOf = (role: Role): Policy => {
  const known = compiled.get(role)
  if (known) return known
  const policy = trustPolicy(role.trustPolicy, role.principalIds)
  compiled.set(role, policy)
  return policy
}

/**
 * Throws `refused` unless the role's trust policy, and the caller's own policies where that only delegates, allow all the
 * actions. Why not stays on the trail: who may not assume a role does not learn whether it is there.
 */
export const trusted = (
  caller: Caller,
  { accountId, role }: Found,
  actions: readonly string[],
  context: Context,
  refused: (action: string, cause: Error) => Error,
): void => {
  const resource = roleArn(accountId, role)
  const keyPolicy = trustOf(role)
  for (const action of actions) {
    const decision = decide({ caller, action, resource, account: accountId, keyPolicy, context })
    if (decision.allowed) continue
    const kind = decision.explicit ? 'explicitlyDenied' : 'accessDenied'
    throw refused(action, fault(kind, caller.arn, action, resource, decision.policyType))
  }
}

/** The condition keys of the role that is assumed; names are in lower case. */
export const roleKeys =
  ({ accountId, role }: Found) =>
  (key: string): ContextValue | undefined => {
    if (key === 'aws:resourceaccount') return accountId
    const tag = /^(?:aws|iam):resourcetag\/(.*)$/s.exec(key)?.[1]
    return tag === undefined ? undefined : role.tags.find((one) => one.key.toLowerCase() === tag)?.value
  }

/** The documents of a session's own policies, found well-formed. */
export const sessionPolicies = (policy: string | undefined, arns: readonly object[] | undefined): readonly string[] => {
  if (arns && arns.length > 0) throw stsFault('noManagedPolicies')
  if (policy === undefined) return []
  try {
    identityPolicy(policy)
  } catch (error) {
    if (error instanceof PolicyFault) throw stsFault('malformedPolicy', error.message || error.reason)
    throw error
  }
  return [policy]
}

/** Seconds; throws ValidationError beyond what the role allows. */
export const durationOf = (wanted: number | undefined, role: Role): number => {
  const seconds = wanted ?? usualDuration
  if (seconds > role.maxSessionDuration) throw stsFault('tooLongForRole')
  return seconds
}

interface Assuming extends Limits, Pick<SessionClaims, 'sourceIdentity' | 'federation'> {
  readonly sessionName: string
  /** Seconds. */
  readonly duration: number
}
type Assumed = {
  readonly Credentials: Credentials
  readonly AssumedRoleUser: { readonly AssumedRoleId: string; readonly Arn: string }
  readonly PackedPolicySize: number | undefined
  readonly SourceIdentity: string | undefined
}

/** A session of the role; whether its caller may have one was decided before. */
export const assume = (call: Call, { accountId, role }: Found, assuming: Assuming): Assumed => {
  const { sessionName, duration, ...claims } = assuming
  const PackedPolicySize = packed(assuming)
  const { name: roleName, roleId } = role
  return {
    Credentials: issue(call.world.vault, {
      ...claims,
      accountId,
      of: { kind: 'role', roleName, roleId, sessionName },
      issuedAt: call.time,
      expiresAt: call.time + duration * 1000,
    }),
    AssumedRoleUser: {
      AssumedRoleId: `${roleId}:${sessionName}`,
      Arn: `arn:aws:sts::${accountId}:assumed-role/${roleName}/${sessionName}`,
    },
    PackedPolicySize,
    SourceIdentity: claims.sourceIdentity,
  }
}
