import { keyArn } from '../arn.ts'
import type { Decide, Evolve } from '../decider.ts'
import { fault } from '../fault.ts'
import type { KeySpec, KeyUsage } from '../key-spec.ts'
import { usable } from '../key-state.ts'
import type { LifecycleEvent } from './lifecycle.ts'
import {
  type Birth,
  type Lineage,
  type Related,
  type Shared,
  type Sharing,
  changed,
  handedOver,
  judged,
  told,
  unborn,
} from './related.ts'
import { acceptableTags } from './settings.ts'
import { type Key, type Origin, type PrincipalIds, day, intern, internIds, shared as listed } from './state.ts'

export type ReplicationCommand =
  | ({ readonly type: 'ReplicateKey'; readonly now: number; readonly region: string } & Omit<Birth, 'createdAt'>)
  /** A Region says that its replica is deleted. */
  | { readonly type: 'RemoveReplica'; readonly now: number; readonly region: string; readonly incarnation: number }
  /** `proof`: this Region's signature of the handover to `region` in `epoch`, the next one. */
  | { readonly type: 'UpdatePrimaryRegion'; readonly region: string; readonly epoch: number; readonly proof: string }
  /** The new primary has taken what was handed over to it in this epoch. */
  | { readonly type: 'CompletePrimaryRegionUpdate'; readonly region: string; readonly epoch: number }
  /** `principals`: the ids that those whom the policy names have here. */
  | ({
      readonly type: 'CreateReplica'
      readonly account: string
      readonly keyId: string
      readonly principals?: PrincipalIds | undefined
    } & Sharing)
  /** All materials it names are already durable in this Region's vault. */
  | ({ readonly type: 'ReceiveSharedState'; readonly now: number } & Sharing)

type Scheduled = Extract<LifecycleEvent, { readonly type: 'KeyDeletionScheduled' }>

interface Shares {
  /** The Regions to be told. */
  readonly share?: readonly string[]
}

export type ReplicationEvent =
  | { readonly type: 'KeyReplicaAdded'; readonly data: Shares & { readonly replica: Related } }
  | { readonly type: 'KeyReplicaRemoved'; readonly data: Shares & Related }
  | {
      readonly type: 'ReplicaCreated'
      readonly data: Birth & {
        readonly region: string
        readonly account: string
        readonly keyId: string
        readonly spec: KeySpec
        readonly usage: KeyUsage
        readonly origin: Origin
        readonly manager: 'CUSTOMER' | 'AWS'
        readonly incarnation: number
        readonly lineage: Lineage
      }
    }
  | { readonly type: 'SharedStateReceived'; readonly data: { readonly shared: Shared } }
  | { readonly type: 'PrimaryRegionUpdateStarted'; readonly data: { readonly handover: Lineage['handovers'][number] } }
  | { readonly type: 'PrimaryRegionUpdated'; readonly data: object }
  /** The replica that was to be primary is no more. */
  | { readonly type: 'PrimaryRegionUpdateAbandoned'; readonly data: object }
  | {
      readonly type: 'KeyPromoted'
      readonly data: Shares & {
        readonly shared: Shared
        /** Of one that waited for its deletion. */ readonly windowInDays?: number
      }
    }

const related = (key: Key, region: string): Related | undefined =>
  key.replication?.replicas.find((one) => one.region === region)

/** A primary is not deleted before its replicas are, nor is one that was a replica when its window began. */
const windowLeft = (key: Key, now: number): { readonly windowInDays?: number } =>
  key.deletionDate === undefined ? {} : { windowInDays: Math.max(7, Math.ceil((key.deletionDate - now) / day)) }

