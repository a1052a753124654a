import { describe, expect, test } from 'vitest'
import { fold } from './decider.ts'
import { key } from './key.ts'
import { createKey, enabled, eventsOf } from './key/made.ts'
import { type Upcasts, eventVersions, upcast as today, upcaster } from './upcast.ts'

// A made-up past: doors were once painted in a named colour, then in a hue, and today they are coated.
const hues: Readonly<Record<string, number>> = { red: 0, green: 120 }
const past: Upcasts = {
  DoorPainted: {
    1: ({ colour }: { colour: string }) => ({ type: 'DoorPainted', version: 2, data: { hue: hues[colour] } }),
    2: ({ hue }: { hue: number }) => ({ type: 'DoorCoated', version: 1, data: { hue, coats: 1 } }),
  },
}
const upcast = upcaster({ DoorCoated: 1, DoorShut: 3 }, past)

describe('an event', () => {
  test('of an old version comes to today step by step, under a new name too, and keeps all else', () => {
    const around = { position: 7, time: '2026-11-23T00:00:00.000Z' }
    expect(upcast({ ...around, type: 'DoorPainted', version: 1, data: { colour: 'green' } })).toEqual({
      ...around,
      type: 'DoorCoated',
      version: 1,
      data: { hue: 120, coats: 1 },
    })
    expect(upcast({ type: 'DoorPainted', version: 2, data: { hue: 7 } })).toEqual({
      type: 'DoorCoated',
      version: 1,
      data: { hue: 7, coats: 1 },
    })
  })

  test.each([
    ["today's version", { type: 'DoorCoated', version: 1, data: { hue: 1, coats: 2 } }],
    ['another aggregate', { type: 'UserCreated', version: 1, data: {} }],
    ['the name of a member of every object', { type: 'constructor', version: 1, data: {} }],
  ])('of %s stays as it is', (_, event) => {
    expect(upcast(event)).toBe(event)
  })

  test.each([
    ['DoorShut', 4],
    ['DoorShut', 1],
    ['DoorPainted', 3],
  ])('%s of version %i, from which no way leads, is refused', (type, version) => {
    expect(() => upcast({ type, version, data: {} })).toThrow(`no way from version ${version} of "${type}" to today's`)
  })
})

test('what is written today is read today, and what a later program wrote is not', () => {
  const stored = eventsOf(key.initial, createKey).map((event) => ({ ...event, version: eventVersions[event.type] }))
  expect(fold(key, key.initial, stored.map(today))).toEqual(enabled)
  expect(() => stored.map((event) => today({ ...event, version: 99 }))).toThrow(
    'no way from version 99 of "KeyCreated"',
  )
})
