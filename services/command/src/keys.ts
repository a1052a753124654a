import {
  type Key,
  type KeyCommand,
  type KeySpec,
  type KeyUsage,
  Fault,
  fault,
  decide,
  key as keyAggregate,
  keyArn,
  keyReference,
  keySpecs,
  keyStream,
  aliasStream,
  specAndUsage as specAndUsageOf,
} from '@keyledger/keys'
import type { Authorize, Call } from './operation.ts'
import { when } from './when.ts'

/** The envelope of the events that this request causes. */
export const envelope = ({ world, principal, region, requestId, time }: Call, account: string) => ({
  ids: world.id,
  time,
  metadata: { actor: principal.arn, requestId, region, account },
})

/**
 * The live key behind a key id, key ARN and, where the operation takes one, an alias name or alias ARN; not yet judged
 * whether the caller may. Notes it as a resource of the request. Throws NotFoundException, InvalidArnException or, for
 * another account's, AccessDeniedException; the `action` is what that says was denied.
 */
export const namedKey = (
  call: Call,
  { action, alias, crossAccount }: Pick<Authorize, 'action' | 'alias' | 'crossAccount'>,
  identifier: string,
): Key | Promise<Key> => {
  const { world, principal, region } = call
  const reference = keyReference(identifier, { region, account: principal.accountId, alias: alias === true })
  const { account, arn } = reference
  const foreign = account !== principal.accountId
  // Which keys and aliases another account has is not for this caller to learn: one that is not there and one that is not
  // for him read the same.
  const denied = () => fault('accessDenied', principal.arn, action, arn, 'resource-based')
  if (foreign) call.foreign = arn
  if (foreign && reference.kind === 'id') call.resources.push(arn)
  if (foreign && !crossAccount) throw denied()
  const live = (id: string) =>
    when(world.keys.find(keyStream({ region, account, id })), (key) => {
      if (key.exists !== 'yes') throw foreign ? denied() : fault('notFound', keyArn(region, account, id))
      if (!foreign || reference.kind !== 'id') call.resources.push(key.arn)
      return key
    })
  if (reference.kind === 'id') return live(reference.id)
  return when(world.aliases.find(aliasStream(reference)), ({ targetKeyId }) => {
    if (targetKeyId === undefined) throw foreign ? denied() : fault('aliasNotFound', arn)
    return live(targetKeyId)
  })
}

/** Decides and appends one command on the request's key; resolves to the key after it. */
export const change = async (call: Call, command: KeyCommand): Promise<Key> => {
  const { key } = call
  call.key = await call.world.keys.handle(keyStream(key), command, envelope(call, key.account))
  return call.key
}

/**
 * Like {@link change} for a command that brings new material. The command is decided once before any material exists,
 * so that a refusal leaves nothing behind; then the material is made durable; then the event may name it. A crash in
 * between leaves an orphan, which is swept.
 */
export const changeWithNewMaterial = async (
  call: Call,
  key: Key,
  command: (materialId: string) => KeyCommand,
): Promise<Key> => {
  const { vault, keys } = call.world
  const { region, account, id } = key
  decide(keyAggregate, key, command(''))
  const { materialId } = await vault.generate({ region, account, keyId: id })
  try {
    call.key = await keys.handle(keyStream(key), command(materialId), envelope(call, account))
  } catch (error) {
    // Refused after all (another request came between): the material has no event and never will.
    if (error instanceof Fault) await vault.discard(region, materialId)
    throw error
  }
  if (call.resources.length === 0) call.resources.push(call.key.arn)
  return call.key
}

interface Wanted {
  readonly KeySpec?: KeySpec | undefined
  readonly CustomerMasterKeySpec?: KeySpec | undefined
  readonly KeyUsage?: KeyUsage | undefined
  readonly Origin: string
  readonly CustomKeyStoreId?: string | undefined
  readonly XksKeyId?: string | undefined
}

/** What CreateKey is asked to make, or why it cannot be made (here, or anywhere). */
export const specAndUsage = (wanted: Wanted): { readonly spec: KeySpec; readonly usage: KeyUsage } => {
  if (wanted.KeySpec !== undefined && wanted.CustomerMasterKeySpec !== undefined) throw fault('keySpecTwice')
  const chosen = specAndUsageOf(wanted.KeySpec ?? wanted.CustomerMasterKeySpec, wanted.KeyUsage)
  if (wanted.CustomKeyStoreId !== undefined) throw fault('customKeyStoreNotFound', wanted.CustomKeyStoreId)
  if (wanted.XksKeyId !== undefined) throw fault('notSupportedYet', 'XksKeyId')
  if (wanted.Origin !== 'AWS_KMS') throw fault('notSupportedYet', `Origin ${wanted.Origin}`)
  if (!keySpecs[chosen.spec].supported) throw fault('notSupportedYet', `KeySpec ${chosen.spec}`)
  return chosen
}
