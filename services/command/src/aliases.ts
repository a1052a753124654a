import { acceptableAliasName, aliasArn, aliasStream, fault, interchangeable, usable } from '@keyledger/keys'
import { authorize, authorizeByIdentity } from './authorize.ts'
import { envelope, namedKey } from './keys.ts'
import type { Call } from './operation.ts'
import type { World } from './world.ts'

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

/** An alias is moved by one request at a time, in fact; more than this many in between are no accident. */
const tries = 10

/**
 * Authorizes for the alias' present target and changes the alias if it still points there; again if another request has
 * moved it in between, as nobody may move or delete it on the strength of a permission on its target of before.
 */
const changed = async (
  { world, resources }: Call,
  alias: ReturnType<typeof own>,
  attempt: (from: string) => Promise<boolean>,
): Promise<void> => {
  const noted = resources.length
  for (let tried = 0; tried < tries; tried++) {
    const { targetKeyId } = await world.aliases.find(aliasStream(alias))
    if (targetKeyId === undefined) throw fault('aliasNotFound', alias.arn)
    resources.length = noted
    if (await attempt(targetKeyId)) return
  }
  throw new Error(`${alias.name} was moved ${tries} times while it was being changed`)
}

/** By house and key: aliases on their way, which the read model cannot know of yet. */
const coming = new WeakMap<World, Map<string, number>>()

/**
 * Gives the request's key one alias more, if that is within the quota. Requests of this process count each other; what another
 * process is about to make they do not see.
 */
const withinQuota = async <T>({ world, key, region }: Call, give: () => Promise<T>): Promise<T> => {
  const ofHouse = coming.get(world) ?? new Map<string, number>()
  coming.set(world, ofHouse)
  const ofKey = () => ofHouse.get(key.arn) ?? 0
  const count = world.lists.aliasCount(region, key.account, key.id) + ofKey()
  if (count >= aliasesPerKey) throw fault('tooManyAliases', count)
  ofHouse.set(key.arn, ofKey() + 1)
  try {
    return await give()
  } finally {
    if (ofKey() > 1) ofHouse.set(key.arn, ofKey() - 1)
    else ofHouse.delete(key.arn)
  }
}

/** Makes the alias point at the request's key. */
export const createAlias = async (call: Call, name: string): Promise<void> => {
  const { world, key, time } = call
  const alias = own(call, 'kms:CreateAlias', name)
  usable(key, 'CreateAlias')
  const { arn } = alias
  const command = { type: 'CreateAlias', now: time, arn, name, targetKeyId: key.id } as const
  await withinQuota(call, () => world.aliases.handle(aliasStream(alias), command, envelope(call, alias.account)))
}

/** Points the alias at the request's key; old and new target must be of one family and usage. */
export const updateAlias = async (call: Call, name: string): Promise<void> => {
  const { world, key, time } = call
  const alias = own(call, 'kms:UpdateAlias', name)
  usable(key, 'UpdateAlias')
  const { arn } = alias
  const command = { type: 'UpdateAlias', now: time, arn, name, targetKeyId: key.id } as const
  await changed(call, alias, async (from) => {
    const move = () => world.aliases.handle(aliasStream(alias), { ...command, from }, envelope(call, alias.account))
    if (from === key.id) return (await move()).targetKeyId === key.id
    const old = await namedKey(call, { action: 'kms:UpdateAlias' }, from)
    await authorize(call, 'kms:UpdateAlias', old)
    if (!interchangeable(old, key)) throw fault('aliasTargetIncompatible', arn)
    return (await withinQuota(call, move)).targetKeyId === key.id
  })
}

/** Deletes the alias; its key stays as it is. */
export const deleteAlias = async (call: Call, name: string): Promise<void> => {
  const { world, time } = call
  const alias = own(call, 'kms:DeleteAlias', name)
  const { arn } = alias
  await changed(call, alias, async (from) => {
    await authorize(call, 'kms:DeleteAlias', await namedKey(call, { action: 'kms:DeleteAlias' }, from))
    const after = await world.aliases.handle(
      aliasStream(alias),
      { type: 'DeleteAlias', now: time, arn, name, from },
      envelope(call, alias.account),
    )
    return after.targetKeyId === undefined
  })
}
