import { describe, expect, test } from 'vitest'
import { type KeySpec, type KeyUsage, algorithmsOf, interchangeable, keySpecs, specAndUsage } from './key-spec.ts'

const refusal = (spec: KeySpec, usage?: KeyUsage): string | undefined => {
  try {
    specAndUsage(spec, usage)
    return undefined
  } catch (error) {
    return String(error)
  }
}

describe('the key specs', () => {
  test('are those of the KMS API', () => {
    expect(Object.keys(keySpecs).sort()).toEqual([
      'ECC_NIST_EDWARDS25519',
      'ECC_NIST_P256',
      'ECC_NIST_P384',
      'ECC_NIST_P521',
      'ECC_SECG_P256K1',
      'HMAC_224',
      'HMAC_256',
      'HMAC_384',
      'HMAC_512',
      'ML_DSA_44',
      'ML_DSA_65',
      'ML_DSA_87',
      'ML_KEM_1024',
      'ML_KEM_512',
      'ML_KEM_768',
      'RSA_2048',
      'RSA_3072',
      'RSA_4096',
      'SM2',
      'SYMMETRIC_DEFAULT',
    ])
  })

  test('start in the order of AWS\'s recorded message "Member must satisfy enum value set"', () => {
    expect(Object.keys(keySpecs).slice(0, 12).join(', ')).toBe(
      'RSA_2048, ECC_NIST_P384, ECC_NIST_P256, ECC_NIST_P521, HMAC_384, RSA_3072, ECC_SECG_P256K1, RSA_4096, SYMMETRIC_DEFAULT, HMAC_256, HMAC_224, HMAC_512',
    )
  })

  test('added since KeySpec has its name are not in CustomerMasterKeySpec', () => {
    const modern = Object.entries(keySpecs).filter(([, { legacy }]) => !legacy)
    expect(modern.map(([name]) => name)).toEqual([
      'ECC_NIST_EDWARDS25519',
      'ML_DSA_44',
      'ML_DSA_65',
      'ML_DSA_87',
      'ML_KEM_512',
      'ML_KEM_768',
      'ML_KEM_1024',
    ])
  })

  test.each<[KeySpec, KeyUsage, readonly string[]]>([
    ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', ['SYMMETRIC_DEFAULT']],
    ['RSA_3072', 'ENCRYPT_DECRYPT', ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']],
    ['ECC_NIST_P384', 'SIGN_VERIFY', ['ECDSA_SHA_384']],
    ['ECC_NIST_P521', 'KEY_AGREEMENT', ['ECDH']],
    ['ECC_SECG_P256K1', 'KEY_AGREEMENT', []],
    ['ECC_NIST_EDWARDS25519', 'SIGN_VERIFY', ['ED25519_SHA_512', 'ED25519_PH_SHA_512']],
    ['HMAC_224', 'GENERATE_VERIFY_MAC', ['HMAC_SHA_224']],
    ['ML_DSA_65', 'SIGN_VERIFY', ['ML_DSA_SHAKE_256']],
    ['ML_KEM_768', 'ENCAPSULATE_DECAPSULATE', ['ML_KEM']],
    ['SYMMETRIC_DEFAULT', 'SIGN_VERIFY', []],
  ])('%s used for %s has the algorithms %j', (spec, usage, algorithms) => {
    expect(algorithmsOf(spec, usage)).toEqual(algorithms)
  })
})

describe('spec and usage of a new key', () => {
  test('are symmetric encryption if nothing is said', () => {
    expect(specAndUsage()).toEqual({ spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' })
    expect(specAndUsage('RSA_2048', 'SIGN_VERIFY')).toEqual({ spec: 'RSA_2048', usage: 'SIGN_VERIFY' })
  })

  test('need the usage to be named for every other spec', () => {
    const needing = Object.keys(keySpecs).filter((spec) => refusal(spec as KeySpec) !== undefined)
    expect(needing).toEqual(Object.keys(keySpecs).filter((spec) => spec !== 'SYMMETRIC_DEFAULT'))
    expect(refusal('HMAC_256')).toBe(
      'Fault: You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
    )
  })

  test('must go together', () => {
    expect(refusal('RSA_2048', 'KEY_AGREEMENT')).toBe(
      'Fault: KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048',
    )
    expect(refusal('SYMMETRIC_DEFAULT', 'SIGN_VERIFY')).toBe(
      'Fault: KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT',
    )
  })
})

test('an alias may move between keys of one family and usage', () => {
  const rsa = { spec: 'RSA_2048', usage: 'SIGN_VERIFY' } as const
  expect([
    interchangeable(rsa, { spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }),
    interchangeable(rsa, { spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' }),
    interchangeable(rsa, { spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' }),
  ]).toEqual([true, false, false])
})
