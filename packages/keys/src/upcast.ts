import type { AliasEvent } from './alias.ts'
import type { GrantEvent } from './grants.ts'
import type { KeyEvent } from './key.ts'

/** An event as the ledger has it. */
export interface Stored {
  readonly type: string
  readonly version: number
  readonly data: unknown
}

/** Rows by type and version: each takes the data of that version one step towards today's event. */
export type Upcasts = Readonly<Record<string, Readonly<Record<number, (data: never) => Stored>>>>

/**
 * The one bridge from what was once written to what is understood today, as no event is ever edited. `versions` names
 * today's version of each event type. An event that is today's is returned as it is, and so is one of a type that
 * neither table knows: it is another aggregate's. Throws where no way leads on: a later program wrote that version.
 */
export const upcaster =
  (versions: Readonly<Record<string, number>>, upcasts: Upcasts) =>
  <S extends Stored>(stored: S): S => {
    let event: Stored = stored
    while (own(versions, event.type) !== event.version) {
      const rows = own(upcasts, event.type)
      if (rows === undefined && own(versions, event.type) === undefined) return stored
      const row = own(rows, event.version) as ((data: unknown) => Stored) | undefined
      if (!row)
        throw new TypeError(`no way from version ${stored.version} of ${JSON.stringify(stored.type)} to today's`)
      event = row(event.data)
    }
    return event === stored ? stored : { ...stored, type: event.type, version: event.version, data: event.data }
  }

// Names and numbers here come from a file: nothing of Object's prototype may answer to them.
const own = (table: unknown, name: string | number): unknown =>
  table !== undefined && Object.hasOwn(table as object, name) ? (table as Record<string, unknown>)[name] : undefined

/** Today's version of every event of keys, aliases and grants: what is written beside a new event. */
export const eventVersions: Readonly<Record<(KeyEvent | AliasEvent | GrantEvent)['type'], number>> = {
  KeyCreated: 1,
  KeyDescriptionUpdated: 1,
  KeyEnabled: 1,
  KeyDisabled: 1,
  KeyDeletionScheduled: 1,
  KeyDeletionCancelled: 1,
  KeyDeleted: 1,
  ReplicaDeletionAwaited: 1,
  KeyRotationEnabled: 1,
  KeyRotationDisabled: 1,
  KeyMaterialRotated: 1,
  KeyPolicyPut: 1,
  KeyTagged: 1,
  KeyUntagged: 1,
  KeyReplicaAdded: 1,
  KeyReplicaRemoved: 1,
  ReplicaCreated: 1,
  SharedStateReceived: 1,
  PrimaryRegionUpdateStarted: 1,
  PrimaryRegionUpdated: 1,
  PrimaryRegionUpdateAbandoned: 1,
  KeyPromoted: 1,
  AliasCreated: 1,
  AliasUpdated: 1,
  AliasDeleted: 1,
  GrantCreated: 1,
  GrantRetired: 1,
  GrantRevoked: 1,
  GrantsEnded: 1,
}

const upcasts: Upcasts = {}

export const upcast = upcaster(eventVersions, upcasts)
