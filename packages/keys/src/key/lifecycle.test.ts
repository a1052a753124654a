import { describe, expect, test } from 'vitest'
import { decide } from '../decider.ts'
import { type KeyCommand, key } from '../key.ts'
import { deletionDue } from './lifecycle.ts'
import { after, arn, createKey, deleted, disabled, enabled, eventsOf, material, now, pendingDeletion } from './made.ts'
import { day } from './state.ts'

const deciding = (state: typeof enabled, command: KeyCommand) => () => decide(key, state, command)

describe('a new key', () => {
  test('is what was asked for, enabled, with its first material', () => {
    expect(enabled).toEqual({
      exists: 'yes',
      region: 'eu-west-1',
      account: '111122223333',
      id: '0d3a1c5e-7f0b-4d0a-9c55-1a2b3c4d5e6f',
      arn,
      spec: 'SYMMETRIC_DEFAULT',
      usage: 'ENCRYPT_DECRYPT',
      origin: 'AWS_KMS',
      manager: 'CUSTOMER',
      description: 'payments',
      createdAt: now,
      state: 'Enabled',
      deletionDate: undefined,
      multiRegion: undefined,
      policy: '{"Version":"2012-10-17"}',
      tags: [],
      materials: [{ id: material(1), createdAt: now }],
      rotations: [],
      rotation: undefined,
      onDemandRotations: 0,
    })
  })

  test('is one event, which says nothing that was not decided', () => {
    expect(decide(key, key.initial, createKey)).toEqual([
      {
        type: 'KeyCreated',
        data: {
          region: 'eu-west-1',
          account: '111122223333',
          keyId: '0d3a1c5e-7f0b-4d0a-9c55-1a2b3c4d5e6f',
          spec: 'SYMMETRIC_DEFAULT',
          usage: 'ENCRYPT_DECRYPT',
          origin: 'AWS_KMS',
          manager: 'CUSTOMER',
          description: 'payments',
          policy: '{"Version":"2012-10-17"}',
          tags: [],
          materialId: material(1),
          createdAt: now,
        },
      },
    ])
  })

  test('of several Regions is the primary', () => {
    expect(after(key.initial, { ...createKey, multiRegion: true }).multiRegion).toBe('PRIMARY')
  })

  test('may bring tags, under the rules of tags', () => {
    const tags = [{ TagKey: 'team', TagValue: 'core' }]
    expect(after(key.initial, { ...createKey, tags }).tags).toEqual(tags)
    expect(deciding(key.initial, { ...createKey, tags: [...tags, ...tags] })).toThrow('Duplicate tag keys')
  })

  test('cannot take the stream of another, not even of a deleted one', () => {
    expect(deciding(enabled, createKey)).toThrow(`Key '${arn}' already exists`)
    expect(deciding(deleted, createKey)).toThrow(`Key '${arn}' already exists`)
  })

  test('must be of a spec, usage and origin that can be made', () => {
    expect(deciding(key.initial, { ...createKey, usage: 'SIGN_VERIFY' })).toThrow(
      'KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT',
    )
    expect(deciding(key.initial, { ...createKey, spec: 'RSA_2048' })).toThrow('KeySpec RSA_2048 is not supported.')
    expect(deciding(key.initial, { ...createKey, origin: 'EXTERNAL' })).toThrow('Origin EXTERNAL is not supported.')
  })
})

describe('enabling and disabling', () => {
  test('turn each other round', () => {
    expect(disabled).toEqual({ ...enabled, state: 'Disabled' })
    expect(after(disabled, { type: 'EnableKey' })).toEqual(enabled)
  })

  test('change nothing where nothing is to change', () => {
    expect([decide(key, enabled, { type: 'EnableKey' }), decide(key, disabled, { type: 'DisableKey' })]).toEqual([
      [],
      [],
    ])
  })
})

describe('a deletion', () => {
  test('is scheduled for the end of its window', () => {
    expect(pendingDeletion).toEqual({ ...enabled, state: 'PendingDeletion', deletionDate: now + 7 * day })
    expect(eventsOf(disabled, { type: 'ScheduleKeyDeletion', now, windowInDays: 30 })).toEqual([
      { type: 'KeyDeletionScheduled', data: { deletionDate: now + 30 * day } },
    ])
  })

  test('cannot be scheduled twice', () => {
    const again = deciding(pendingDeletion, { type: 'ScheduleKeyDeletion', now, windowInDays: 7 })
    expect(again).toThrow(`${arn} is pending deletion.`)
  })

  test('that is cancelled leaves the key disabled', () => {
    expect(after(pendingDeletion, { type: 'CancelKeyDeletion' })).toEqual(disabled)
  })

  test('happens when its window is over, not a millisecond before, and once', () => {
    const due = now + 7 * day
    expect([due - 1, due, due + 1].map((time) => deletionDue(pendingDeletion, time))).toEqual([false, true, true])
    expect(decide(key, pendingDeletion, { type: 'DeleteKey', now: due - 1 })).toEqual([])
    expect(decide(key, pendingDeletion, { type: 'DeleteKey', now: due })).toEqual([{ type: 'KeyDeleted', data: {} }])
    expect(decide(key, deleted, { type: 'DeleteKey', now: due })).toEqual([])
  })

  test('does not happen once cancelled, nor to a key that was never to be deleted', () => {
    const cancelled = after(pendingDeletion, { type: 'CancelKeyDeletion' })
    const later = { type: 'DeleteKey', now: now + 400 * day } as const
    expect([cancelled, enabled, key.initial].map((state) => decide(key, state, later))).toEqual([[], [], []])
  })

  test('keeps what the key was', () => {
    expect(deleted).toEqual({ ...pendingDeletion, exists: 'deleted' })
  })
})

test.each<KeyCommand>([
  { type: 'EnableKey' },
  { type: 'DisableKey' },
  { type: 'ScheduleKeyDeletion', now, windowInDays: 7 },
  { type: 'CancelKeyDeletion' },
  { type: 'EnableKeyRotation', now },
  { type: 'DisableKeyRotation' },
  { type: 'RotateKeyOnDemand', now, materialId: material(2) },
  { type: 'UpdateKeyDescription', description: '' },
  { type: 'PutKeyPolicy', policy: '{}' },
  { type: 'TagResource', tags: [] },
  { type: 'UntagResource', tagKeys: [] },
])('$type of a deleted key finds no key', (command) => {
  expect(deciding(deleted, command)).toThrow(`Key '${arn}' does not exist`)
})
