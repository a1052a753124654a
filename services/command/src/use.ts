import { CiphertextFault, type Material, parseBlob, random, seal, unseal } from '@keyledger/crypto'
import { Fault, type Key, type KeyOperation, algorithmsOf, fault, usable } from '@keyledger/keys'
import { authorize } from './authorize.ts'
import { ownKey } from './keys.ts'
import type { Call } from './operation.ts'

/** State first, then usage and algorithm: the order of refusals recorded on AWS. */
export const usableFor = (key: Key, operation: KeyOperation, algorithm: string): void => {
  usable(key, operation)
  if (!algorithmsOf(key.spec, key.usage).includes(algorithm)) throw fault('incompatibleAlgorithm', algorithm, key.spec)
}

/** A DryRun that came so far would have succeeded: that is an error of its own. */
export const refuseDryRun = (dryRun: boolean | undefined): void => {
  if (dryRun) throw fault('dryRun')
}

/** Answers for Nitro enclaves are not there yet; a plaintext answer to who asked for a sealed one would be a leak. */
export const refuseRecipient = (recipient: object | undefined): void => {
  if (recipient) throw fault('recipientUnsupported')
}

/** The material that new ciphertexts of the key are made under. */
export const currentMaterial = (call: Call, key: Key): Material | Promise<Material> =>
  call.world.vault.open(call.region, key.materials.at(-1)!.id)

interface Opening {
  readonly operation: 'Decrypt' | 'ReEncrypt'
  readonly action: 'kms:Decrypt' | 'kms:ReEncryptFrom'
  readonly keyId: string | undefined
  readonly blob: Buffer | undefined
  readonly context: Readonly<Record<string, string>> | undefined
  readonly algorithm: string
  readonly dryRun: boolean | undefined
  readonly ignoreCiphertext: boolean | undefined
}

/**
 * Opens a ciphertext blob: finds its key, holds it against `keyId`, checks who asks and the key's state, decrypts.
 * Whoever may not use the key learns nothing about it: a foreign, an unknown and a destroyed key all read the same.
 */
export const opened = async (call: Call, opening: Opening) => {
  const { operation, action, keyId, blob, context, algorithm, ignoreCiphertext } = opening
  if (ignoreCiphertext) return withoutCiphertext(call, opening)
  if (blob === undefined) throw fault('memberNull', 'ciphertextBlob')
  const given = keyId === undefined ? undefined : await ownKey(call, action, keyId, true)
  if (given) authorize(call, action, given)
  const { materialId } = genuine(() => parseBlob(blob))
  const key = given ?? (await keyOf(call, action, materialId))
  if (!given) authorize(call, action, key)
  if (!key.materials.some(({ id }) => id === materialId)) {
    const other = await call.world.vault.locate(call.region, materialId)
    throw other?.account === call.principal.accountId ? fault('incorrectKey') : fault('invalidCiphertext')
  }
  usableFor(key, operation, algorithm)
  using material = await call.world.vault.open(call.region, materialId)
  return { key, materialId, Plaintext: genuine(() => unseal(material, key.id, blob, context)) }
}

/** Whatever is wrong with a ciphertext is one and the same refusal, without a word. */
const genuine = <T>(open: () => T): T => {
  try {
    return open()
  } catch (error) {
    throw error instanceof CiphertextFault ? fault('invalidCiphertext') : error
  }
}

/** DryRunModifiers=[IGNORE_CIPHERTEXT]: only with DryRun, and then the key must be named. */
const withoutCiphertext = async (call: Call, { operation, action, keyId, algorithm, dryRun }: Opening) => {
  if (!dryRun) throw fault('dryRunModifiersWithoutDryRun')
  if (keyId === undefined) throw fault('memberNull', operation === 'ReEncrypt' ? 'sourceKeyId' : 'keyId')
  const key = await ownKey(call, action, keyId, true)
  authorize(call, action, key)
  usableFor(key, operation, algorithm)
  return { key, materialId: key.materials.at(-1)!.id, Plaintext: Buffer.alloc(0) }
}

/** The key that a blob itself names; AWS's fixed words where there is none for this caller. */
const keyOf = async (call: Call, action: string, materialId: string): Promise<Key> => {
  const place = await call.world.vault.locate(call.region, materialId)
  if (!place || place.account !== call.principal.accountId) throw fault('ciphertextKeyInaccessible')
  try {
    return await ownKey(call, action, place.keyId)
  } catch (error) {
    throw error instanceof Fault ? fault('ciphertextKeyInaccessible') : error
  }
}

interface DataKeyInput {
  readonly EncryptionContext?: Readonly<Record<string, string>> | undefined
  readonly NumberOfBytes?: number | undefined
  readonly KeySpec?: string | undefined
  readonly DryRun?: boolean | undefined
}

const dataKeyBytes: Readonly<Record<string, number>> = { AES_128: 16, AES_256: 32 }

/** A fresh data key, in the clear and sealed under the request's key. */
export const dataKey = async (call: Call, operation: KeyOperation, input: DataKeyInput) => {
  const { KeySpec, NumberOfBytes, EncryptionContext, DryRun } = input
  const bytes = KeySpec === undefined ? NumberOfBytes : dataKeyBytes[KeySpec]
  if (bytes === undefined || (KeySpec !== undefined && NumberOfBytes !== undefined))
    throw fault('keySpecOrNumberOfBytes')
  const { key } = call
  usableFor(key, operation, 'SYMMETRIC_DEFAULT')
  refuseDryRun(DryRun)
  using material = await currentMaterial(call, key)
  const Plaintext = random(bytes)
  const CiphertextBlob = seal(material, key.id, Plaintext, EncryptionContext)
  return { CiphertextBlob, Plaintext, KeyId: key.arn, KeyMaterialId: material.materialId }
}
