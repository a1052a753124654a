import type { Decide, Evolve } from '../decider.ts'
import { fault } from '../fault.ts'
import { usable } from '../key-state.ts'
import { type Key, type PrincipalIds, type Tag, intern, internIds, shared } from './state.ts'

export type SettingsCommand =
  | { readonly type: 'UpdateKeyDescription'; readonly description: string }
  | { readonly type: 'PutKeyPolicy'; readonly policy: string; readonly principals?: PrincipalIds | undefined }
  | { readonly type: 'TagResource'; readonly tags: readonly Tag[] }
  | { readonly type: 'UntagResource'; readonly tagKeys: readonly string[] }

export type SettingsEvent =
  | { readonly type: 'KeyDescriptionUpdated'; readonly data: { readonly description: string } }
  | { readonly type: 'KeyPolicyPut'; readonly data: { readonly policy: string; readonly principals?: PrincipalIds } }
  /** Only the tags that are new or got another value. */
  | { readonly type: 'KeyTagged'; readonly data: { readonly tags: readonly Tag[] } }
  /** Only the tags that were there. */
  | { readonly type: 'KeyUntagged'; readonly data: { readonly tagKeys: readonly string[] } }

/** KMS quotas: tags of one key; not adjustable. */
const maxTags = 50

/** The tags, plain, if a request may bring them: each name once, none of AWS's own, 50 at most. Throws TagException. */
export const acceptableTags = (tags: readonly Tag[]): readonly Tag[] => {
  if (tags.some(({ TagKey }) => TagKey.slice(0, 4).toLowerCase() === 'aws:')) throw fault('reservedTag')
  if (new Set(tags.map(({ TagKey }) => TagKey)).size < tags.length) throw fault('duplicateTags')
  if (tags.length > maxTags) throw fault('tooManyTags')
  return tags.map(({ TagKey, TagValue }) => ({ TagKey, TagValue }))
}

/** A tag given again keeps its place and gets the new value. */
const merged = (before: readonly Tag[], given: readonly Tag[]): readonly Tag[] => {
  const values = new Map(before.map(({ TagKey, TagValue }) => [TagKey, TagValue]))
  for (const { TagKey, TagValue } of given) values.set(TagKey, TagValue)
  return Array.from(values, ([TagKey, TagValue]) => ({ TagKey, TagValue }))
}

export const decideSettings: Decide<Key, SettingsCommand, SettingsEvent> = {
  UpdateKeyDescription: (key, { description }) => {
    usable(key, 'UpdateKeyDescription')
    return key.description === description ? [] : [{ type: 'KeyDescriptionUpdated', data: { description } }]
  },
  PutKeyPolicy: (key, { policy, principals }) => {
    usable(key, 'PutKeyPolicy')
    if (key.policy === policy && internIds(principals) === internIds(key.principals)) return []
    return [{ type: 'KeyPolicyPut', data: { policy, ...(principals && { principals }) } }]
  },
  TagResource: (key, command) => {
    usable(key, 'TagResource')
    const given = acceptableTags(command.tags)
    if (merged(key.tags, given).length > maxTags) throw fault('tooManyTags')
    const present = new Map(key.tags.map(({ TagKey, TagValue }) => [TagKey, TagValue]))
    const tags = given.filter(({ TagKey, TagValue }) => present.get(TagKey) !== TagValue)
    return tags.length === 0 ? [] : [{ type: 'KeyTagged', data: { tags } }]
  },
  UntagResource: (key, command) => {
    usable(key, 'UntagResource')
    const asked = new Set(command.tagKeys)
    const tagKeys = key.tags.map(({ TagKey }) => TagKey).filter((name) => asked.has(name))
    return tagKeys.length === 0 ? [] : [{ type: 'KeyUntagged', data: { tagKeys } }]
  },
}

export const evolveSettings: Evolve<Key, SettingsEvent> = {
  KeyDescriptionUpdated: (key, { data }) => ({ ...key, description: data.description }),
  KeyPolicyPut: (key, { data }) => ({ ...key, policy: intern(data.policy), principals: internIds(data.principals) }),
  KeyTagged: (key, { data }) => ({ ...key, tags: merged(key.tags, data.tags) }),
  KeyUntagged: (key, { data }) => ({
    ...key,
    tags: shared(key.tags.filter(({ TagKey }) => !data.tagKeys.includes(TagKey))),
  }),
}
