import { describe, expect, test } from 'vitest'
import { decide } from '../decider.ts'
import { type KeyCommand, key } from '../key.ts'
import { after, arn, deleted, disabled, enabled, material, now, pendingDeletion } from './made.ts'
import { rotationDue } from './material.ts'
import { type Key, day } from './state.ts'

const rotating = after(enabled, { type: 'EnableKeyRotation', now, periodInDays: 90 })
const rotateAt = (time: number, n = 2): KeyCommand => ({
  type: 'RotateKeyMaterial',
  now: time,
  materialId: material(n),
})
const onDemand = (n: number): KeyCommand => ({ type: 'RotateKeyOnDemand', now: now + n, materialId: material(n) })
const many = (state: Key, from: number, count: number) =>
  after(state, ...Array.from({ length: count }, (_, index) => onDemand(from + index)))

describe('automatic rotation', () => {
  test('is every 365 days unless told otherwise, first one period from now', () => {
    const yearly = after(enabled, { type: 'EnableKeyRotation', now })
    expect(yearly.rotation).toEqual({ periodInDays: 365, enabledAt: now, nextDate: now + 365 * day })
    expect(rotating.rotation).toEqual({ periodInDays: 90, enabledAt: now, nextDate: now + 90 * day })
  })

  test('enabled again with the same period stays as it is', () => {
    expect(decide(key, rotating, { type: 'EnableKeyRotation', now: now + day, periodInDays: 90 })).toEqual([])
  })

  test('enabled again with another period counts from then', () => {
    const later = now + 80 * day
    const changed = { periodInDays: 180, enabledAt: later, nextDate: later + 180 * day }
    expect(decide(key, rotating, { type: 'EnableKeyRotation', now: later, periodInDays: 180 })).toEqual([
      { type: 'KeyRotationEnabled', data: changed },
    ])
    expect(after(rotating, { type: 'EnableKeyRotation', now: later }).rotation?.periodInDays).toBe(365)
  })

  test('can be disabled, twice too', () => {
    const off = after(rotating, { type: 'DisableKeyRotation' })
    expect(off).toEqual(enabled)
    expect(decide(key, off, { type: 'DisableKeyRotation' })).toEqual([])
  })

  test('makes new material current and keeps the old', () => {
    const due = now + 90 * day
    expect(after(rotating, rotateAt(due))).toEqual({
      ...rotating,
      materials: [
        { id: material(1), createdAt: now },
        { id: material(2), createdAt: due },
      ],
      rotations: [{ date: due, type: 'AUTOMATIC', materialId: material(2), previousMaterialId: material(1) }],
      rotation: { periodInDays: 90, enabledAt: now, nextDate: due + 90 * day },
    })
  })

  test('waits for its date', () => {
    expect(rotationDue(rotating, now + 90 * day - 1)).toBe(false)
    expect(decide(key, rotating, rotateAt(now + 90 * day - 1))).toEqual([])
  })

  test('that is years late happens once, and the next one a period later', () => {
    const late = now + 1000 * day
    const rotated = after(rotating, rotateAt(late))
    expect(rotated.rotation?.nextDate).toBe(late + 90 * day)
    expect(decide(key, rotated, rotateAt(late, 3))).toEqual([])
  })

  test('does not happen while the key is disabled or pending deletion, and is due at once when it is enabled', () => {
    const late = now + 100 * day
    const off = after(rotating, { type: 'DisableKey' })
    const pending = after(rotating, { type: 'ScheduleKeyDeletion', now, windowInDays: 30 })
    expect([off, pending].map((state) => decide(key, state, rotateAt(late)))).toEqual([[], []])
    expect([off.rotation, pending.rotation]).toEqual([rotating.rotation, rotating.rotation])
    expect(rotationDue(after(off, { type: 'EnableKey' }), late)).toBe(true)
    expect(rotationDue(after(pending, { type: 'CancelKeyDeletion' }, { type: 'EnableKey' }), late)).toBe(true)
  })

  test('does not happen when nobody asked for it', () => {
    const late = now + 5000 * day
    expect([enabled, disabled, deleted, key.initial].map((state) => decide(key, state, rotateAt(late)))).toEqual([
      [],
      [],
      [],
      [],
    ])
  })

  test('asked for twice with one material happens once', () => {
    const due = now + 90 * day
    const rotated = after(rotating, rotateAt(due))
    expect(decide(key, rotated, rotateAt(due + 90 * day))).toEqual([])
  })

  test('cannot be set on a key that is disabled or pending deletion', () => {
    const enable: KeyCommand = { type: 'EnableKeyRotation', now }
    const disable: KeyCommand = { type: 'DisableKeyRotation' }
    for (const command of [enable, disable]) {
      expect(() => decide(key, disabled, command)).toThrow(`${arn} is disabled.`)
      expect(() => decide(key, pendingDeletion, command)).toThrow(`${arn} is pending deletion.`)
    }
  })
})

describe('rotation on demand', () => {
  test('makes new material current and leaves the automatic schedule as it is', () => {
    expect(after(rotating, onDemand(2))).toEqual({
      ...rotating,
      materials: [
        { id: material(1), createdAt: now },
        { id: material(2), createdAt: now + 2 },
      ],
      rotations: [{ date: now + 2, type: 'ON_DEMAND', materialId: material(2), previousMaterialId: material(1) }],
      onDemandRotations: 1,
    })
  })

  test('is possible without automatic rotation', () => {
    expect(after(enabled, onDemand(2)).rotation).toBeUndefined()
  })

  test('is possible 25 times; automatic rotations do not count', () => {
    const full = many(after(rotating, rotateAt(now + 90 * day, 99)), 2, 25)
    expect([full.onDemandRotations, full.materials.length]).toEqual([25, 27])
    expect(() => decide(key, full, onDemand(50))).toThrow(
      `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${arn}`,
    )
  })

  test('is not possible on a disabled key', () => {
    expect(() => decide(key, disabled, onDemand(2))).toThrow(`${arn} is disabled.`)
  })

  test('of imported material waits for material to be imported', () => {
    const imported: Key = { ...enabled, origin: 'EXTERNAL' }
    expect(() => decide(key, imported, onDemand(2))).toThrow(
      `No available key material pending rotation for the key: ${arn}.`,
    )
  })
})
