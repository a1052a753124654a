import type { KeyEvent } from './key.ts'

/** Something to be done with the event's key at `at` (milliseconds since the epoch), or as soon as possible after. */
export interface Reaction {
  readonly job: 'RotateKeyMaterial' | 'DeleteKey' | 'DestroyKey'
  readonly at: number
}

type Reactions = {
  readonly [T in KeyEvent['type']]: (
    data: Extract<KeyEvent, { readonly type: T }>['data'],
    time: number,
  ) => readonly Reaction[]
}

const nothing = () => []

/**
 * What each event asks of the world later. Every job decides again when it runs, so one that is no longer wanted does
 * nothing, and all of them can be derived anew from the ledger: a restart loses none.
 */
export const reactions: Reactions = {
  KeyCreated: nothing,
  KeyDescriptionUpdated: nothing,
  // A rotation that fell due while the key was disabled happens at once.
  KeyEnabled: (_, time) => [{ job: 'RotateKeyMaterial', at: time }],
  KeyDisabled: nothing,
  KeyDeletionScheduled: ({ deletionDate }) => [{ job: 'DeleteKey', at: deletionDate }],
  KeyDeletionCancelled: nothing,
  KeyDeleted: (_, time) => [{ job: 'DestroyKey', at: time }],
  KeyRotationEnabled: ({ nextDate }) => [{ job: 'RotateKeyMaterial', at: nextDate }],
  KeyRotationDisabled: nothing,
  KeyMaterialRotated: ({ nextDate }) => (nextDate === undefined ? [] : [{ job: 'RotateKeyMaterial', at: nextDate }]),
  KeyPolicyPut: nothing,
  KeyTagged: nothing,
  KeyUntagged: nothing,
}

/** The reactions to any event of the ledger, recorded at `time`; none to an event that is not a key's. */
export const reactionsTo = (event: { readonly type: string; readonly data: unknown }, time: number) =>
  Object.hasOwn(reactions, event.type)
    ? (reactions[event.type as KeyEvent['type']] as (data: unknown, time: number) => readonly Reaction[])(
        event.data,
        time,
      )
    : []
