import type { Principal } from '@keyledger/iam'
import type { Key } from '@keyledger/keys'
import { type Fields, type Input, type Shape, shape } from '@keyledger/wire'
import type { World } from './world.ts'

/** Who asks, where, when, for which key: one request as its handler sees it. */
export interface Call {
  readonly world: World
  readonly principal: Principal
  readonly region: string
  readonly requestId: string
  /** When the request came, milliseconds since the epoch. */
  readonly time: number
  /** The key that `authorize.on` names; only there when the row has `on`. */
  key: Key
  /** ARNs of the keys this request touched, in the order of CloudTrail's `resources`. */
  readonly resources: string[]
}

export interface Authorize {
  /** The IAM action, `kms:...`. */
  readonly action: `${string}:${string}`
  /** The input member that names the key; absent for actions without a key resource. */
  readonly on?: string
  /** Whether that member may be an alias name or alias ARN (reference A.3: cryptographic operations and DescribeKey). */
  readonly alias?: true
}

/** An answer's members; Buffers leave as base64, undefined members are left out, `{}` leaves as an empty body. */
export type Output = Readonly<Record<string, unknown>>

/** One row of a table of operations, as the door uses it. */
export interface Row {
  readonly authorize: Authorize
  /** CloudTrail's `readOnly`. */
  readonly readOnly: boolean
  readonly input: Shape
  /** What the trail shows of the input, where AWS shows more than what came. */
  shown?(input: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>
  run(input: Readonly<Record<string, unknown>>, call: Call): Output | Promise<Output>
}

/** One AWS operation, whole: who may, what comes in, what happens. */
export const operation = <F extends Fields>(row: {
  readonly authorize: Authorize & { readonly on?: keyof F & string }
  readonly readOnly: boolean
  readonly input: F
  readonly shown?: (input: Input<F>) => Readonly<Record<string, unknown>>
  run(input: Input<F>, call: Call): Output | Promise<Output>
}): Row => ({
  authorize: row.authorize,
  readOnly: row.readOnly,
  input: shape(row.input),
  // The shape has just parsed this very input: these casts are the one place where that knowledge is written down.
  ...(row.shown && { shown: (input) => row.shown!(input as Input<F>) }),
  run: (input, call) => row.run(input as Input<F>, call),
})
