import type { Policy } from './evaluation.ts'

/** Who asked, as CloudTrail's `userIdentity` says it (CloudTrail user guide, "userIdentity element"). */
export interface Principal {
  readonly type: 'IAMUser' | 'AssumedRole' | 'Root' | 'WebIdentityUser'
  /** `AIDA...`; of a role's session `AROA...:session-name`. */
  readonly principalId: string
  readonly arn: string
  readonly accountId: string
  readonly accessKeyId?: string
  readonly userName?: string
  readonly sessionContext?: {
    readonly sessionIssuer?: {
      readonly type: 'Role'
      readonly principalId: string
      readonly arn: string
      readonly accountId: string
      readonly userName: string
    }
    readonly attributes: { readonly creationDate: string; readonly mfaAuthenticated: 'false' }
    readonly sourceIdentity?: string
    readonly webIdFederationData?: { readonly federatedProvider: string; readonly attributes: object }
  }
}

/** Who asks, as policies see it. Built when an identity changes, not for each request. */
export interface Caller {
  readonly principal: Principal
  readonly arn: string
  readonly accountId: string
  /**
   * What a Principal element (and a grant's grantee) may call it: opaque ids and ARNs. A user: [`AIDA...`, user ARN]; a role's
   * session: [session ARN, `AROA...:session`, `AROA...`, role ARN]. The account's own names (`root` ARN, account id) are not among them.
   */
  readonly names: readonly string[]
  /** Of a role's session: the names that are the session's own, which session policies do not limit. */
  readonly sessionNames: readonly string[]
  /** aws:PrincipalArn: the user, or the role (not the session). */
  readonly principalArn: string
  /** aws:PrincipalType: `User`, `AssumedRole`, `Account`. */
  readonly principalType: 'User' | 'AssumedRole' | 'Account'
  /** aws:userid */
  readonly userId: string
  /** aws:username; of users alone. */
  readonly userName: string | undefined
  /** aws:PrincipalTag: those of the user or role with the session's over them. */
  readonly tags: Readonly<Record<string, string>>
  readonly identityPolicies: readonly Policy[]
  /** Undefined where the session has none: it is then not limited. */
  readonly sessionPolicies: readonly Policy[] | undefined
  /** aws:TokenIssueTime, milliseconds; of sessions alone. */
  readonly issuedAt: number | undefined
}

/** What a session token says, sealed; all that is needed to know whose it is without asking the ledger. */
export interface SessionClaims {
  readonly accessKeyId: string
  readonly accountId: string
  readonly of:
    | { readonly kind: 'role'; readonly roleName: string; readonly roleId: string; readonly sessionName: string }
    | { readonly kind: 'user'; readonly userName: string; readonly userId: string }
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  readonly expiresAt: number
  /** Session policy documents (JSON). */
  readonly policies: readonly string[]
  readonly tags: Readonly<Record<string, string>>
  readonly transitiveTagKeys: readonly string[]
  readonly sourceIdentity: string | undefined
  readonly federation: { readonly provider: string; readonly subject: string; readonly audience: string } | undefined
}
