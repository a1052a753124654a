import { type Context, type Policy, type Request, decide } from '../evaluation.ts'
import { beginDecision } from './effort.ts'
import { Named } from './principal.ts'
import { allowance, denies } from './statement.ts'

/** An identity that a provider vouches for and that asks for a role's session. */
export interface FederatedRequest {
  /** The provider's ARN (`arn:aws:iam::111122223333:oidc-provider/issuer.example.com`), or the host of one that IAM knows. */
  readonly federated: string
  /** `sts:AssumeRoleWithWebIdentity` */
  readonly action: string
  /** The role's ARN. */
  readonly resource: string
  readonly context: Context
}

/**
 * Whether a role may be assumed. A federated identity needs the trust policy alone. A caller needs it too; where it
 * names the caller's account, or the role is another account's, the caller's own policies have to allow it as well.
 * For the reason of a refusal ask `decide` with the trust policy as key policy and the role's account.
 */
export const trusts = (policy: Policy, request: FederatedRequest | Request): boolean => {
  if ('federated' in request) {
    beginDecision()
    return !denies(policy.compiled, request) && allowance(policy.compiled, request) !== Named.none
  }
  return decide({ ...request, keyPolicy: policy, account: request.resource.split(':')[4] ?? '' }).allowed
}
