import { describe, expect, test } from 'vitest'
import { decide } from '../decider.ts'
import { type KeyCommand, key } from '../key.ts'
import { after, arn, enabled, pendingDeletion } from './made.ts'

const tags = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([TagKey, TagValue]) => ({ TagKey, TagValue }))
const tag = (values: Readonly<Record<string, string>>): KeyCommand => ({ type: 'TagResource', tags: tags(values) })
const numbered = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`tag ${n}`, '']))
const tagged = after(enabled, tag({ team: 'core', stage: 'test', cost: '7' }))

describe('description and policy', () => {
  test('are replaced', () => {
    expect(after(enabled, { type: 'UpdateKeyDescription', description: '' })).toEqual({ ...enabled, description: '' })
    expect(after(enabled, { type: 'PutKeyPolicy', policy: '{ }' })).toEqual({ ...enabled, policy: '{ }' })
  })

  test('that are the same give no event', () => {
    expect(decide(key, enabled, { type: 'UpdateKeyDescription', description: 'payments' })).toEqual([])
    expect(decide(key, enabled, { type: 'PutKeyPolicy', policy: enabled.policy })).toEqual([])
  })

  test('the policy even of a key pending deletion, the description not', () => {
    expect(after(pendingDeletion, { type: 'PutKeyPolicy', policy: '{}' }).policy).toBe('{}')
    expect(() => decide(key, pendingDeletion, { type: 'UpdateKeyDescription', description: '' })).toThrow(
      `${arn} is pending deletion.`,
    )
  })
})

describe('tags', () => {
  test('keep the order of first tagging when they get new values', () => {
    expect(tagged.tags).toEqual(tags({ team: 'core', stage: 'test', cost: '7' }))
    expect(after(tagged, tag({ owner: 'me', team: 'edge' })).tags).toEqual(
      tags({ team: 'edge', stage: 'test', cost: '7', owner: 'me' }),
    )
  })

  test('that change nothing give no event, and others an event of what changes', () => {
    expect(decide(key, tagged, tag({ stage: 'test', team: 'core' }))).toEqual([])
    expect(decide(key, tagged, tag({ stage: 'test', team: 'edge' }))).toEqual([
      { type: 'KeyTagged', data: { tags: tags({ team: 'edge' }) } },
    ])
    expect(decide(key, tagged, tag({}))).toEqual([])
  })

  test('are told apart by case and are no members of an object', () => {
    expect(after(enabled, tag({ a: '1', A: '2', constructor: '3' })).tags).toEqual(
      tags({ a: '1', A: '2', constructor: '3' }),
    )
    const proto = [{ TagKey: '__proto__', TagValue: 'x' }]
    expect(after(enabled, { type: 'TagResource', tags: proto }).tags).toEqual(proto)
  })

  test.each(['aws:x', 'AWS:x', 'aWs:', 'aws:cloudformation:stack'])('cannot be called %s', (name) => {
    expect(() => decide(key, enabled, tag({ [name]: '' }))).toThrow('Tags beginning with aws: are reserved')
  })

  test('may begin with aws if no colon follows', () => {
    expect(after(enabled, tag({ aws: '1', awsx: '2' })).tags).toEqual(tags({ aws: '1', awsx: '2' }))
  })

  test('cannot be named twice in one request', () => {
    const twice: KeyCommand = { type: 'TagResource', tags: [...tags({ a: '1' }), ...tags({ a: '2' })] }
    expect(() => decide(key, enabled, twice)).toThrow('Duplicate tag keys')
  })

  test('are 50 at most, however they come', () => {
    const full = after(enabled, tag(numbered(50)))
    expect(full.tags).toHaveLength(50)
    expect(() => decide(key, enabled, tag(numbered(51)))).toThrow('Too many tags')
    expect(() => decide(key, full, tag({ another: '' }))).toThrow('Too many tags')
    expect(after(full, tag({ 'tag 49': 'new' })).tags).toHaveLength(50)
  })

  test('are removed by name; names that are not there are passed over', () => {
    expect(decide(key, tagged, { type: 'UntagResource', tagKeys: ['none', 'stage'] })).toEqual([
      { type: 'KeyUntagged', data: { tagKeys: ['stage'] } },
    ])
    expect(decide(key, tagged, { type: 'UntagResource', tagKeys: ['none', 'aws:x'] })).toEqual([])
    expect(after(tagged, { type: 'UntagResource', tagKeys: ['stage'] }).tags).toEqual(tags({ team: 'core', cost: '7' }))
    expect(after(tagged, { type: 'UntagResource', tagKeys: ['team', 'stage', 'cost'] })).toEqual(enabled)
  })

  test('of a key pending deletion stay as they are', () => {
    for (const command of [tag({ a: '' }), { type: 'UntagResource', tagKeys: ['a'] } as const])
      expect(() => decide(key, pendingDeletion, command)).toThrow(`${arn} is pending deletion.`)
  })
})

test('keys without tags or rotations share their empty lists', () => {
  const untagged = after(tagged, { type: 'UntagResource', tagKeys: ['team', 'stage', 'cost'] })
  expect(untagged.tags).toBe(key.initial.tags)
  expect(enabled.tags).toBe(key.initial.tags)
  expect(enabled.rotations).toBe(key.initial.rotations)
})

test('thousands of keys with policies of their own each keep their own', () => {
  const policies = Array.from({ length: 3000 }, (_, n) => `{"Id":"${n}"}`)
  const keys = policies.map((policy) => after(enabled, { type: 'PutKeyPolicy', policy }))
  expect(keys.map(({ policy }) => policy)).toEqual(policies)
})
