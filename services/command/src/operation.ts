import type { Caller, Decision, Principal, SessionClaims } from '@keyledger/iam'
import type { Key } from '@keyledger/keys'
import { type Fields, type Input, type Shape, shape } from '@keyledger/wire'
import type { World } from './world.ts'

/** Who asks, where, when, for which key: one request as its handler sees it. */
export interface Call {
  readonly world: World
  /** Whom the trail names; of a request that nobody signed, its row says who it is. */
  principal: Principal
  readonly caller: Caller
  /** What the session says that the request was signed with; undefined where a user's own access key signed. */
  readonly session: SessionClaims | undefined
  readonly region: string
  readonly requestId: string
  /** When the request came, milliseconds since the epoch. */
  readonly time: number
  /** The address of the client, and whether it came over TLS. */
  readonly sourceAddress: string
  readonly secure: boolean
  readonly userAgent: string | undefined
  /** What came in, parsed: condition keys are read from it. */
  input: Readonly<Record<string, unknown>>
  /** The key that `authorize.on` names; only there when the row has `on`. */
  key: Key
  /** How the request names a key of another account: refusals repeat that and nothing more. */
  foreign: string | undefined
  /** How the last authorization of this request was allowed; a grant narrows what may be granted on. */
  decision: Extract<Decision, { allowed: true }> | undefined
  /** ARNs of the keys this request touched, in the order of CloudTrail's `resources`. */
  readonly resources: string[]
}

export interface Authorize<I = Readonly<Record<string, unknown>>> {
  /** The IAM action, `kms:...`. */
  readonly action: `${string}:${string}`
  /** The input member that names the key; absent for actions without a key resource. */
  readonly on?: string
  /** Whether that member may be an alias name or alias ARN (reference A.3: cryptographic operations and DescribeKey). */
  readonly alias?: true
  /** Whether the key may belong to another account (reference A.3). */
  readonly crossAccount?: true
  /** The ARN of the resource of an action that has no key; `*` if absent. */
  readonly resource?: (input: I, call: Call) => string
  /**
   * The door authorizes nothing: what the row acts on is known only once it has begun (whose ciphertext is this?), or nobody needs
   * a permission for it.
   */
  readonly itself?: true
}

/** An answer's members; Buffers leave as base64, undefined members are left out, `{}` leaves as an empty body. */
export type Output = Readonly<Record<string, unknown>>

/** One row of a table of operations, as the door uses it. */
export interface Row {
  readonly authorize: Authorize
  /** Nobody signs: what came in vouches for itself, and the row judges it. */
  readonly unsigned?: true
  /** CloudTrail's `readOnly`. */
  readonly readOnly: boolean
  readonly input: Shape
  /** What the trail shows of the input, where AWS shows more than what came. */
  shown?(input: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>
  run(input: Readonly<Record<string, unknown>>, call: Call): Output | Promise<Output>
}

/** One AWS operation, whole: who may, what comes in, what happens. */
export const operation = <F extends Fields>(row: {
  readonly authorize: Authorize<Input<F>> & { readonly on?: keyof F & string }
  readonly unsigned?: true
  readonly readOnly: boolean
  readonly input: F
  readonly shown?: (input: Input<F>) => Readonly<Record<string, unknown>>
  run(input: Input<F>, call: Call): Output | Promise<Output>
}): Row => ({
  authorize: row.authorize as Authorize,
  ...(row.unsigned && { unsigned: row.unsigned }),
  readOnly: row.readOnly,
  input: shape(row.input),
  // The shape has just parsed this very input: these casts are the one place where that knowledge is written down.
  ...(row.shown && { shown: (input) => row.shown!(input as Input<F>) }),
  run: (input, call) => row.run(input as Input<F>, call),
})