const removed = (
  key: Key,
  now: number,
  { region, incarnation }: Related,
): readonly (ReplicationEvent | Scheduled)[] => {
  const left = key.replication!.replicas.filter((one) => one.region !== region)
  const share = left.length > 0 ? { share: left.map((one) => one.region) } : {}
  const abandoned = key.replication!.updating ? [{ type: 'PrimaryRegionUpdateAbandoned', data: {} } as const] : []
  const scheduled: Scheduled[] =
    left.length === 0 && key.state === 'PendingReplicaDeletion'
      ? [{ type: 'KeyDeletionScheduled', data: { deletionDate: now + key.windowInDays! * day } }]
      : []
  return [{ type: 'KeyReplicaRemoved', data: { region, incarnation, ...share } }, ...abandoned, ...scheduled]
}
export const decideReplication: Decide<Key, ReplicationCommand, ReplicationEvent | Scheduled> = {
  ReplicateKey: (key, { now, region, description, policy, principals, tags }) => {
    usable(key, 'ReplicateKey')
    if (region === key.region || related(key, region)) throw fault('keyExists', keyArn(region, key.account, key.id))
    const own = { description, policy, ...(principals && { principals }), tags: acceptableTags(tags) }
    const replica = { region, incarnation: key.replication!.incarnations + 1, birth: { createdAt: now, ...own } }
    return [{ type: 'KeyReplicaAdded', data: { replica, share: [...(told(key).share ?? []), region] } }]
  },

  RemoveReplica: (key, { now, region, incarnation }) => {
    const replica = related(key, region)
    if (key.exists !== 'yes' || key.multiRegion !== 'PRIMARY' || replica?.incarnation !== incarnation) return []
    // What is being handed over stays as it is: whoever takes it will be told.
    const { updating } = key.replication!
    if (updating && updating.to !== region) throw fault('updating', key.arn)
    return removed(key, now, replica)
  },

  UpdatePrimaryRegion: (key, { region, epoch, proof }) => {
    usable(key, 'UpdatePrimaryRegion')
    const { updating, epoch: present } = key.replication!
    if (updating?.to === region) return []
    if (updating) throw fault('updating', key.arn)
    if (region === key.region) throw fault('alreadyPrimary', key.arn)
    if (!related(key, region)) throw fault('notFound', keyArn(region, key.account, key.id))
    // Others changed it meanwhile: what was signed is for another time.
    if (epoch !== present + 1) throw fault('updating', key.arn)
    const handover = { epoch, from: key.region, to: region, proof }
    return [{ type: 'PrimaryRegionUpdateStarted', data: { handover } }]
  },
  CompletePrimaryRegionUpdate: ({ replication }, { region, epoch }) =>
    replication?.updating?.to === region && replication.updating.epoch === epoch
      ? [{ type: 'PrimaryRegionUpdated', data: {} }]
      : [],

  CreateReplica: (key, { account, keyId, principals, ...sharing }) => {
    const judgement = judged(key, sharing)
    if (judgement.as !== 'creation') return []
    const { region, shared } = sharing
    const { epoch, version, primary, replicas, incarnations, handovers, spec, usage, origin } = shared
    const lineage = { epoch, version, primary, replicas: replicas.map(unborn), incarnations, handovers }
    const kind = { spec, usage, origin, manager: 'CUSTOMER' } as const
    const { principals: _, ...own } = judgement.birth
    const named = principals && { principals }
    const { incarnation } = judgement
    return [
      { type: 'ReplicaCreated', data: { region, account, keyId, ...kind, ...own, ...named, incarnation, lineage } },
    ]
  },

  ReceiveSharedState: (key, { now, ...sharing }) => {
    const { region, shared } = sharing
    const { as } = judged(key, sharing)
    if (as === 'creation') throw fault('notFound', keyArn(region, key.account, key.id))
    if (as !== 'news' && as !== 'promotion') return []
    const { replicas } = shared
    // The promise of this Region is kept, whatever became of the answer that would have said so.
    const over: ReplicationEvent[] = key.replication!.updating ? [{ type: 'PrimaryRegionUpdated', data: {} }] : []
    if (as === 'news')
      return [...over, { type: 'SharedStateReceived', data: { shared: { ...shared, replicas: replicas.map(unborn) } } }]
    const share = replicas.map((one) => one.region)
    return [...over, { type: 'KeyPromoted', data: { shared, ...windowLeft(key, now), share } }]
  },
}

const of = (key: Key) => key.replication!

/** What is shared, taken as it is told. */
const taken = (key: Key, shared: Shared): Key => {
  const { epoch, version, primary, replicas, incarnations, handovers } = shared
  return {
    ...key,
    state: key.state === 'Creating' ? 'Enabled' : key.state,
    materials: shared.materials,
    rotations: listed(shared.rotations),
    rotation: shared.rotation,
    onDemandRotations: shared.onDemandRotations,
    replication: { ...of(key), epoch, version, primary, replicas, incarnations, handovers, updating: undefined },
  }
}

export const evolveReplication: Evolve<Key, ReplicationEvent> = {
  KeyReplicaAdded: (key, { data: { replica } }) => ({
    ...key,
    replication: { ...changed(key)!, replicas: [...of(key).replicas, replica], incarnations: replica.incarnation },
  }),
  KeyReplicaRemoved: (key, { data }) => ({
    ...key,
    replication: { ...changed(key)!, replicas: of(key).replicas.filter(({ region }) => region !== data.region) },
  }),
  // Also in the stream of a replica that was deleted: another one, of which nothing of the old one is left.
  ReplicaCreated: (key, { data }) => ({
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
    state: 'Creating',
    deletionDate: undefined,
    windowInDays: undefined,
    multiRegion: 'REPLICA',
    policy: intern(data.policy),
    principals: internIds(data.principals),
    tags: listed(data.tags),
    materials: listed([]),
    rotations: listed([]),
    rotation: undefined,
    onDemandRotations: 0,
    // Of what is shared it has nothing yet.
    replication: { ...data.lineage, version: -1, incarnation: data.incarnation, updating: undefined },
  }),
  SharedStateReceived: (key, { data }) => taken(key, data.shared),
  PrimaryRegionUpdateStarted: (key, { data }) => ({
    ...key,
    state: 'Updating',
    replication: { ...of(key), updating: data.handover },
  }),
  PrimaryRegionUpdated: (key) => {
    const lineage = handedOver(of(key), of(key).updating!)
    return {
      ...key,
      state: 'Enabled',
      multiRegion: 'REPLICA',
      replication: { ...of(key), ...lineage, replicas: lineage.replicas.map(unborn), updating: undefined },
    }
  },
  PrimaryRegionUpdateAbandoned: (key) => ({
    ...key,
    state: 'Enabled',
    replication: { ...of(key), updating: undefined },
  }),
  KeyPromoted: (key, { data }) => {
    const promoted: Key = { ...taken(key, data.shared), multiRegion: 'PRIMARY' }
    if (data.windowInDays === undefined) return promoted
    return {
      ...promoted,
      state: 'PendingReplicaDeletion',
      deletionDate: undefined,
      windowInDays: data.windowInDays,
    }
  },
}
