import { fault } from './fault.ts'

export type KeyUsage =
  'ENCRYPT_DECRYPT' | 'SIGN_VERIFY' | 'GENERATE_VERIFY_MAC' | 'KEY_AGREEMENT' | 'ENCAPSULATE_DECAPSULATE'

/** What a key of one spec is (KMS developer guide, "Key spec reference"). Lengths in bytes. */
export interface KeySpecRow {
  /** UpdateAlias may point an alias only at a key of the same family and usage. */
  readonly family: 'symmetric' | 'asymmetric' | 'hmac'
  /** The usages a key of this spec can have, each with its algorithms. */
  readonly algorithms: { readonly [U in KeyUsage]?: readonly string[] }
  /** Whether the deprecated CustomerMasterKeySpec, which is frozen, knows it too. */
  readonly legacy: boolean
  /** Whether CreateKey makes such keys today. */
  readonly supported: boolean
  /** The longest plaintext, by algorithm. */
  readonly plaintext?: Readonly<Record<string, number>>
  readonly material?: number
  readonly publicKey?: number
  readonly signature?: number
  readonly ciphertext?: number
  readonly secret?: number
}

const signing = (...algorithms: string[]) => ({ SIGN_VERIFY: algorithms })
const rsa = (oaepSha1: number, oaepSha256: number): KeySpecRow => ({
  family: 'asymmetric',
  algorithms: {
    ENCRYPT_DECRYPT: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
    SIGN_VERIFY: [
      'RSASSA_PKCS1_V1_5_SHA_256',
      'RSASSA_PKCS1_V1_5_SHA_384',
      'RSASSA_PKCS1_V1_5_SHA_512',
      'RSASSA_PSS_SHA_256',
      'RSASSA_PSS_SHA_384',
      'RSASSA_PSS_SHA_512',
    ],
  },
  legacy: true,
  supported: false,
  plaintext: { RSAES_OAEP_SHA_1: oaepSha1, RSAES_OAEP_SHA_256: oaepSha256 },
})
const ecc = (algorithms: KeySpecRow['algorithms']): KeySpecRow => ({
  family: 'asymmetric',
  algorithms,
  legacy: true,
  supported: false,
})
const nist = (ecdsa: string) => ecc({ ...signing(ecdsa), KEY_AGREEMENT: ['ECDH'] })
const hmac = (bits: string, material: number): KeySpecRow => ({
  family: 'hmac',
  algorithms: { GENERATE_VERIFY_MAC: [`HMAC_SHA_${bits}`] },
  legacy: true,
  supported: false,
  material,
})
// FIPS 204, table 2
const mlDsa = (publicKey: number, signature: number): KeySpecRow => ({
  ...ecc(signing('ML_DSA_SHAKE_256')),
  legacy: false,
  publicKey,
  signature,
})
// FIPS 203, table 3
const mlKem = (publicKey: number, ciphertext: number): KeySpecRow => ({
  ...ecc({ ENCAPSULATE_DECAPSULATE: ['ML_KEM'] }),
  legacy: false,
  publicKey,
  ciphertext,
  secret: 32,
})

/** All key specs of KMS. In the order in which AWS's validation message lists them, the ones added since at the end. */
export const keySpecs = {
  RSA_2048: rsa(214, 190),
  ECC_NIST_P384: nist('ECDSA_SHA_384'),
  ECC_NIST_P256: nist('ECDSA_SHA_256'),
  ECC_NIST_P521: nist('ECDSA_SHA_512'),
  HMAC_384: hmac('384', 48),
  RSA_3072: rsa(342, 318),
  ECC_SECG_P256K1: ecc(signing('ECDSA_SHA_256')),
  RSA_4096: rsa(470, 446),
  SYMMETRIC_DEFAULT: {
    family: 'symmetric',
    algorithms: { ENCRYPT_DECRYPT: ['SYMMETRIC_DEFAULT'] },
    legacy: true,
    supported: true,
    plaintext: { SYMMETRIC_DEFAULT: 4096 },
    material: 32,
  },
  HMAC_256: hmac('256', 32),
  HMAC_224: hmac('224', 28),
  HMAC_512: hmac('512', 64),
  SM2: ecc({ ENCRYPT_DECRYPT: ['SM2PKE'], ...signing('SM2DSA'), KEY_AGREEMENT: ['ECDH'] }),
  ECC_NIST_EDWARDS25519: { ...ecc(signing('ED25519_SHA_512', 'ED25519_PH_SHA_512')), legacy: false, signature: 64 },
  ML_DSA_44: mlDsa(1312, 2420),
  ML_DSA_65: mlDsa(1952, 3309),
  ML_DSA_87: mlDsa(2592, 4627),
  ML_KEM_512: mlKem(800, 768),
  ML_KEM_768: mlKem(1184, 1088),
  ML_KEM_1024: mlKem(1568, 1568),
} as const satisfies Readonly<Record<string, KeySpecRow>>

export type KeySpec = keyof typeof keySpecs

// `satisfies` keeps the names, this the width: a row has the members of any row.
const rowOf = (spec: KeySpec): KeySpecRow => keySpecs[spec]

/** The algorithms of a key of this spec used this way; none where the two do not go together. */
export const algorithmsOf = (spec: KeySpec, usage: KeyUsage): readonly string[] => rowOf(spec).algorithms[usage] ?? []

/**
 * Spec and usage of a key that CreateKey is asked for: SYMMETRIC_DEFAULT if it names no spec, and only then (or for
 * that spec) may the usage be left out. Throws ValidationException in AWS's words.
 */
export const specAndUsage = (
  spec: KeySpec = 'SYMMETRIC_DEFAULT',
  usage?: KeyUsage,
): { readonly spec: KeySpec; readonly usage: KeyUsage } => {
  if (usage === undefined && spec !== 'SYMMETRIC_DEFAULT') throw fault('keyUsageRequired')
  const chosen = usage ?? 'ENCRYPT_DECRYPT'
  if (algorithmsOf(spec, chosen).length === 0) throw fault('keyUsageIncompatible', chosen, spec)
  return { spec, usage: chosen }
}

/** Whether UpdateAlias may move an alias between two such keys: same family and same usage. */
export const interchangeable = (
  a: { readonly spec: KeySpec; readonly usage: KeyUsage },
  b: { readonly spec: KeySpec; readonly usage: KeyUsage },
): boolean => rowOf(a.spec).family === rowOf(b.spec).family && a.usage === b.usage
