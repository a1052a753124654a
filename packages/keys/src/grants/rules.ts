import { fault } from '../fault.ts'
import type { KeySpec, KeyUsage } from '../key-spec.ts'
import { type EncryptionContext, type GrantTerms, grantable, isSymmetric } from './grant.ts'

/** Of each encryption context constraint, and of each value in it (KMS API reference, CreateGrant). */
const maxPairs = 8
const maxValueLength = 384

interface OnKey {
  readonly arn: string
  readonly spec: KeySpec
  readonly usage: KeyUsage
}

/** The terms, each operation once, if a grant on such a key may have them; else throws ValidationException. */
export const acceptableTerms = (key: OnKey, terms: GrantTerms): GrantTerms => {
  parties(terms)
  const operations = [...new Set(terms.operations)]
  if (operations.length === 0) throw fault('grantOperationsRequired')
  const possible = grantable(key.spec, key.usage)
  const odd = operations.find((operation) => !possible.includes(operation))
  if (odd !== undefined) throw fault('grantOperationInvalid', odd, key.arn)
  // Such a grant could only ever make grants like itself.
  if (operations.length === 1 && operations[0] === 'CreateGrant') throw fault('grantOnlyCreatesGrants')
  const { EncryptionContextEquals, EncryptionContextSubset } = terms.constraints
  for (const context of [EncryptionContextEquals, EncryptionContextSubset]) contextConstraint(key, context)
  return { ...terms, operations }
}

const parties = (terms: GrantTerms): void => {
  const { granteePrincipal, granteeServicePrincipal, retiringPrincipal, retiringServicePrincipal } = terms
  if ((granteePrincipal === undefined) === (granteeServicePrincipal === undefined)) throw fault('granteeRequired')
  if (retiringPrincipal !== undefined && retiringServicePrincipal !== undefined) throw fault('retiringPrincipalTwice')
  if (granteeServicePrincipal === undefined) return
  const retired = retiringPrincipal !== undefined || retiringServicePrincipal !== undefined
  if (terms.constraints.SourceArn === undefined || !retired) throw fault('serviceGranteeIncomplete')
}

const contextConstraint = ({ arn, spec }: OnKey, context: EncryptionContext | undefined): void => {
  if (context === undefined) return
  if (!isSymmetric(spec)) throw fault('grantContextUnsupported', arn)
  const values = Object.values(context)
  if (values.length > maxPairs) throw fault('grantContextTooLarge', maxPairs)
  if (values.some((value) => value.length > maxValueLength)) throw fault('grantContextValueTooLong', maxValueLength)
}
