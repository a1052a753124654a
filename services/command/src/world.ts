import type { Vault } from '@keyledger/crypto'
import type { Account, AccountCommand, Caller, SessionClaims } from '@keyledger/iam'
import type { Alias, AliasCommand, Grant, GrantCommand, Grants, Key, KeyCommand } from '@keyledger/keys'
import type { Repository, Trail } from '@keyledger/ledger'
import type { Link } from '@keyledger/messaging'
import type { Issuers } from './oidc.ts'

/** What a handler may reach: eleven members at most. `main` alone knows which part stands behind each. */
export interface World {
  readonly keys: Repository<Key, KeyCommand>
  readonly aliases: Repository<Alias, AliasCommand>
  readonly grants: Repository<Grants, GrantCommand>
  readonly identities: Identities
  /** Those whose tokens say who a workload is. */
  readonly issuers: Issuers
  readonly vault: Vault
  readonly lists: Lists
  readonly regions: Regions
  readonly trail: Trail
  /** The time in milliseconds since the epoch. */
  readonly now: () => number
  /** A fresh UUID. */
  readonly id: () => string
}

/** The Regions of this deployment. */
export interface Regions {
  /** Those that this house serves. */
  readonly own: readonly string[]
  /** The Ed25519 public key (base64url) that a Region signs with; undefined of one that is not known here. */
  identity(region: string): string | undefined
  readonly link: Link
}

/** Who is who: from memory, kept live by the ledger's feed, so that a change holds for the next request. */
export interface Identities {
  readonly accounts: Repository<Account, AccountCommand>
  /** The caller behind an active access key of a user. */
  caller(accessKeyId: string): Caller | undefined
  /** The caller of a session, or undefined when the role or user that it is of is no longer there. */
  session(claims: SessionClaims): Caller | undefined
  account(accountId: string): Account | undefined
  /** `AIDA...` or `AROA...` of a user's or role's ARN; the account id of a root's ARN. */
  uniqueId(arn: string): string | undefined
  /** The ARN of who has this unique id now. */
  arnOf(uniqueId: string): string | undefined
  /** The account that the house was founded with: whoever is of it runs the house. */
  firstAccount(): string | undefined
}

/** The read models that lists are answered from. Nothing is ever decided by them. */
export interface Lists {
  /** Key ids of an account and region after `after`, in a stable order; one more than `limit` is never returned. */
  keys(region: string, account: string, page: Page): readonly { readonly keyId: string }[]
  aliases(region: string, account: string, page: Page & { readonly keyId?: string | undefined }): readonly AliasEntry[]
  aliasCount(region: string, account: string, keyId: string): number
  /** Grants of a key in the order in which they were made, after a position; of one grantee, or the one with an id. */
  grants(region: string, account: string, keyId: string, page: GrantPage): readonly GrantRow[]
  /** Grants that name this retiring principal, on keys of all accounts or of one. */
  retirableGrants(region: string, retiring: string, page: RetirablePage): readonly GrantRow[]
  /** When the key with this ARN was last used for cryptography successfully; milliseconds since the epoch. */
  lastUsed(arn: string): number | undefined
  /** That use, as the trail tells it; the time alone when it tells no more. */
  lastUsage(arn: string): Promise<LastUsage | undefined>
}

export interface Page {
  readonly after?: string | undefined
  readonly limit: number
}

export interface AliasEntry {
  /** `alias/...` */
  readonly name: string
  readonly targetKeyId: string
  readonly createdAt: number
  readonly updatedAt: number
}

export interface GrantPage {
  /** The position of the last grant of the page before; 0 for the first page. */
  readonly after: number
  readonly limit: number
  readonly grantId?: string | undefined
  readonly grantee?: string | undefined
}
export interface RetirablePage {
  readonly after: number
  readonly limit: number
  readonly account?: string | undefined
}
export interface GrantRow {
  readonly position: number
  readonly account: string
  readonly keyId: string
  readonly grant: Grant
}

export interface LastUsage {
  readonly time: number
  readonly operation?: string
  readonly eventId?: string
  readonly requestId?: string
}
