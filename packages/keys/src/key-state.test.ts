import { describe, expect, test } from 'vitest'
import { Fault } from './fault.ts'
import type { KeyUsage } from './key-spec.ts'
import { type KeyOperation, keyStates, usable } from './key-state.ts'
import { arn, deleted, enabled } from './key/made.ts'
import { type Key, type KeyState, initial } from './key/state.ts'

const answer = (key: Key, operation: KeyOperation): string => {
  try {
    usable(key, operation)
    return 'ok'
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return `${error.code}: ${error.message}`
  }
}

// The published table, cell by cell. `-`: such a key cannot be in that state. Published otherwise: the rotation settings of a key
// that is Updating, which AWS takes; here they wait until the new primary has what is shared, so that none is lost.
const table = `
                                    Enabled Disabled PendingDeletion PendingImport Unavailable Creating Updating
Encrypt                             ok      D        PD              PI            UN          CR       ok
Decrypt                             ok      D        PD              PI            UN          CR       ok
ReEncrypt                           ok      D        PD              PI            UN          CR       ok
GenerateDataKey                     ok      D        PD              PI            UN          CR       ok
GenerateDataKeyWithoutPlaintext     ok      D        PD              PI            UN          CR       ok
GenerateDataKeyPair                 ok      D        PD              PI            UN          CR       ok
GenerateDataKeyPairWithoutPlaintext ok      D        PD              PI            UN          CR       ok
Sign                                ok      D        PD              PI            -           CR       ok
Verify                              ok      D        PD              PI            -           CR       ok
GenerateMac                         ok      D        PD              PI            -           CR       ok
VerifyMac                           ok      D        PD              PI            -           CR       ok
GetPublicKey                        ok      D        PD              PI            -           CR       ok
DeriveSharedSecret                  ok      D        PD              PI            -           CR       ok
Encapsulate                         ok      D        PD              PI            -           CR       ok
Decapsulate                         ok      D        PD              PI            -           CR       ok
CreateGrant                         ok      D        PD              PI            ok          CR       ok
ListGrants                          ok      ok       ok              ok            ok          ok       ok
RetireGrant                         ok      ok       ok              ok            ok          ok       ok
RevokeGrant                         ok      ok       ok              ok            ok          ok       ok
DescribeKey                         ok      ok       ok              ok            ok          ok       ok
GetKeyPolicy                        ok      ok       ok              ok            ok          ok       ok
PutKeyPolicy                        ok      ok       ok              ok            ok          ok       ok
ListKeyPolicies                     ok      ok       ok              ok            ok          ok       ok
ListAliases                         ok      ok       ok              ok            ok          ok       ok
ListResourceTags                    ok      ok       ok              ok            ok          ok       ok
GetKeyLastUsage                     ok      ok       ok              ok            ok          ok       ok
CreateAlias                         ok      ok       PD              ok            ok          ok       ok
UpdateAlias                         ok      ok       PD              ok            ok          ok       ok
DeleteAlias                         ok      ok       ok              ok            ok          ok       ok
TagResource                         ok      ok       PD              ok            ok          ok       ok
UntagResource                       ok      ok       PD              ok            ok          ok       ok
UpdateKeyDescription                ok      ok       PD              ok            ok          ok       ok
EnableKey                           ok      ok       PD              PI            ok          CR       UP
DisableKey                          ok      ok       PD              PI            ok          CR       UP
EnableKeyRotation                   ok      D        PD              U             U           CR       UP
DisableKeyRotation                  ok      D        PD              U             U           CR       UP
GetKeyRotationStatus                ok      ok       ok              U             U           ok       ok
ListKeyRotations                    ok      ok       ok              ok            U           ok       ok
RotateKeyOnDemand                   ok      D        PD              PI            U           CR       UP
GetParametersForImport              ok      ok       PD              ok            U           CR       UP
ImportKeyMaterial                   ok      ok       PD              ok            U           CR       ok
DeleteImportedKeyMaterial           ok      ok       ok              ok            -           CR       UP
ScheduleKeyDeletion                 ok      ok       PD              ok            ok          ok       UP
CancelKeyDeletion                   NP      NP       ok              NP            NP          NP       NP
ReplicateKey                        ok      D        PD              PI            -           CR       UP
UpdatePrimaryRegion                 ok      D        PD              PI            -           CR       ok
`

const words: Readonly<Record<string, (origin: string) => string>> = {
  ok: () => 'ok',
  D: () => `DisabledException: ${arn} is disabled.`,
  PD: () => `KMSInvalidStateException: ${arn} is pending deletion.`,
  NP: () => `KMSInvalidStateException: ${arn} is not pending deletion.`,
  PI: () => `KMSInvalidStateException: ${arn} is pending import.`,
  UN: () => `KMSInvalidStateException: ${arn} is unavailable.`,
  CR: () => `KMSInvalidStateException: ${arn} is creating.`,
  UP: () => `KMSInvalidStateException: ${arn} is updating.`,
  U: (origin) => `UnsupportedOperationException: ${arn} origin is ${origin} which is not valid for this operation.`,
}

