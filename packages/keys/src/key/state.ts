import type { KeySpec, KeyUsage } from '../key-spec.ts'
import type { Replication } from './related.ts'

export type KeyState =
  | 'Enabled'
  | 'Disabled'
  | 'PendingDeletion'
  | 'PendingReplicaDeletion'
  | 'PendingImport'
  | 'Unavailable'
  | 'Creating'
  | 'Updating'
export type Origin = 'AWS_KMS' | 'EXTERNAL' | 'AWS_CLOUDHSM' | 'EXTERNAL_KEY_STORE'
export type RotationType = 'AUTOMATIC' | 'ON_DEMAND'

export interface Tag {
  readonly TagKey: string
  readonly TagValue: string
}
/** One version of the key's material; its bytes are in the vault under this id. */
export interface KeyMaterial {
  readonly id: string
  readonly createdAt: number
}
export interface Rotation {
  readonly date: number
  readonly type: RotationType
  readonly materialId: string
  readonly previousMaterialId: string
}
export interface AutomaticRotation {
  readonly periodInDays: number
  readonly enabledAt: number
  /** No automatic rotation happens before this time. */
  readonly nextDate: number
}

/** Unique id by ARN. */
export type PrincipalIds = Readonly<Record<string, string>>

/**
 * A key as its events tell it. Immutable; hundreds of thousands live in memory, so every member is always there (one
 * hidden class), what most keys have in common is shared, and no key has a list of its own before it has an element.
 * Times are milliseconds since the epoch.
 */
export interface Key {
  /** A deleted key keeps its state, so that its stream cannot be created again (but for a replica's, by its primary). */
  readonly exists: 'no' | 'yes' | 'deleted'
  readonly region: string
  readonly account: string
  readonly id: string
  readonly arn: string
  readonly spec: KeySpec
  readonly usage: KeyUsage
  readonly origin: Origin
  readonly manager: 'CUSTOMER' | 'AWS'
  readonly description: string
  readonly createdAt: number
  readonly state: KeyState
  /** When the deletion is due; only in PendingDeletion. */
  readonly deletionDate: number | undefined
  /** How long the deletion will wait once the last replica is deleted; only in PendingReplicaDeletion. */
  readonly windowInDays: number | undefined
  readonly multiRegion: 'PRIMARY' | 'REPLICA' | undefined
  /** What it knows of the key in other Regions; undefined of a key of a single Region. */
  readonly replication: Replication | undefined
  /** The JSON text of the key policy, as it came. */
  readonly policy: string
  /** Unique ids of the users and roles that the policy names, by the ARNs they had when it was put. */
  readonly principals: PrincipalIds | undefined
  /** In the order of first tagging. */
  readonly tags: readonly Tag[]
  /** The last one is current. */
  readonly materials: readonly KeyMaterial[]
  /** Oldest first. */
  readonly rotations: readonly Rotation[]
  /** Automatic rotation; kept while the key is disabled or pending deletion, though nothing rotates then. */
  readonly rotation: AutomaticRotation | undefined
  readonly onDemandRotations: number
}

/** Milliseconds. */
export const day = 86_400_000

const none: readonly never[] = Object.freeze([])

/** The key before its first event. */
export const initial: Key = Object.freeze({
  exists: 'no',
  region: '',
  account: '',
  id: '',
  arn: '',
  spec: 'SYMMETRIC_DEFAULT',
  usage: 'ENCRYPT_DECRYPT',
  origin: 'AWS_KMS',
  manager: 'CUSTOMER',
  description: '',
  createdAt: 0,
  state: 'Enabled',
  deletionDate: undefined,
  windowInDays: undefined,
  multiRegion: undefined,
  replication: undefined,
  policy: '',
  principals: undefined,
  tags: none,
  materials: none,
  rotations: none,
  rotation: undefined,
  onDemandRotations: 0,
} satisfies Key)

/** The list itself, or the one empty list that all keys share. */
export const shared = <T>(list: readonly T[]): readonly T[] => (list.length === 0 ? none : list)

const maxInterned = 1024
const internedIds = new Map<string, PrincipalIds>()

/** One object for all keys whose policies mean the same principals. */
export const internIds = (ids: PrincipalIds | undefined): PrincipalIds | undefined => {
  if (ids === undefined) return undefined
  const text = JSON.stringify(ids)
  const known = internedIds.get(text)
  if (known) return known
  if (internedIds.size >= maxInterned) internedIds.clear()
  internedIds.set(text, ids)
  return ids
}

const interned = new Map<string, string>()

/**
 * The same text, but the same string object for all keys: events read from the ledger each bring a copy of their
 * policy, region, spec... Forgets everything when full, which costs memory and never correctness.
 */
export const intern = <T extends string>(text: T): T => {
  const known = interned.get(text)
  if (known !== undefined) return known as T
  if (interned.size >= maxInterned) interned.clear()
  interned.set(text, text)
  return text
}
