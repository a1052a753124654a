import { keyArn } from '../arn.ts'
import type { Decide, Evolve } from '../decider.ts'
import { fault } from '../fault.ts'
import { type KeySpec, type KeyUsage, keySpecs, specAndUsage } from '../key-spec.ts'
import { usable } from '../key-state.ts'
import { alone } from './related.ts'
import { acceptableTags } from './settings.ts'
import { type Key, type Origin, type PrincipalIds, type Tag, day, intern, internIds, shared } from './state.ts'

export type LifecycleCommand =
  | {
      readonly type: 'CreateKey'
      readonly now: number
      readonly region: string
      readonly account: string
      readonly keyId: string
      readonly spec: KeySpec
      readonly usage: KeyUsage
      readonly origin: Origin
      readonly description: string
      readonly policy: string
      readonly principals?: PrincipalIds | undefined
      readonly tags: readonly Tag[]
      readonly multiRegion: boolean
      /** Material that is already durable in the vault. */
      readonly materialId: string
    }
  | { readonly type: 'EnableKey' }
  | { readonly type: 'DisableKey' }
  | { readonly type: 'ScheduleKeyDeletion'; readonly now: number; readonly windowInDays: number }
  | { readonly type: 'CancelKeyDeletion' }
  | { readonly type: 'DeleteKey'; readonly now: number }

export type LifecycleEvent =
  | {
      readonly type: 'KeyCreated'
      readonly data: {
        readonly region: string
        readonly account: string
        readonly keyId: string
        readonly spec: KeySpec
        readonly usage: KeyUsage
        readonly origin: Origin
        readonly manager: 'CUSTOMER' | 'AWS'
        readonly description: string
        readonly policy: string
        readonly principals?: PrincipalIds
        readonly tags: readonly Tag[]
        /** Absent on a single-Region key. */
        readonly multiRegion?: 'PRIMARY' | 'REPLICA'
        readonly materialId: string
        readonly createdAt: number
      }
    }
  | { readonly type: 'KeyEnabled'; readonly data: object }
  | { readonly type: 'KeyDisabled'; readonly data: object }
  | { readonly type: 'KeyDeletionScheduled'; readonly data: { readonly deletionDate: number } }
  | { readonly type: 'KeyDeletionCancelled'; readonly data: object }
  /** The replicas go first: until the last of them is deleted no window begins. */
  | { readonly type: 'ReplicaDeletionAwaited'; readonly data: { readonly windowInDays: number } }
  /** `primaryRegion`: of a replica, where the primary was when it last heard of it. */
  | { readonly type: 'KeyDeleted'; readonly data: { readonly primaryRegion?: string } }

/** Whether the window of a scheduled deletion is over at `now`. False for any key that is not pending deletion. */
export const deletionDue = ({ exists, state, deletionDate }: Key, now: number): boolean =>
  exists === 'yes' && state === 'PendingDeletion' && deletionDate !== undefined && now >= deletionDate

const primary = { multiRegion: 'PRIMARY' } as const

export const decideLifecycle: Decide<Key, LifecycleCommand, LifecycleEvent> = {
  CreateKey: (key, command) => {
    const { now, region, account, keyId, spec, usage, origin, description, policy, multiRegion, materialId } = command
    if (key.exists !== 'no') throw fault('keyExists', key.arn)
    specAndUsage(spec, usage)
    if (!keySpecs[spec].supported) throw fault('notSupportedYet', `KeySpec ${spec}`)
    if (origin !== 'AWS_KMS') throw fault('notSupportedYet', `Origin ${origin}`)
    const tags = acceptableTags(command.tags)
    const place = { region, account, keyId }
    const kind = { spec, usage, origin, manager: 'CUSTOMER', ...(multiRegion && primary) } as const
    const { principals } = command
    const named = principals && { principals }
    const data = { ...place, ...kind, description, policy, ...named, tags, materialId, createdAt: now }
    return [{ type: 'KeyCreated', data }]
  },

  // A key whose key store is away (Unavailable) is not refused and not changed.
  EnableKey: (key) => {
    usable(key, 'EnableKey')
    return key.state === 'Disabled' ? [{ type: 'KeyEnabled', data: {} }] : []
  },
  DisableKey: (key) => {
    usable(key, 'DisableKey')
    return key.state === 'Enabled' ? [{ type: 'KeyDisabled', data: {} }] : []
  },

  ScheduleKeyDeletion: (key, { now, windowInDays }) => {
    usable(key, 'ScheduleKeyDeletion')
    if (key.multiRegion === 'PRIMARY' && key.replication!.replicas.length > 0)
      return [{ type: 'ReplicaDeletionAwaited', data: { windowInDays } }]
    return [{ type: 'KeyDeletionScheduled', data: { deletionDate: now + windowInDays * day } }]
  },
  CancelKeyDeletion: (key) => {
    usable(key, 'CancelKeyDeletion')
    return [{ type: 'KeyDeletionCancelled', data: {} }]
  },

  // A job's command: whoever cancelled in the meantime has won, and running twice deletes once.
  DeleteKey: (key, { now }) => {
    if (!deletionDue(key, now)) return []
    const replicaOf = key.multiRegion === 'REPLICA' && { primaryRegion: key.replication!.primary.region }
    return [{ type: 'KeyDeleted', data: { ...replicaOf } }]
  },
}

export const evolveLifecycle: Evolve<Key, LifecycleEvent> = {
  KeyCreated: (key, { data }) => ({
    ...key,
    exists: 'yes',
    region: intern(data.region),
    account: intern(data.account),
    id: data.keyId,
    arn: keyArn(data.region, data.account, data.keyId),
    spec: intern(data.spec),
    usage: intern(data.usage),
    origin: intern(data.origin),
    manager: intern(data.manager),
    description: data.description,
    createdAt: data.createdAt,
    state: 'Enabled',
    multiRegion: data.multiRegion && intern(data.multiRegion),
    replication: data.multiRegion && alone(intern(data.region)),
    policy: intern(data.policy),
    principals: internIds(data.principals),
    tags: shared(data.tags),
    materials: [{ id: data.materialId, createdAt: data.createdAt }],
  }),
  KeyEnabled: (key) => ({ ...key, state: 'Enabled' }),
  KeyDisabled: (key) => ({ ...key, state: 'Disabled' }),
  KeyDeletionScheduled: (key, { data }) => ({
    ...key,
    state: 'PendingDeletion',
    deletionDate: data.deletionDate,
    windowInDays: undefined,
  }),
  // A replica that was still being created goes on with that.
  KeyDeletionCancelled: (key) => ({
    ...key,
    state: key.materials.length === 0 ? 'Creating' : 'Disabled',
    deletionDate: undefined,
    windowInDays: undefined,
  }),
  ReplicaDeletionAwaited: (key, { data }) => ({
    ...key,
    state: 'PendingReplicaDeletion',
    windowInDays: data.windowInDays,
  }),
  KeyDeleted: (key) => ({ ...key, exists: 'deleted' }),
}
