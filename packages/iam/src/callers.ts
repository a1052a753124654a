import { type Account, type Role, type Tag, type User, named } from './account.ts'
import type { Caller, Principal, SessionClaims } from './caller.ts'
import { type Policy, identityPolicy } from './evaluation.ts'

export const rootArn = (accountId: string): string => `arn:aws:iam::${accountId}:root`
/** `path` begins and ends with a slash. */
export const userArn = (accountId: string, { path, name }: Pick<User, 'path' | 'name'>): string =>
  `arn:aws:iam::${accountId}:user${path}${name}`
export const roleArn = (accountId: string, { path, name }: Pick<Role, 'path' | 'name'>): string =>
  `arn:aws:iam::${accountId}:role${path}${name}`

const denied = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Deny', Action: '*', Resource: '*' } })

/**
 * A policy that was once understood and is not any more may have denied anything: whoever has it may nothing, until it is put anew.
 */
const compiled = (document: string): Policy => {
  try {
    return identityPolicy(document)
  } catch {
    return identityPolicy(denied)
  }
}

// Users and roles are replaced when they change, so what was compiled for one holds as long as the object does.
const policies = new WeakMap<User | Role, readonly Policy[]>()
const policiesOf = (subject: User | Role): readonly Policy[] => {
  const known = policies.get(subject)
  if (known) return known
  const all = Object.values(subject.policies).map(compiled)
  policies.set(subject, all)
  return all
}

/** Tags by key, without a prototype; a session's stand before those of its role whose keys differ only in case. */
const tagsOf = (
  tags: readonly Tag[],
  over: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> => {
  const all = Object.create(null) as Record<string, string>
  const replaced = new Set(Object.keys(over).map((key) => key.toLowerCase()))
  for (const { key, value } of tags) if (!replaced.has(key.toLowerCase())) all[key] = value
  return Object.assign(all, over)
}

/** The caller behind a user's own access key. */
export const userCaller = (accountId: string, user: User, accessKeyId: string): Caller => {
  const arn = userArn(accountId, user)
  return {
    principal: { type: 'IAMUser', principalId: user.userId, arn, accountId, accessKeyId, userName: user.name },
    arn,
    accountId,
    names: [user.userId, arn],
    sessionNames: [],
    principalArn: arn,
    principalType: 'User',
    userId: user.userId,
    userName: user.name,
    tags: tagsOf(user.tags),
    identityPolicies: policiesOf(user),
    sessionPolicies: undefined,
    issuedAt: undefined,
  }
}

const attributesOf = ({ issuedAt }: SessionClaims) =>
  ({ creationDate: `${new Date(issuedAt).toISOString().slice(0, 19)}Z`, mfaAuthenticated: 'false' }) as const

const sessionPoliciesOf = ({ policies: documents }: SessionClaims): readonly Policy[] | undefined =>
  documents.length === 0 ? undefined : documents.map(compiled)

/** GetSessionToken: the user under another access key. */
const userSession = (user: User, claims: SessionClaims): Caller => {
  const caller = userCaller(claims.accountId, user, claims.accessKeyId)
  return {
    ...caller,
    principal: { ...caller.principal, sessionContext: { attributes: attributesOf(claims) } },
    tags: tagsOf(user.tags, claims.tags),
    sessionPolicies: sessionPoliciesOf(claims),
    issuedAt: claims.issuedAt,
  }
}

const roleSession = (role: Role, sessionName: string, claims: SessionClaims): Caller => {
  const { accountId, accessKeyId, sourceIdentity, federation } = claims
  const issuer = roleArn(accountId, role)
  // The path of a role is no part of its sessions' ARNs.
  const arn = `arn:aws:sts::${accountId}:assumed-role/${role.name}/${sessionName}`
  const userId = `${role.roleId}:${sessionName}`
  const sessionNames = [arn, userId]
  const principal: Principal = {
    type: 'AssumedRole',
    principalId: userId,
    arn,
    accountId,
    accessKeyId,
    sessionContext: {
      sessionIssuer: { type: 'Role', principalId: role.roleId, arn: issuer, accountId, userName: role.name },
      attributes: attributesOf(claims),
      ...(sourceIdentity !== undefined && { sourceIdentity }),
      ...(federation && { webIdFederationData: { federatedProvider: federation.provider, attributes: {} } }),
    },
  }
  return {
    principal,
    arn,
    accountId,
    names: [...sessionNames, role.roleId, issuer],
    sessionNames,
    principalArn: issuer,
    principalType: 'AssumedRole',
    userId,
    userName: undefined,
    tags: tagsOf(role.tags, claims.tags),
    identityPolicies: policiesOf(role),
    sessionPolicies: sessionPoliciesOf(claims),
    issuedAt: claims.issuedAt,
  }
}

/** Whose session it is, if they are still there: a namesake made since has another unique id and is somebody else. */
export const sessionSubject = ({ users, roles }: Account, { of }: SessionClaims): User | Role | undefined => {
  if (of.kind === 'user') {
    const user = named(users, of.userName)
    return user?.userId === of.userId ? user : undefined
  }
  const role = named(roles, of.roleName)
  return role?.roleId === of.roleId ? role : undefined
}

/** The caller of a session of `subject`, which {@link sessionSubject} found. */
export const sessionCaller = (subject: User | Role, claims: SessionClaims): Caller =>
  'roleId' in subject
    ? roleSession(subject, claims.of.kind === 'role' ? claims.of.sessionName : '', claims)
    : userSession(subject, claims)
