import type { Vault } from '@keyledger/crypto'
import type { Alias, AliasCommand, Key, KeyCommand, KeyPlace } from '@keyledger/keys'
import type { Repository, Trail } from '@keyledger/ledger'
import type { Link } from '@keyledger/messaging'
import type { Due } from './due-work.ts'

/** What a job may reach. */
export interface World {
  readonly keys: Repository<Key, KeyCommand>
  readonly aliases: Repository<Alias, AliasCommand>
  readonly vault: Vault
  readonly trail: Trail
  readonly lists: {
    aliases(
      region: string,
      account: string,
      page: { readonly keyId: string; readonly limit: number; readonly after: string | undefined },
    ): readonly { readonly name: string }[]
  }
  readonly link: Link
  /** The Ed25519 public key (base64url) that a region signs with; undefined of one that is not known here. */
  readonly identityOf: (region: string) => string | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** A fresh UUID. */
  readonly id: () => string
}

/** A job of one key; may run twice, and at the same time in two processes. */
export type KeyJob = (stream: string, place: KeyPlace, world: World, due: Due, signal: AbortSignal) => Promise<void>

/** Who acts when nobody asked, as CloudTrail calls it. */
export const internal = 'AWS Internal'

/** The envelope of the events that a job causes. */
export const envelope = ({ id, now }: World, { region, account }: { region: string; account: string }) => ({
  ids: id,
  time: now(),
  metadata: { actor: internal, requestId: id(), region, account },
})
