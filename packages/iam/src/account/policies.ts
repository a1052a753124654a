import { iamFault } from '../iam-fault.ts'
import type { Table } from './state.ts'

/** Characters that count: IAM does not count white space (IAM user guide, "IAM and AWS STS quotas"). */
export const policySize = (document: string): number => document.replace(/[\t\n\r ]+/g, '').length

/** All inline policies of one user, of one role, and a role's trust policy, in {@link policySize}. */
const maxSize = { user: 2_048, role: 10_240 } as const
const maxTrustPolicySize = 2_048

/** Throws LimitExceeded if the entity's policies were too long with this one among them. */
export const sizedPolicies = (
  what: keyof typeof maxSize,
  name: string,
  policies: Table<string>,
  policyName: string,
  document: string,
): void => {
  let size = policySize(document)
  for (const other in policies) if (other !== policyName) size += policySize(policies[other]!)
  if (size > maxSize[what]) throw iamFault('policiesTooLong', maxSize[what], what, name)
}

export const sizedTrustPolicy = (document: string): void => {
  if (policySize(document) > maxTrustPolicySize) throw iamFault('tooMany', 'ACLSizePerRole', maxTrustPolicySize)
}
