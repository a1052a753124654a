import type { Decide, Evolve } from '../decider.ts'
import { fault } from '../fault.ts'
import { usable } from '../key-state.ts'
import { changed, told } from './related.ts'
import { type Key, type RotationType, day, intern } from './state.ts'

export type MaterialCommand =
  | { readonly type: 'EnableKeyRotation'; readonly now: number; readonly periodInDays?: number | undefined }
  | { readonly type: 'DisableKeyRotation' }
  /** `materialId` names material that is already durable in the vault. */
  | { readonly type: 'RotateKeyOnDemand'; readonly now: number; readonly materialId: string }
  /** The automatic rotation, asked for by a job. */
  | { readonly type: 'RotateKeyMaterial'; readonly now: number; readonly materialId: string }

interface Shares {
  /** The Regions of its replicas, which are to be told. */
  readonly share?: readonly string[]
}

export type MaterialEvent =
  | {
      readonly type: 'KeyRotationEnabled'
      readonly data: Shares & { readonly periodInDays: number; readonly enabledAt: number; readonly nextDate: number }
    }
  | { readonly type: 'KeyRotationDisabled'; readonly data: Shares }
  | {
      readonly type: 'KeyMaterialRotated'
      readonly data: Shares & {
        readonly materialId: string
        readonly rotationType: RotationType
        readonly date: number
        /** Only after an automatic rotation. */
        readonly nextDate?: number
      }
    }

const defaultPeriodInDays = 365
/** KMS quotas: on-demand rotations of one key, ever; not adjustable. */
const maxOnDemandRotations = 25

/**
 * Whether an automatic rotation is due at `now`: nothing rotates while the key is not Enabled, and of related multi-Region
 * keys the primary alone rotates.
 */
export const rotationDue = ({ exists, state, rotation, multiRegion }: Key, now: number): boolean =>
  exists === 'yes' &&
  state === 'Enabled' &&
  multiRegion !== 'REPLICA' &&
  rotation !== undefined &&
  now >= rotation.nextDate

// The vault has made this material once and the ledger has it: a command that came twice.
const known = (key: Key, materialId: string): boolean => key.materials.some(({ id }) => id === materialId)

export const decideMaterial: Decide<Key, MaterialCommand, MaterialEvent> = {
  // The API reference gives 365 days to a call that names no period, also for a key that has another one, and counts
  // the first period from "the enable date". It does not say from when a changed period counts; here from the change:
  // the call enables rotation anew, and shortening a period never sets off a rotation that nobody saw coming.
  EnableKeyRotation: (key, { now, periodInDays = defaultPeriodInDays }) => {
    usable(key, 'EnableKeyRotation')
    if (key.rotation?.periodInDays === periodInDays) return []
    const nextDate = now + periodInDays * day
    return [{ type: 'KeyRotationEnabled', data: { periodInDays, enabledAt: now, nextDate, ...told(key) } }]
  },
  DisableKeyRotation: (key) => {
    usable(key, 'DisableKeyRotation')
    return key.rotation ? [{ type: 'KeyRotationDisabled', data: told(key) }] : []
  },

  RotateKeyOnDemand: (key, { now, materialId }) => {
    usable(key, 'RotateKeyOnDemand')
    // Only material that its owner imported can become current, and nothing imports yet.
    if (key.origin === 'EXTERNAL') throw fault('noPendingMaterial', key.arn)
    if (known(key, materialId)) return []
    if (key.onDemandRotations >= maxOnDemandRotations) throw fault('rotationLimit', key.arn)
    return [{ type: 'KeyMaterialRotated', data: { materialId, rotationType: 'ON_DEMAND', date: now, ...told(key) } }]
  },

  // A job's command: what it waited for may have been taken back. The next period counts from the rotation, so a house
  // that was down for years rotates once, not once for every period missed.
  RotateKeyMaterial: (key, { now, materialId }) => {
    if (!rotationDue(key, now) || !key.rotation || known(key, materialId)) return []
    const nextDate = now + key.rotation.periodInDays * day
    const data = { materialId, rotationType: 'AUTOMATIC', date: now, nextDate, ...told(key) } as const
    return [{ type: 'KeyMaterialRotated', data }]
  },
}

export const evolveMaterial: Evolve<Key, MaterialEvent> = {
  KeyRotationEnabled: (key, { data: { periodInDays, enabledAt, nextDate } }) => ({
    ...key,
    rotation: { periodInDays, enabledAt, nextDate },
    replication: changed(key),
  }),
  KeyRotationDisabled: (key) => ({ ...key, rotation: undefined, replication: changed(key) }),
  KeyMaterialRotated: (key, { data: { materialId, rotationType, date, nextDate } }) => ({
    ...key,
    materials: [...key.materials, { id: materialId, createdAt: date }],
    rotations: [
      ...key.rotations,
      { date, type: intern(rotationType), materialId, previousMaterialId: key.materials.at(-1)?.id ?? '' },
    ],
    rotation: key.rotation && nextDate !== undefined ? { ...key.rotation, nextDate } : key.rotation,
    onDemandRotations: key.onDemandRotations + (rotationType === 'ON_DEMAND' ? 1 : 0),
    replication: changed(key),
  }),
}
