import { describe, expect, test } from 'vitest'
import { type Aggregate, type Decide, type Evolve, decide, fold } from './decider.ts'

type Command = { type: 'Add'; amount: number } | { type: 'Forget' }
type Event = { type: 'Added'; data: { amount: number } } | { type: 'Forgotten'; data: object }

const counter: Aggregate<number, Command, Event> = {
  initial: 0,
  decide: {
    Add: (_, { amount }) => (amount === 0 ? [] : [{ type: 'Added', data: { amount } }]),
    Forget: (count) => (count === 0 ? [] : [{ type: 'Forgotten', data: {} }]),
  },
  evolve: { Added: (count, { data }) => count + data.amount, Forgotten: () => 0 },
}

describe('an aggregate', () => {
  test('decides a command into events', () => {
    expect(decide(counter, 5, { type: 'Add', amount: 3 })).toEqual([{ type: 'Added', data: { amount: 3 } }])
    expect(decide(counter, 0, { type: 'Forget' })).toEqual([])
  })

  test('folds events into its state', () => {
    const added = { type: 'Added', data: { amount: 3 } } as const
    expect(fold(counter, counter.initial, [added, added])).toBe(6)
    expect(fold(counter, 6, [])).toBe(6)
  })

  test.each(['Unheard', '__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'knows nothing of the type %s',
    (type) => {
      const words = `nothing is known of "${type}"`
      expect(() => decide(counter, 0, { type } as unknown as Command)).toThrow(words)
      expect(() => fold(counter, 0, [{ type, data: {} } as unknown as Event])).toThrow(words)
    },
  )

  test('with a command or event forgotten is a type error', () => {
    // @ts-expect-error Forget is missing
    const forgotten: Decide<number, Command, Event> = { Add: () => [] }
    // @ts-expect-error Forgotten is missing
    const unheard: Evolve<number, Event> = { Added: (count) => count }
    expect([Object.keys(forgotten), Object.keys(unheard)]).toEqual([['Add'], ['Added']])
  })
})
