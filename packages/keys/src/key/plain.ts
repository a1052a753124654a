import type { KeyCommand } from '../key.ts'

const day = 86_400_000

/** For tests: the same key told a second time, as plainly as can be: variables and ifs, no events, no tables. */
export const plainKey = () => {
  let exists = false
  let gone = false
  let state = 'Enabled'
  let description = ''
  let policy = ''
  let tags = new Map<string, string>()
  let deletion: number | undefined
  let rotation: { period: number; next: number } | undefined
  const materials: string[] = []
  let onDemand = 0

  const usableOnly = () => (state === 'Disabled' ? 'DisabledException' : alive())
  const alive = () => (state === 'PendingDeletion' ? 'KMSInvalidStateException' : undefined)
  const tagsRefused = (given: readonly { TagKey: string }[], before: Iterable<string>) =>
    given.some(({ TagKey }) => TagKey.toLowerCase().startsWith('aws:')) ||
    new Set(given.map(({ TagKey }) => TagKey)).size !== given.length ||
    new Set([...before, ...given.map(({ TagKey }) => TagKey)]).size > 50
      ? 'TagException'
      : undefined

  /** Does the command; says which exception refuses it, if one does. */
  const apply = (command: KeyCommand): string | undefined => {
    if (command.type === 'CreateKey') {
      if (exists || gone) return 'AlreadyExistsException'
      if (tagsRefused(command.tags, [])) return 'TagException'
      exists = true
      ;({ description, policy } = command)
      tags = new Map(command.tags.map(({ TagKey, TagValue }) => [TagKey, TagValue]))
      materials.push(command.materialId)
      return undefined
    }
    if (command.type === 'DeleteKey') {
      if (exists && deletion !== undefined && command.now >= deletion) [exists, gone] = [false, true]
      return undefined
    }
    if (command.type === 'RotateKeyMaterial') {
      if (!exists || state !== 'Enabled' || !rotation || command.now < rotation.next) return undefined
      materials.push(command.materialId)
      rotation = { ...rotation, next: command.now + rotation.period * day }
      return undefined
    }
    if (!exists) return 'NotFoundException'
    if (command.type === 'EnableKey' || command.type === 'DisableKey') {
      if (alive()) return alive()
      state = command.type === 'EnableKey' ? 'Enabled' : 'Disabled'
    }
    if (command.type === 'ScheduleKeyDeletion') {
      if (alive()) return alive()
      state = 'PendingDeletion'
      deletion = command.now + command.windowInDays * day
    }
    if (command.type === 'CancelKeyDeletion') {
      if (!alive()) return 'KMSInvalidStateException'
      state = 'Disabled'
      deletion = undefined
    }
    if (command.type === 'EnableKeyRotation') {
      if (usableOnly()) return usableOnly()
      const period = command.periodInDays ?? 365
      if (rotation?.period !== period) rotation = { period, next: command.now + period * day }
    }
    if (command.type === 'DisableKeyRotation') {
      if (usableOnly()) return usableOnly()
      rotation = undefined
    }
    if (command.type === 'RotateKeyOnDemand') {
      if (usableOnly()) return usableOnly()
      if (onDemand === 25) return 'LimitExceededException'
      onDemand++
      materials.push(command.materialId)
    }
    if (command.type === 'UpdateKeyDescription') {
      if (alive()) return alive()
      description = command.description
    }
    if (command.type === 'PutKeyPolicy') policy = command.policy
    if (command.type === 'TagResource') {
      const refused = alive() ?? tagsRefused(command.tags, tags.keys())
      if (refused) return refused
      for (const { TagKey, TagValue } of command.tags) tags.set(TagKey, TagValue)
    }
    if (command.type === 'UntagResource') {
      if (alive()) return alive()
      for (const name of command.tagKeys) tags.delete(name)
    }
    return undefined
  }

  return {
    apply,
    seen: () => ({
      exists: exists ? 'yes' : gone ? 'deleted' : 'no',
      state,
      description,
      policy,
      tags: Array.from(tags, ([TagKey, TagValue]) => ({ TagKey, TagValue })),
      deletion,
      rotation,
      materials,
      onDemand,
    }),
  }
}
