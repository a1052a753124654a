import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, fold } from './decider.ts'
import { Fault } from './fault.ts'
import { type KeyCommand, type KeyEvent, key } from './key.ts'
import { createKey, eventsOf, now as start } from './key/made.ts'
import { plainKey } from './key/plain.ts'
import type { Key } from './key/state.ts'

const day = 86_400_000

const seen = (state: Key) => ({
  exists: state.exists,
  state: state.state,
  description: state.description,
  policy: state.policy,
  tags: state.tags,
  deletion: state.deletionDate,
  rotation: state.rotation && { period: state.rotation.periodInDays, next: state.rotation.nextDate },
  materials: state.materials.map(({ id }) => id),
  onDemand: state.onDemandRotations,
})

/** Does the command on the aggregate; says what came of it. */
const run = (state: Key, command: KeyCommand): { events: readonly KeyEvent[]; refused: string | undefined } => {
  try {
    return { events: eventsOf(state, command), refused: undefined }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { events: [], refused: error.code }
  }
}

const few = (...names: readonly string[]) => fc.constantFrom(...names)
const tagList = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.array(fc.record({ TagKey: few('a', 'b', 'B', '__proto__', 'Aws:x'), TagValue: few('', '1', '2') }), {
      maxLength: 3,
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 45, max: 51 })
      .map((count) => Array.from({ length: count }, (_, n) => ({ TagKey: `n${n}`, TagValue: '' }))),
  },
)
const periods = fc.option(fc.constantFrom(90, 180, 365), { nil: undefined })

/** A command at a time, with material that no other command of the run has. */
type At = (now: number, materialId: string) => KeyCommand
const anyCommand: fc.Arbitrary<At> = fc.oneof(
  tagList.map((tags): At => (now, materialId) => ({ ...createKey, now, tags, materialId })),
  fc.constant<At>(() => ({ type: 'EnableKey' })),
  fc.constant<At>(() => ({ type: 'DisableKey' })),
  fc.integer({ min: 7, max: 30 }).map((windowInDays): At => (now) => ({
    type: 'ScheduleKeyDeletion',
    now,
    windowInDays,
  })),
  fc.constant<At>(() => ({ type: 'CancelKeyDeletion' })),
  fc.constant<At>((now) => ({ type: 'DeleteKey', now })),
  periods.map((periodInDays): At => (now) => ({ type: 'EnableKeyRotation', now, periodInDays })),
  fc.constant<At>(() => ({ type: 'DisableKeyRotation' })),
  fc.constant<At>((now, materialId) => ({ type: 'RotateKeyOnDemand', now, materialId })),
  fc.constant<At>((now, materialId) => ({ type: 'RotateKeyMaterial', now, materialId })),
  few('', 'one', 'two').map((description): At => () => ({ type: 'UpdateKeyDescription', description })),
  few('{}', '{ }').map((policy): At => () => ({ type: 'PutKeyPolicy', policy })),
  tagList.map((tags): At => () => ({ type: 'TagResource', tags })),
  fc.array(few('a', 'b', '__proto__', 'none'), { maxLength: 3 }).map((tagKeys): At => () => ({
    type: 'UntagResource',
    tagKeys,
  })),
)
/** Commands with time going by between them; most stories begin with a key. */
const story = fc
  .tuple(
    fc.boolean(),
    fc.array(fc.tuple(anyCommand, fc.constantFrom(0, 1, day, 8 * day, 100 * day, 1000 * day)), { maxLength: 60 }),
  )
  .map(([bare, steps]) => {
    let now = start
    const commands = steps.map(([at, later], index) => at((now += later), `material ${index}`))
    return bare ? commands : [createKey, ...commands]
  })

describe('a key, whatever is done to it', () => {
  test('is and refuses what a plain telling of the rules says', () => {
    fc.assert(
      fc.property(story, (commands) => {
        const plain = plainKey()
        let state = key.initial
        for (const command of commands) {
          const { events, refused } = run(state, command)
          expect(refused).toBe(plain.apply(command))
          state = fold(key, state, events)
          expect(seen(state)).toEqual(plain.seen())
        }
      }),
      { numRuns: 400 },
    )
  })

  test('is the fold of its events, in however many parts they are read', () => {
    fc.assert(
      fc.property(story, fc.nat({ max: 60 }), (commands, cut) => {
        const all: KeyEvent[] = []
        let state = key.initial
        for (const command of commands) {
          const { events } = run(state, command)
          state = fold(key, state, events)
          all.push(...events)
        }
        expect(fold(key, key.initial, all)).toEqual(state)
        expect(fold(key, fold(key, key.initial, all.slice(0, cut)), all.slice(cut))).toEqual(state)
      }),
      { numRuns: 200 },
    )
  })

  test('is not changed by deciding, and a command is never more than one event', () => {
    fc.assert(
      fc.property(story, (commands) => {
        let state = key.initial
        for (const command of commands) {
          const frozen = Object.freeze({ ...state })
          const { events } = run(frozen, command)
          expect(events.length).toBeLessThanOrEqual(1)
          expect(frozen).toEqual(state)
          state = fold(key, state, events)
        }
      }),
      { numRuns: 200 },
    )
  })

  test('takes a settled command a second time without an event', () => {
    const once = new Set<KeyCommand['type']>(['CreateKey', 'ScheduleKeyDeletion', 'CancelKeyDeletion'])
    fc.assert(
      fc.property(story, (commands) => {
        let state = key.initial
        for (const command of commands) {
          const { events, refused } = run(state, command)
          state = fold(key, state, events)
          const settled = refused === undefined && !once.has(command.type)
          expect(settled ? decide(key, state, command) : []).toEqual([])
        }
      }),
      { numRuns: 200 },
    )
  })
})
