import { describe, expect, test } from 'vitest'
import { allow, policy, reading, refusal } from './told.ts'

describe('a condition', () => {
  const conditioned = (Condition: unknown) => policy({ ...allow, Condition })

  test.each<[string, unknown]>([
    ['Condition is no object', []],
    ['Condition is no object', 'true'],
    ['A condition operator is no object', { StringEquals: 'a' }],
    ['A condition operator is unknown', { stringequals: {} }],
    ['A condition operator is unknown', { constructor: {} }],
    ['A condition operator is unknown', { NullIfExists: {} }],
    ['A condition operator is unknown', { IfExists: {} }],
    ['A condition operator is unknown', { 'ForSomeValues:StringEquals': {} }],
    ['A condition operator is unknown', { ':StringEquals': {} }],
    ['A condition operator is unknown', { 'ForAnyValue:ForAnyValue:StringEquals': {} }],
    ['A condition key is empty', { StringEquals: { '': 'a' } }],
    ['A condition value is a string, a number, a boolean or a list of them', { StringEquals: { a: null } }],
    ['A condition value is a string, a number, a boolean or a list of them', { StringEquals: { a: ['b', {}] } }],
    [
      'ForAllValues on an encryption context key is overly permissive',
      { 'ForAllValues:StringEquals': { 'kms:EncryptionContext:app': 'a' } },
    ],
  ])('is refused: %s (%j)', (reason, condition) => {
    expect(refusal(conditioned(condition))).toEqual({ reason, message: '' })
  })

  test('may be about a key of any name', () => {
    const [statement] = reading(conditioned(JSON.parse('{"StringEquals":{"__proto__":"x","constructor":["y"]}}')))
    expect(statement?.conditions.map(({ key, values }) => [key, values])).toEqual([
      ['__proto__', ['x']],
      ['constructor', ['y']],
    ])
  })
})
