import type { KeyEvent } from './key.ts'

/** Something to be done with the event's key at `at` (milliseconds since the epoch), or as soon as possible after. */
export interface Reaction {
  readonly job: 'RotateKeyMaterial' | 'DeleteKey' | 'DestroyKey' | 'ShareKey' | 'ReportReplicaDeleted'
  readonly at: number
  /** The region to do it with, where that is not the key's own. */
  readonly region?: string
}

type Reactions = {
  readonly [T in KeyEvent['type']]: (
    data: Extract<KeyEvent, { readonly type: T }>['data'],
    time: number,
  ) => readonly Reaction[]
}

const nothing = () => []

/** What is shared has changed: each of these Regions is to have it. */
const told = ({ share = [] }: { readonly share?: readonly string[] }, time: number): readonly Reaction[] =>
  share.map((region) => ({ job: 'ShareKey', at: time, region }))

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
  ReplicaDeletionAwaited: nothing,
  KeyDeleted: ({ primaryRegion }, time) => [
    { job: 'DestroyKey', at: time },
    ...(primaryRegion === undefined ? [] : [{ job: 'ReportReplicaDeleted', at: time, region: primaryRegion } as const]),
  ],
  KeyRotationEnabled: (data, time) => [{ job: 'RotateKeyMaterial', at: data.nextDate }, ...told(data, time)],
  KeyRotationDisabled: told,
  KeyMaterialRotated: (data, time) => [
    ...(data.nextDate === undefined ? [] : [{ job: 'RotateKeyMaterial', at: data.nextDate } as const]),
    ...told(data, time),
  ],
  KeyPolicyPut: nothing,
  KeyTagged: nothing,
  KeyUntagged: nothing,
  KeyReplicaAdded: told,
  KeyReplicaRemoved: told,
  ReplicaCreated: nothing,
  SharedStateReceived: nothing,
  PrimaryRegionUpdateStarted: ({ handover }, time) => told({ share: [handover.to] }, time),
  PrimaryRegionUpdated: nothing,
  // A rotation that fell due meanwhile happens at once.
  PrimaryRegionUpdateAbandoned: (_, time) => [{ job: 'RotateKeyMaterial', at: time }],
  KeyPromoted: (data, time) => [
    ...(data.shared.rotation
      ? [{ job: 'RotateKeyMaterial', at: Math.max(data.shared.rotation.nextDate, time) } as const]
      : []),
    ...told(data, time),
  ],
}

/** The reactions to any event of the ledger, recorded at `time`; none to an event that is not a key's. */
export const reactionsTo = (event: { readonly type: string; readonly data: unknown }, time: number) =>
  Object.hasOwn(reactions, event.type)
    ? (reactions[event.type as KeyEvent['type']] as (data: unknown, time: number) => readonly Reaction[])(
        event.data,
        time,
      )
    : []
