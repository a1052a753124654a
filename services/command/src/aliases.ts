import { acceptableAliasName, aliasArn, aliasStream, fault, interchangeable, usable } from '@keyledger/keys'
import { authorize, authorizeByIdentity } from './authorize.ts'
import { envelope, namedKey } from './keys.ts'
import type { Call } from './operation.ts'

/** An account may give one key 50 aliases (AWS KMS quotas). */
const aliasesPerKey = 50

/** The caller's own alias of this name; the action needs permission on the alias besides that on its keys. */
const own = (call: Call, action: string, name: string) => {
  acceptableAliasName(name)
  const place = { region: call.region, account: call.principal.accountId, name }
  const arn = aliasArn(place.region, place.account, name)
  authorizeByIdentity(call, action, arn)
  return { ...place, arn }
}

// A quota, not a decision about the key: counting aliases from the read model is good enough for it.
const refuseTooMany = ({ world, key, region }: Call) => {
  const count = world.lists.aliasCount(region, key.account, key.id)
  if (count >= aliasesPerKey) throw fault('tooManyAliases', count)
}

/** Makes the alias point at the request's key. */
export const createAlias = async (call: Call, name: string): Promise<void> => {
  const { world, key, time } = call
  const alias = own(call, 'kms:CreateAlias', name)
  usable(key, 'CreateAlias')
  refuseTooMany(call)
  const { arn } = alias
  await world.aliases.handle(
    aliasStream(alias),
    { type: 'CreateAlias', now: time, arn, name, targetKeyId: key.id },
    envelope(call, alias.account),
  )
}

/** Points the alias at the request's key; old and new target must be of one family and usage. */
export const updateAlias = async (call: Call, name: string): Promise<void> => {
  const { world, key, time } = call
  const alias = own(call, 'kms:UpdateAlias', name)
  usable(key, 'UpdateAlias')
  const { arn } = alias
  const { targetKeyId } = await world.aliases.find(aliasStream(alias))
  if (targetKeyId === undefined) throw fault('aliasNotFound', arn)
  if (targetKeyId !== key.id) {
    const old = await namedKey(call, { action: 'kms:UpdateAlias' }, targetKeyId)
    await authorize(call, 'kms:UpdateAlias', old)
    if (!interchangeable(old, key)) throw fault('aliasTargetIncompatible', arn)
    refuseTooMany(call)
  }
  await world.aliases.handle(
    aliasStream(alias),
    { type: 'UpdateAlias', now: time, arn, name, targetKeyId: key.id },
    envelope(call, alias.account),
  )
}

/** Deletes the alias; its key stays as it is. */
export const deleteAlias = async (call: Call, name: string): Promise<void> => {
  const { world, time } = call
  const alias = own(call, 'kms:DeleteAlias', name)
  const { arn } = alias
  const { targetKeyId } = await world.aliases.find(aliasStream(alias))
  if (targetKeyId === undefined) throw fault('aliasNotFound', arn)
  await authorize(call, 'kms:DeleteAlias', await namedKey(call, { action: 'kms:DeleteAlias' }, targetKeyId))
  await world.aliases.handle(
    aliasStream(alias),
    { type: 'DeleteAlias', now: time, arn, name },
    envelope(call, alias.account),
  )
}
