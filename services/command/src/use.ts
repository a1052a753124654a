import { CiphertextFault, type Material, parseBlob, random, seal, unseal } from '@keyledger/crypto'
import { Fault, type Key, type KeyOperation, algorithmsOf, fault, keyArn, usable } from '@keyledger/keys'
import { authorize } from './authorize.ts'
import { namedKey } from './keys.ts'
import type { Call } from './operation.ts'
import { when } from './when.ts'

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

/** Lends the material that new ciphertexts of the key are made under; when `use` returns it is of no use any more. */
export const withCurrentMaterial = <T>(call: Call, key: Key, use: (material: Material) => T): T | Promise<T> =>
  when(call.world.vault.open(call.region, key.materials.at(-1)!.id), (opened) => {
    using material = opened
    return use(material)
  })

interface Opening {
  readonly operation: 'Decrypt' | 'ReEncrypt'
  readonly action: 'kms:Decrypt' | 'kms:ReEncryptFrom'
  readonly keyId: string | undefined
  readonly blob: Buffer | undefined
  readonly context: Readonly<Record<string, string>> | undefined
  readonly algorithm: string
  readonly dryRun: boolean | undefined
  readonly ignoreCiphertext: boolean | undefined
  /** Of ReEncrypt: whether the plaintext stays under the key it came from. */
  readonly sameKey?: boolean | undefined
}

/**
 * Opens a ciphertext blob: finds its key, holds it against `keyId`, checks who asks and the key's state, decrypts.
 * Whoever may not use the key learns nothing about it: a foreign, an unknown and a destroyed key all read the same.
 */
export const opened = async (call: Call, opening: Opening) => {
  const { operation, keyId, blob, context, algorithm, ignoreCiphertext } = opening
  if (ignoreCiphertext) return withoutCiphertext(call, opening)
  if (blob === undefined) throw fault('memberNull', 'ciphertextBlob')
  const given = keyId === undefined ? undefined : await namedSource(call, opening, keyId)
  const { materialId } = genuine(() => parseBlob(blob))
  const key = given ?? (await keyOf(call, opening, materialId))
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
const withoutCiphertext = async (call: Call, opening: Opening) => {
  const { operation, keyId, algorithm, dryRun } = opening
  if (!dryRun) throw fault('dryRunModifiersWithoutDryRun')
  if (keyId === undefined) throw fault('memberNull', operation === 'ReEncrypt' ? 'sourceKeyId' : 'keyId')
  const key = await namedSource(call, opening, keyId)
  usableFor(key, operation, algorithm)
  return { key, materialId: key.materials.at(-1)!.id, Plaintext: Buffer.alloc(0) }
}

const materialIdOf = (blob: Buffer): string | undefined => {
  try {
    return parseBlob(blob).materialId
  } catch {
    return undefined
  }
}

/** Whether a ciphertext is under this key; who may know that is not asked. */
export const isUnder = async ({ world, region }: Call, blob: Buffer | undefined, key: Key): Promise<boolean> => {
  if (blob === undefined) return false
  const materialId = materialIdOf(blob)
  const place = materialId === undefined ? undefined : await world.vault.locate(region, materialId)
  return place !== undefined && keyArn(place.region, place.account, place.keyId) === key.arn
}

const authorizedSource = async (call: Call, { action, context, sameKey }: Opening, key: Key): Promise<Key> => {
  await authorize(call, action, key, { encryptionContext: context, sameKey })
  return key
}

/** The key that the request says the ciphertext is under. */
const namedSource = async (call: Call, opening: Opening, keyId: string): Promise<Key> => {
  const { action } = opening
  return authorizedSource(call, opening, await namedKey(call, { action, alias: true, crossAccount: true }, keyId))
}

/** The key that a blob itself names; AWS's fixed words where there is none that this caller may use it with. */
const keyOf = async (call: Call, opening: Opening, materialId: string): Promise<Key> => {
  const place = await call.world.vault.locate(call.region, materialId)
  if (!place) throw fault('ciphertextKeyInaccessible')
  const noted = call.resources.length
  try {
    const arn = keyArn(place.region, place.account, place.keyId)
    const { action } = opening
    return await authorizedSource(call, opening, await namedKey(call, { action, crossAccount: true }, arn))
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const refusal = fault('ciphertextKeyInaccessible')
    // Their own trail is told what the caller is not; of another account's key it says as little as the answer.
    if (place.account === call.principal.accountId) throw Object.assign(refusal, { cause: error })
    call.resources.length = noted
    throw refusal
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
export const dataKey = (call: Call, operation: KeyOperation, input: DataKeyInput) => {
  const { KeySpec, NumberOfBytes, EncryptionContext, DryRun } = input
  const bytes = KeySpec === undefined ? NumberOfBytes : dataKeyBytes[KeySpec]
  if (bytes === undefined || (KeySpec !== undefined && NumberOfBytes !== undefined))
    throw fault('keySpecOrNumberOfBytes')
  const { key } = call
  usableFor(key, operation, 'SYMMETRIC_DEFAULT')
  refuseDryRun(DryRun)
  return withCurrentMaterial(call, key, (material) => {
    const Plaintext = random(bytes)
    const CiphertextBlob = seal(material, key.id, Plaintext, EncryptionContext)
    return { CiphertextBlob, Plaintext, KeyId: key.arn, KeyMaterialId: material.materialId }
  })
}
