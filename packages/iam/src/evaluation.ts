import type { Caller } from './caller.ts'

/** A compiled policy: opaque outside this package. Decisions over it parse nothing and allocate next to nothing. */
export interface Policy {
  readonly compiled: unknown
}

/** A value of a condition key. A list is a key of several values (`aws:TagKeys`). Numbers, dates (ISO 8601) and booleans as text. */
export type ContextValue = string | readonly string[]

export interface Request {
  readonly caller: Caller
  /** `kms:Encrypt` */
  readonly action: string
  /** The resource's ARN; `*` for an action without a resource. */
  readonly resource: string
  /** The value of a condition key, by its name in LOWER CASE (`kms:encryptioncontext:tenant`); undefined where the request has none. Asked only for keys that a policy names. */
  readonly context: (key: string) => ContextValue | undefined
}

/** A question about a key (or, without `keyPolicy`, about something that only IAM decides). */
export interface Question extends Request {
  /** Undefined for actions without a key resource: identity policies alone decide. */
  readonly keyPolicy: Policy | undefined
  /** The account that owns the resource. */
  readonly account: string
  /** The id of a grant that allows this, if there is one; asked last, and only if it could matter. */
  readonly grant?: (() => string | undefined) | undefined
}

export type PolicyType = 'identity-based' | 'resource-based' | 'session'

export type Decision =
  | { readonly allowed: true; readonly by: 'key policy' | 'identity policy' | 'grant'; readonly grantId?: string }
  /** `explicit`: a statement says Deny; otherwise no statement of that type allows. */
  | { readonly allowed: false; readonly explicit: boolean; readonly policyType: PolicyType }
