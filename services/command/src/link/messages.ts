import { type Shared, keySpecs } from '@keyledger/keys'
import { z } from 'zod'

// What other regions send. They prove who they are; what they say is looked at as closely as what anybody says.
const count = () => z.int().min(0)
const time = count
const region = () =>
  z
    .string()
    .regex(/^([a-z]+-){2,3}\d+$/)
    .max(32)
const materialId = () => z.string().regex(/^[0-9a-f]{64}$/)
const many = <T extends z.ZodType>(one: T) => z.array(one).max(10_000)
const key = {
  account: z.string().regex(/^\d{12}$/),
  keyId: z.string().regex(/^mrk-[0-9a-f]{32}$/),
}
const keySpec = z.enum(Object.keys(keySpecs) as [keyof typeof keySpecs, ...(keyof typeof keySpecs)[]])
const keyUsage = z.enum([
  'ENCRYPT_DECRYPT',
  'SIGN_VERIFY',
  'GENERATE_VERIFY_MAC',
  'KEY_AGREEMENT',
  'ENCAPSULATE_DECAPSULATE',
])
const tags = z.array(z.strictObject({ TagKey: z.string().max(128), TagValue: z.string().max(256) })).max(50)
const rotationType = z.enum(['AUTOMATIC', 'ON_DEMAND'])

const birth = z.strictObject({
  createdAt: time(),
  description: z.string().max(8192),
  policy: z.string().max(32 * 1024),
  principals: z.record(z.string().max(2048), z.string().max(128)).exactOptional(),
  tags,
})
const related = z.strictObject({ region: region(), incarnation: count(), birth: birth.exactOptional() })
const handover = z.strictObject({ epoch: count(), from: region(), to: region(), proof: z.string().max(128) })

const shared = z.strictObject({
  epoch: count(),
  version: count(),
  primary: related,
  replicas: many(related),
  incarnations: count(),
  handovers: many(handover),
  spec: keySpec,
  usage: keyUsage,
  origin: z.enum(['AWS_KMS', 'EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE']),
  materials: many(z.strictObject({ id: materialId(), createdAt: time() })).min(1),
  rotations: many(
    z.strictObject({ date: time(), type: rotationType, materialId: materialId(), previousMaterialId: materialId() }),
  ),
  rotation: z.strictObject({ periodInDays: count(), enabledAt: time(), nextDate: time() }).exactOptional(),
  onDemandRotations: count(),
}) satisfies z.ZodType<Shared>

/** What related keys have in common; `sealed` brings materials that an answer before has found missing. */
export const shareMessage = z.strictObject({
  ...key,
  shared,
  sealed: z.strictObject({ materials: many(materialId()), box: z.string() }).exactOptional(),
})
export type ShareMessage = z.infer<typeof shareMessage>

/** What came of it: nothing to add, materials that are still missing, or no replica any more. */
export interface ShareAnswer {
  readonly missing?: readonly string[]
  /** The replica's incarnation. */
  readonly deleted?: number
}

export const replicaDeletedMessage = z.strictObject({ ...key, incarnation: count() })

export const describeReplicaMessage = z.strictObject(key)
/** What authorization and the table of states look at. */
export const describeReplicaAnswer = z.strictObject({
  state: z.enum([
    'Enabled',
    'Disabled',
    'PendingDeletion',
    'PendingReplicaDeletion',
    'PendingImport',
    'Unavailable',
    'Creating',
    'Updating',
  ]),
  createdAt: time(),
  policy: z.string().max(1024 * 1024),
  tags,
  aliases: z.array(z.string().max(256)).max(51),
})
