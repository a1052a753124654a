import { type ContextValue, type Principal, roleArn, trusts } from '@keyledger/iam'
import { fault } from '@keyledger/keys'
import { string } from '@keyledger/wire'
import { conditionKeys } from '../condition-keys.ts'
import type { WebIdentity } from '../oidc.ts'
import { type Call, operation } from '../operation.ts'
import { type Found, assume, assumed, durationOf, roleKeys, roleNamed, sessionPolicies, trustOf } from './assuming.ts'
import { stsFault } from './fault.ts'

const action = 'sts:AssumeRoleWithWebIdentity'

/** What a policy may ask of a request that nobody signed: where and when it came, but not who sent it. */
const requestKeys = new Set([
  'aws:sourceip',
  'aws:currenttime',
  'aws:epochtime',
  'aws:securetransport',
  'aws:useragent',
  'aws:requestedregion',
])

/** Providers that are Federated principals by their host, in every account (IAM user guide, "Principal"). */
const knownHosts = new Set(['accounts.google.com', 'cognito-identity.amazonaws.com'])

/** How trust policies and the trail call the provider. */
const providerArn = (accountId: string, { provider }: WebIdentity) =>
  `arn:aws:iam::${accountId}:oidc-provider/${provider}`

/** Whom a token speaks of. They are in no account; the trail is that of the role's. */
const federated = (accountId: string, identity: WebIdentity): Principal => {
  const arn = providerArn(accountId, identity)
  const principalId = `${arn}:${identity.audiences[0]}:${identity.subject}`
  return { type: 'WebIdentityUser', principalId, arn, accountId, userName: identity.subject }
}

/** `<provider>:sub` and `<provider>:aud`, with the request's own (IAM user guide, "Available keys for OIDC federation"). */
const keysOf = (call: Call, found: Found, identity: WebIdentity, sessionName: string) => {
  const { provider, subject, audiences } = identity
  const arn = providerArn(found.accountId, identity)
  const own = new Map<string, ContextValue>([
    [`${provider.toLowerCase()}:sub`, subject],
    [`${provider.toLowerCase()}:aud`, audiences.length === 1 ? audiences[0]! : audiences],
    ['aws:federatedprovider', arn],
    ['sts:rolesessionname', sessionName],
  ])
  const ofRole = roleKeys(found)
  const ofRequest = conditionKeys(call, action, undefined, undefined)
  return (key: string) => own.get(key) ?? ofRole(key) ?? (requestKeys.has(key) ? ofRequest(key) : undefined)
}

/**
 * A session of a role for whom a token of a configured issuer speaks of: the token stands where a signature would, so a
 * workload needs no stored secret (STS API reference; OpenID Connect Core 1.0, 3.1.3.7).
 */
export const AssumeRoleWithWebIdentity = operation({
  authorize: { action, itself: true },
  unsigned: true,
  readOnly: true,
  input: {
    ...assumed,
    WebIdentityToken: string({ min: 4, max: 20_000, sensitive: true }),
    ProviderId: string({ min: 4, max: 2048 }).optional(),
  },
  run: async (input, call) => {
    const { RoleArn, RoleSessionName } = input
    if (input.ProviderId !== undefined) throw stsFault('noProviderId')
    const found = roleNamed(call, RoleArn)
    const identity = await call.world.issuers.verify(input.WebIdentityToken)
    if (!found) throw stsFault('notAuthorizedWithToken')
    const principal = federated(found.accountId, identity)
    // From here on somebody genuine is asking: the trail has them, let in or not.
    call.principal = principal
    const resource = roleArn(found.accountId, found.role)
    const context = keysOf(call, found, identity, RoleSessionName)
    const provider = knownHosts.has(identity.provider) ? identity.provider : principal.arn
    if (!trusts(trustOf(found.role), { federated: provider, action, resource, context }))
      throw stsFault('notAuthorizedWithToken', fault('accessDenied', principal.arn, action, resource, 'resource-based'))

    const { SourceIdentity: _, ...answer } = assume(call, found, {
      sessionName: RoleSessionName,
      duration: durationOf(input.DurationSeconds, found.role),
      policies: sessionPolicies(input.Policy, input.PolicyArns),
      tags: {},
      transitiveTagKeys: [],
      sourceIdentity: undefined,
      federation: { provider: principal.arn, subject: identity.subject, audience: identity.audiences[0]! },
    })
    return {
      ...answer,
      SubjectFromWebIdentityToken: identity.subject,
      Audience: identity.audiences[0],
      Provider: principal.arn,
    }
  },
})