/** A key in the state that has no other reason to be refused. */
const fitting = (state: KeyState, operation: string): Key => ({
  ...enabled,
  state,
  usage: usages[operation] ?? 'ENCRYPT_DECRYPT',
  multiRegion: 'PRIMARY',
  origin:
    state === 'Unavailable'
      ? 'AWS_CLOUDHSM'
      : state === 'PendingImport' || operation.includes('Import')
        ? 'EXTERNAL'
        : 'AWS_KMS',
})
const usages: Readonly<Record<string, KeyUsage>> = {
  Sign: 'SIGN_VERIFY',
  Verify: 'SIGN_VERIFY',
  GenerateMac: 'GENERATE_VERIFY_MAC',
  VerifyMac: 'GENERATE_VERIFY_MAC',
  DeriveSharedSecret: 'KEY_AGREEMENT',
  Encapsulate: 'ENCAPSULATE_DECAPSULATE',
  Decapsulate: 'ENCAPSULATE_DECAPSULATE',
}

const [header, ...lines] = table
  .trim()
  .split('\n')
  .map((line) => line.trim().split(/ +/))
const rows = lines.map(([operation, ...cells]) => [operation as KeyOperation, cells] as const)
const states = header as KeyState[]

describe('an operation on a key', () => {
  test.each(rows)('%s answers in every state as published', (operation, cells) => {
    const expected = cells.map((cell, column) => words[cell]?.(fitting(states[column]!, operation).origin))
    const given = cells.map((cell, column) =>
      words[cell] ? answer(fitting(states[column]!, operation), operation) : undefined,
    )
    expect(given).toEqual(expected)
  })

  test('has its row, and there are no others', () => {
    expect(Object.keys(keyStates)).toEqual(rows.map(([operation]) => operation))
  })

  test.each(rows)('%s treats PendingReplicaDeletion like PendingDeletion', (operation) => {
    expect(answer(fitting('PendingReplicaDeletion', operation), operation)).toBe(
      answer(fitting('PendingDeletion', operation), operation),
    )
  })

  test.each(rows)('%s of a deleted key, or of one that never was, finds no key', (operation) => {
    expect([answer(deleted, operation), answer(initial, operation)]).toEqual([
      `NotFoundException: Key '${arn}' does not exist`,
      "NotFoundException: Key '' does not exist",
    ])
  })
})

describe('once the state is good', () => {
  const unsupported = 'UnsupportedOperationException: '
  const origin = (name: string) => `${unsupported}${arn} origin is ${name} which is not valid for this operation.`
  const notPrimary = `${unsupported}${arn} is not a multi-region primary key.`

  test.each<[KeyOperation, imported: string, inKeyStore: string, asymmetric: string, replica: string]>([
    ['EnableKeyRotation', origin('EXTERNAL'), origin('AWS_CLOUDHSM'), unsupported, notPrimary],
    ['DisableKeyRotation', origin('EXTERNAL'), origin('AWS_CLOUDHSM'), unsupported, notPrimary],
    ['GetKeyRotationStatus', origin('EXTERNAL'), origin('AWS_CLOUDHSM'), unsupported, 'ok'],
    ['ListKeyRotations', 'ok', 'ok', unsupported, 'ok'],
    ['RotateKeyOnDemand', 'ok', origin('AWS_CLOUDHSM'), unsupported, notPrimary],
    ['ImportKeyMaterial', 'ok', origin('AWS_CLOUDHSM'), origin('AWS_KMS'), origin('AWS_KMS')],
    ['GetParametersForImport', 'ok', origin('AWS_CLOUDHSM'), origin('AWS_KMS'), origin('AWS_KMS')],
    ['ReplicateKey', notPrimary, notPrimary, notPrimary, notPrimary],
    ['DescribeKey', 'ok', 'ok', 'ok', 'ok'],
  ])('%s looks at the kind of the key', (operation, imported, inKeyStore, asymmetric, replica) => {
    const given = [
      answer({ ...enabled, origin: 'EXTERNAL' }, operation),
      answer({ ...enabled, origin: 'AWS_CLOUDHSM' }, operation),
      answer({ ...enabled, spec: 'RSA_2048' }, operation),
      answer({ ...enabled, multiRegion: 'REPLICA' }, operation),
    ]
    expect(given).toEqual([imported, inKeyStore, asymmetric, replica])
  })

  test('the usage is looked at, and only then', () => {
    const key: Key = { ...enabled, spec: 'HMAC_256', usage: 'GENERATE_VERIFY_MAC' }
    expect([
      answer(key, 'Encrypt'),
      answer({ ...key, state: 'Disabled' }, 'Encrypt'),
      answer(key, 'VerifyMac'),
    ]).toEqual([
      `InvalidKeyUsageException: ${arn} key usage is GENERATE_VERIFY_MAC which is not valid for Encrypt.`,
      `DisabledException: ${arn} is disabled.`,
      'ok',
    ])
  })
})
