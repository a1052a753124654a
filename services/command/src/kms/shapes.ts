import { type KeySpec, keySpecs } from '@keyledger/keys'
import { blob, enumeration, integer, list, map, string, structure } from '@keyledger/wire'

/** A key id, key ARN, alias name or alias ARN (KMS API reference, `KeyId`). */
export const keyId = () => string({ min: 1, max: 2048 })
export const aliasName = () => string({ min: 1, max: 256, pattern: '^[a-zA-Z0-9:/_-]+$' })
export const region = () => string({ min: 1, max: 32, pattern: '^([a-z]+-){2,3}\\d+$' })
export const description = () => string({ min: 0, max: 8192 })
export const policy = () => string({ min: 1, max: 131072, pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+' })
export const policyName = () => string({ min: 1, max: 128, pattern: '[\\w]+' })
export const marker = () => string({ min: 1, max: 1024, pattern: '[\\u0020-\\u00FF]*' })
export const limit = (max: number, standard: number) => integer({ min: 1, max }).default(standard)
/** Whoever has a grant's token can use the grant: no refusal repeats one, and so none gets onto the trail. */
export const grantTokens = () => list(string({ min: 1, max: 8192 }), { min: 0, max: 10, sensitive: true }).optional()
export const grantToken = () => string({ min: 1, max: 8192, sensitive: true })
export const grantId = () => string({ min: 1, max: 128 })
export const principal = () => string({ min: 1, max: 256, pattern: '^[\\w+=,.@:/-]+$' })
export const servicePrincipal = () =>
  string({ min: 1, max: 128, pattern: '^([A-Za-z0-9\\-]+)\\.([A-Za-z0-9\\-]+)(\\.[A-Za-z0-9\\-]+)+$' })
export const grantConstraints = () =>
  structure({
    EncryptionContextSubset: map().optional(),
    EncryptionContextEquals: map().optional(),
    SourceArn: string({
      min: 20,
      max: 512,
      pattern: '^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$',
    }).optional(),
  }).optional()
export const encryptionContext = () => map().optional()
export const ciphertext = () => blob({ min: 1, max: 6144 })

export const encryptionAlgorithm = () =>
  enumeration(['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'SM2PKE', 'SYMMETRIC_DEFAULT'])
export const dataKeySpec = () => enumeration(['AES_128', 'AES_256'])
export const dryRunModifiers = () => list(enumeration(['IGNORE_CIPHERTEXT']), {}).optional()
export const keySpec = () => enumeration(Object.keys(keySpecs) as [KeySpec, ...KeySpec[]])

const tagKey = () => string({ min: 1, max: 128 })
export const tags = () => list(structure({ TagKey: tagKey(), TagValue: string({ min: 0, max: 256 }) }), {})
export const tagKeys = () => list(tagKey(), {})

/** A Nitro enclave's attestation: part of the shape, refused by the handlers. */
export const recipient = () =>
  structure({
    KeyEncryptionAlgorithm: enumeration(['RSAES_OAEP_SHA_256']).optional(),
    AttestationDocument: blob({ min: 1, max: 262144 }).optional(),
  }).optional()

export const keyUsage = () =>
  enumeration(['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT', 'ENCAPSULATE_DECAPSULATE'])
export const customerMasterKeySpec = () =>
  enumeration([
    'ECC_NIST_P256',
    'ECC_NIST_P384',
    'ECC_NIST_P521',
    'ECC_SECG_P256K1',
    'HMAC_224',
    'HMAC_256',
    'HMAC_384',
    'HMAC_512',
    'RSA_2048',
    'RSA_3072',
    'RSA_4096',
    'SM2',
    'SYMMETRIC_DEFAULT',
  ])
