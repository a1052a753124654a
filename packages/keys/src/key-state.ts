import { type FaultKind, fault } from './fault.ts'
import type { KeyUsage } from './key-spec.ts'
import type { Key, KeyState } from './key/state.ts'

/** What a state says to an operation: go on, or the Fault it gives. */
type Verdict =
  | 'ok'
  | Extract<
      FaultKind,
      | 'disabled'
      | 'pendingDeletion'
      | 'notPendingDeletion'
      | 'pendingImport'
      | 'unavailable'
      | 'creating'
      | 'updating'
      | 'unsupportedOrigin'
    >

/** What else an operation asks of a key, looked at once its state is found good. */
type Need = 'symmetric' | 'rotation' | 'automaticRotation' | 'onDemandRotation' | 'imported' | 'primary'

interface Row {
  readonly states: Readonly<Record<KeyState, Verdict>>
  readonly need?: Need
  readonly usage?: KeyUsage
}

// A key whose replicas are still to be deleted is as good as pending deletion itself.
const states = (
  Enabled: Verdict,
  Disabled: Verdict,
  PendingDeletion: Verdict,
  PendingImport: Verdict,
  Unavailable: Verdict,
  Creating: Verdict,
  Updating: Verdict,
): Row['states'] => ({
  Enabled,
  Disabled,
  PendingDeletion,
  PendingReplicaDeletion: PendingDeletion,
  PendingImport,
  Unavailable,
  Creating,
  Updating,
})

// prettier-ignore
const always = states('ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok')
// prettier-ignore
const use = states('ok', 'disabled', 'pendingDeletion', 'pendingImport', 'unavailable', 'creating', 'ok')
// prettier-ignore
const alive = states('ok', 'ok', 'pendingDeletion', 'ok', 'ok', 'ok', 'ok')
// prettier-ignore
const onOff = states('ok', 'ok', 'pendingDeletion', 'pendingImport', 'ok', 'creating', 'updating')
// AWS takes them while it is Updating. Here what is shared stands still until the new primary has it, or it could be lost.
// prettier-ignore
const turning = states('ok', 'disabled', 'pendingDeletion', 'unsupportedOrigin', 'unsupportedOrigin', 'creating', 'updating')

const encryption: Row = { states: use, usage: 'ENCRYPT_DECRYPT' }
const signing: Row = { states: use, usage: 'SIGN_VERIFY' }
const authentication: Row = { states: use, usage: 'GENERATE_VERIFY_MAC' }
const encapsulation: Row = { states: use, usage: 'ENCAPSULATE_DECAPSULATE' }

