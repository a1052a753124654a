import type { ContextValue } from '@keyledger/iam'
import { string } from '@keyledger/wire'
import { conditionKeys } from '../condition-keys.ts'
import { operation } from '../operation.ts'
import { assume, assumed, durationOf, roleKeys, roleNamed, sessionPolicies, trusted } from './assuming.ts'
import { stsFault } from './fault.ts'
import { sessionTags, tagFields } from './session-tags.ts'

/** Seconds that a session may last which another session of a role asked for. */
const longestChained = 3_600

/** A session of a role, for who may have one by the role's trust policy and their own policies (STS API reference). */
export const AssumeRole = operation({
  // The role's trust policy has its part in the decision, and the role may be another account's.
  authorize: { action: 'sts:AssumeRole', itself: true },
  readOnly: true,
  input: {
    ...assumed,
    ...tagFields,
    ExternalId: string({ min: 2, max: 1224, pattern: '[\\w+=,.@:\\/-]*' }).optional(),
    SerialNumber: string({ min: 9, max: 256, pattern: '[\\w+=/:,.@-]*' }).optional(),
    TokenCode: string({ min: 6, max: 6, pattern: '[\\d]*', sensitive: true }).optional(),
    SourceIdentity: string({ min: 2, max: 64, pattern: '[\\w+=,.@-]*' }).optional(),
  },
  run: (input, call) => {
    const { RoleArn, RoleSessionName, ExternalId } = input
    const { caller, session: from } = call
    const chained = caller.principalType === 'AssumedRole'
    if (chained && (input.DurationSeconds ?? 0) > longestChained) throw stsFault('tooLongForChain')
    if (input.SerialNumber !== undefined || input.TokenCode !== undefined) throw stsFault('noDevice')

    const { tags, transitiveTagKeys } = sessionTags(input, from)
    // Once somebody is named as the one behind a session, every further session is theirs.
    const sourceIdentity = from?.sourceIdentity ?? input.SourceIdentity
    const found = roleNamed(call, RoleArn)
    if (!found) throw stsFault('notAuthorized', caller.arn, 'sts:AssumeRole', RoleArn)

    const own = new Map<string, ContextValue | undefined>([
      ['sts:externalid', ExternalId],
      ['sts:rolesessionname', RoleSessionName],
      ['sts:sourceidentity', sourceIdentity],
      ['sts:transitivetagkeys', transitiveTagKeys.length > 0 ? transitiveTagKeys : undefined],
      ['aws:tagkeys', Object.keys(tags).length > 0 ? Object.keys(tags) : undefined],
      ...Object.entries(tags).map(([key, value]) => [`aws:requesttag/${key.toLowerCase()}`, value] as const),
    ])
    const ofRole = roleKeys(found)
    const ofRequest = conditionKeys(call, 'sts:AssumeRole', undefined, undefined)
    const actions = ['sts:AssumeRole']
    if (Object.keys(tags).length > 0) actions.push('sts:TagSession')
    if (sourceIdentity !== undefined) actions.push('sts:SetSourceIdentity')
    trusted(
      caller,
      found,
      actions,
      (key) => (own.has(key) ? own.get(key) : (ofRole(key) ?? ofRequest(key))),
      (action, cause) => stsFault('notAuthorized', caller.arn, action, RoleArn, cause),
    )

    if (input.SourceIdentity !== undefined && input.SourceIdentity !== sourceIdentity)
      throw stsFault('sourceIdentityStays')
    return assume(call, found, {
      sessionName: RoleSessionName,
      duration: durationOf(input.DurationSeconds, found.role),
      policies: sessionPolicies(input.Policy, input.PolicyArns),
      tags,
      transitiveTagKeys,
      sourceIdentity,
      federation: undefined,
    })
  },
})
