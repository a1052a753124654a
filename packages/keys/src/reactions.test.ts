import { describe, expect, test } from 'vitest'
import { key } from './key.ts'
import { after, createKey, disabled, enabled, eventsOf, material, now, pendingDeletion } from './key/made.ts'
import { day } from './key/state.ts'
import { reactionsTo } from './reactions.ts'

const recordedAt = now + 5

describe('what is asked of the world after', () => {
  test.each([
    ['creating a key', eventsOf(key.initial, createKey), []],
    [
      'scheduling a deletion',
      eventsOf(enabled, { type: 'ScheduleKeyDeletion', now, windowInDays: 7 }),
      [{ job: 'DeleteKey', at: now + 7 * day }],
    ],
    ['cancelling it', eventsOf(pendingDeletion, { type: 'CancelKeyDeletion' }), []],
    [
      'deleting the key',
      eventsOf(pendingDeletion, { type: 'DeleteKey', now: now + 7 * day }),
      [{ job: 'DestroyKey', at: recordedAt }],
    ],
    [
      'enabling rotation',
      eventsOf(enabled, { type: 'EnableKeyRotation', now, periodInDays: 90 }),
      [{ job: 'RotateKeyMaterial', at: now + 90 * day }],
    ],
    [
      'an automatic rotation',
      eventsOf(after(enabled, { type: 'EnableKeyRotation', now, periodInDays: 90 }), {
        type: 'RotateKeyMaterial',
        now: now + 90 * day,
        materialId: material(2),
      }),
      [{ job: 'RotateKeyMaterial', at: now + 180 * day }],
    ],
    ['a rotation on demand', eventsOf(enabled, { type: 'RotateKeyOnDemand', now, materialId: material(2) }), []],
    [
      'enabling a key, whose rotation may be overdue',
      eventsOf(disabled, { type: 'EnableKey' }),
      [{ job: 'RotateKeyMaterial', at: recordedAt }],
    ],
    ['disabling a key', eventsOf(enabled, { type: 'DisableKey' }), []],
  ])('%s', (_, events, expected) => {
    expect(events).toHaveLength(1)
    expect(reactionsTo(events[0]!, recordedAt)).toEqual(expected)
  })

  test.each(['AliasCreated', 'UserCreated', 'constructor', '__proto__'])('an event %s: nothing', (type) => {
    expect(reactionsTo({ type, data: {} }, recordedAt)).toEqual([])
  })
})