/** Operation by key state (KMS developer guide, "Key states of AWS KMS keys"). Operations on no key have no row. */
// prettier-ignore
export const keyStates = {
  Encrypt: encryption,
  Decrypt: encryption,
  ReEncrypt: encryption,
  GenerateDataKey: encryption,
  GenerateDataKeyWithoutPlaintext: encryption,
  GenerateDataKeyPair: encryption,
  GenerateDataKeyPairWithoutPlaintext: encryption,
  Sign: signing,
  Verify: signing,
  GenerateMac: authentication,
  VerifyMac: authentication,
  GetPublicKey: { states: use },
  DeriveSharedSecret: { states: use, usage: 'KEY_AGREEMENT' },
  Encapsulate: encapsulation,
  Decapsulate: encapsulation,
  CreateGrant: { states: states('ok', 'disabled', 'pendingDeletion', 'pendingImport', 'ok', 'creating', 'ok') },
  ListGrants: { states: always },
  RetireGrant: { states: always },
  RevokeGrant: { states: always },
  DescribeKey: { states: always },
  GetKeyPolicy: { states: always },
  PutKeyPolicy: { states: always },
  ListKeyPolicies: { states: always },
  ListAliases: { states: always },
  ListResourceTags: { states: always },
  GetKeyLastUsage: { states: always },
  CreateAlias: { states: alive },
  UpdateAlias: { states: alive }, // the new target; the old one may be in any state
  DeleteAlias: { states: always },
  TagResource: { states: alive },
  UntagResource: { states: alive },
  UpdateKeyDescription: { states: alive },
  EnableKey: { states: onOff },
  DisableKey: { states: onOff },
  EnableKeyRotation: { states: turning, need: 'automaticRotation' },
  DisableKeyRotation: { states: turning, need: 'automaticRotation' },
  GetKeyRotationStatus: { states: states('ok', 'ok', 'ok', 'unsupportedOrigin', 'unsupportedOrigin', 'ok', 'ok'), need: 'rotation' },
  ListKeyRotations: { states: states('ok', 'ok', 'ok', 'ok', 'unsupportedOrigin', 'ok', 'ok'), need: 'symmetric' },
  RotateKeyOnDemand: { states: states('ok', 'disabled', 'pendingDeletion', 'pendingImport', 'unsupportedOrigin', 'creating', 'updating'), need: 'onDemandRotation' },
  GetParametersForImport: { states: states('ok', 'ok', 'pendingDeletion', 'ok', 'unsupportedOrigin', 'creating', 'updating'), need: 'imported' },
  ImportKeyMaterial: { states: states('ok', 'ok', 'pendingDeletion', 'ok', 'unsupportedOrigin', 'creating', 'ok'), need: 'imported' },
  DeleteImportedKeyMaterial: { states: states('ok', 'ok', 'ok', 'ok', 'unsupportedOrigin', 'creating', 'updating'), need: 'imported' },
  ScheduleKeyDeletion: { states: states('ok', 'ok', 'pendingDeletion', 'ok', 'ok', 'ok', 'updating') },
  CancelKeyDeletion: { states: states('notPendingDeletion', 'notPendingDeletion', 'ok', 'notPendingDeletion', 'notPendingDeletion', 'notPendingDeletion', 'notPendingDeletion') },
  ReplicateKey: { states: states('ok', 'disabled', 'pendingDeletion', 'pendingImport', 'unavailable', 'creating', 'updating'), need: 'primary' },
  UpdatePrimaryRegion: { states: use, need: 'primary' },
} as const satisfies Readonly<Record<string, Row>>

/** An operation on one key. */
export type KeyOperation = keyof typeof keyStates

/**
 * Returns if `operation` may be done with `key`, else throws in AWS's order of refusals: there is no such key, its
 * state, its kind, its usage. Who asks and with which algorithm is not looked at here.
 */
export const usable = (key: Key, operation: KeyOperation): void => {
  if (key.exists !== 'yes') throw fault('notFound', key.arn)
  const row: Row = keyStates[operation]
  const verdict = row.states[key.state]
  if (verdict === 'unsupportedOrigin') throw fault(verdict, key.arn, key.origin)
  if (verdict !== 'ok') throw fault(verdict, key.arn)
  if (row.need !== undefined) needs[row.need](key)
  if (row.usage !== undefined && key.usage !== row.usage) throw fault('invalidKeyUsage', key.arn, key.usage, operation)
}

const symmetric = (key: Key) => {
  if (key.spec !== 'SYMMETRIC_DEFAULT') throw fault('unsupported')
}
const origin = (key: Key, ...allowed: readonly Key['origin'][]) => {
  if (!allowed.includes(key.origin)) throw fault('unsupportedOrigin', key.arn, key.origin)
}
const rotatable = (key: Key) => {
  symmetric(key)
  origin(key, 'AWS_KMS')
}
// Rotation is one setting of all related multi-Region keys, made on their primary.
const notReplica = (key: Key) => {
  if (key.multiRegion === 'REPLICA') throw fault('notPrimary', key.arn)
}

const needs: Readonly<Record<Need, (key: Key) => void>> = {
  symmetric,
  rotation: rotatable,
  automaticRotation: (key) => {
    rotatable(key)
    notReplica(key)
  },
  onDemandRotation: (key) => {
    symmetric(key)
    origin(key, 'AWS_KMS', 'EXTERNAL')
    notReplica(key)
  },
  imported: (key) => origin(key, 'EXTERNAL'),
  primary: (key) => {
    if (key.multiRegion !== 'PRIMARY') throw fault('notPrimary', key.arn)
  },
}
