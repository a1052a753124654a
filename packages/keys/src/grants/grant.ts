import { type KeySpec, type KeyUsage, keySpecs } from '../key-spec.ts'

/** What a grant can permit (KMS API reference, `GrantOperation`). */
export const grantOperations = [
  'CreateGrant',
  'Decapsulate',
  'Decrypt',
  'DeriveSharedSecret',
  'DescribeKey',
  'Encapsulate',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'GetPublicKey',
  'ReEncryptFrom',
  'ReEncryptTo',
  'RetireGrant',
  'Sign',
  'Verify',
  'VerifyMac',
] as const
export type GrantOperation = (typeof grantOperations)[number]

export type EncryptionContext = Readonly<Record<string, string>>

/** Under AWS's own names, as they come and go unchanged. */
export interface GrantConstraints {
  /** The request's encryption context must be this. */
  readonly EncryptionContextEquals?: EncryptionContext
  /** The request's encryption context must have at least these pairs. */
  readonly EncryptionContextSubset?: EncryptionContext
  /** The resource on whose behalf a service asks must be this. */
  readonly SourceArn?: string
}

/** What a grant permits whom; the same whether asked for, recorded or remembered. */
export interface GrantTerms {
  /** An ARN; exactly one of this and `granteeServicePrincipal` is there. */
  readonly granteePrincipal?: string
  /** `AIDA...` of a user, `AROA...` of a role, `AROA...:session` of a role's session; none of an account. */
  readonly granteeId?: string
  readonly granteeServicePrincipal?: string
  readonly retiringPrincipal?: string
  readonly retiringId?: string
  readonly retiringServicePrincipal?: string
  /** The account id of whoever made the grant. */
  readonly issuingAccount: string
  readonly operations: readonly GrantOperation[]
  readonly constraints: GrantConstraints
}

export interface Grant extends GrantTerms {
  /** 64 lower-case hexadecimal digits. */
  readonly grantId: string
  /** Empty if it was given none. */
  readonly name: string
  readonly createdAt: number
}

/** The one name by which the grantee is known: opaque where there is one, so that a namesake is somebody else. */
export const granteeOf = (terms: GrantTerms): string =>
  terms.granteeId ?? terms.granteePrincipal ?? terms.granteeServicePrincipal ?? ''

/** The one name by which the retiring principal is known, if there is one. */
export const retiringOf = (terms: GrantTerms): string | undefined =>
  terms.retiringId ?? terms.retiringPrincipal ?? terms.retiringServicePrincipal

/** Operations whose requests have no encryption context; its constraints say nothing about them. */
const contextless: ReadonlySet<GrantOperation> = new Set(['CreateGrant', 'DescribeKey', 'GetPublicKey', 'RetireGrant'])

/** The constraints that apply to one operation of the grant. */
export const constraintsOn = (operation: GrantOperation, constraints: GrantConstraints): GrantConstraints => {
  if (operation === 'RetireGrant') return {}
  if (!contextless.has(operation)) return constraints
  return constraints.SourceArn === undefined ? {} : { SourceArn: constraints.SourceArn }
}

const common = ['CreateGrant', 'DescribeKey', 'RetireGrant'] as const
const encryption = ['Decrypt', 'Encrypt', 'ReEncryptFrom', 'ReEncryptTo'] as const
const byUsage: Readonly<Record<KeyUsage, readonly GrantOperation[]>> = {
  ENCRYPT_DECRYPT: [...common, ...encryption, 'GetPublicKey'],
  SIGN_VERIFY: [...common, 'GetPublicKey', 'Sign', 'Verify'],
  GENERATE_VERIFY_MAC: [...common, 'GenerateMac', 'VerifyMac'],
  KEY_AGREEMENT: [...common, 'DeriveSharedSecret', 'GetPublicKey'],
  ENCAPSULATE_DECAPSULATE: [...common, 'Decapsulate', 'Encapsulate', 'GetPublicKey'],
}
const ofSymmetric: readonly GrantOperation[] = [
  ...common,
  ...encryption,
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
]

export const isSymmetric = (spec: KeySpec): boolean => keySpecs[spec].family === 'symmetric'

/** What a grant on such a key can permit: what such a key can do. */
export const grantable = (spec: KeySpec, usage: KeyUsage): readonly GrantOperation[] =>
  isSymmetric(spec) ? ofSymmetric : byUsage[usage]

/**
 * A context's pairs as constraints compare them, in an order of their own: texts that no other pair has. Names are compared without
 * their case, values with it (KMS API reference, `GrantConstraints`).
 */
export const pairsOf = (context: EncryptionContext): readonly string[] =>
  [...new Set(Object.keys(context).map((name) => JSON.stringify([name.toLowerCase(), context[name]])))].toSorted()

/** Whether `context` has every pair of `pairs`. */
export const includes = (context: EncryptionContext, pairs: EncryptionContext): boolean => {
  const there = new Set(pairsOf(context))
  return pairsOf(pairs).every((pair) => there.has(pair))
}

/** Whether the two have the same pairs. */
export const same = (one: EncryptionContext, other: EncryptionContext): boolean =>
  pairsOf(one).join() === pairsOf(other).join()

/**
 * Whether a grant with these terms may be made on the strength of `parent`: no operation that it lacks, no constraint
 * looser than its own.
 */
export const covers = (parent: GrantTerms, { operations, constraints }: GrantTerms): boolean => {
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset, SourceArn } = parent.constraints
  const { EncryptionContextEquals, EncryptionContextSubset } = constraints
  const narrower = [EncryptionContextEquals, EncryptionContextSubset].filter((pairs) => pairs !== undefined)
  return (
    operations.every((operation) => parent.operations.includes(operation)) &&
    (SourceArn === undefined || constraints.SourceArn === SourceArn) &&
    (equals === undefined || (EncryptionContextEquals !== undefined && same(EncryptionContextEquals, equals))) &&
    (subset === undefined || narrower.some((pairs) => includes(pairs, subset)))
  )
}
