import type { Vault } from '@keyledger/crypto'
import type { Account, AccountCommand, Principal } from '@keyledger/iam'
import type { Alias, AliasCommand, Key, KeyCommand } from '@keyledger/keys'
import type { Repository, Trail } from '@keyledger/ledger'

/** What a handler may reach: eight members at most. `main` alone knows which part stands behind each. */
export interface World {
  readonly keys: Repository<Key, KeyCommand>
  readonly aliases: Repository<Alias, AliasCommand>
  readonly identities: Identities
  readonly vault: Vault
  readonly lists: Lists
  readonly trail: Trail
  /** The time in milliseconds since the epoch. */
  readonly now: () => number
  /** A fresh UUID. */
  readonly id: () => string
}

/** Who is behind an access key. */
export interface Identities {
  readonly accounts: Repository<Account, AccountCommand>
  /** The principal of an access key, or undefined if there is none; from memory, kept live by the ledger's feed. */
  principal(accessKeyId: string): Principal | undefined
}

/** The read models that lists are answered from. Nothing is ever decided by them. */
export interface Lists {
  /** Key ids of an account and region after `after`, in a stable order; one more than `limit` is never returned. */
  keys(region: string, account: string, page: Page): readonly { readonly keyId: string }[]
  aliases(region: string, account: string, page: Page & { readonly keyId?: string | undefined }): readonly AliasEntry[]
  aliasCount(region: string, account: string, keyId: string): number
  /** The last successful cryptographic use of the key with this ARN. */
  lastUsage(arn: string): LastUsage | undefined
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

export interface LastUsage {
  readonly operation: string
  readonly time: number
  readonly eventId: string
  readonly requestId: string
}
