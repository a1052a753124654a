import { describe, expect, test } from 'vitest'
import type { ContextValue } from '../evaluation.ts'
import { conditions } from '../policy/conditions.ts'
import { PolicyFault } from '../policy/fault.ts'
import { conditionTests } from './condition.ts'
import { context } from './told.ts'

const holds = (condition: object, values: Readonly<Record<string, ContextValue>> = {}) =>
  conditionTests({ conditions: conditions(condition, 'identity'), effect: 'Allow' }, true).every((one) =>
    one(context(values)),
  )

describe('a condition', () => {
  test.each<[string, unknown, ContextValue | undefined, boolean]>([
    ['StringEquals', 'a', 'a', true],
    ['StringEquals', 'a', 'A', false],
    ['StringEquals', 'a*', 'ab', false],
    ['StringEquals', ['a', 'b', 'c'], 'c', true],
    ['StringEquals', ['a', '${aws:username}'], 'Alice', true],
    ['StringEquals', '${aws:userid}', 'x', false],
    ['StringEquals', '', '', true],
    ['StringEquals', 'a', '', false],
    ['StringEquals', 'a', undefined, false],
    ['StringEquals', 'a', [], false],
    ['StringEquals', 'b', ['a', 'b'], true],
    ['StringEqualsIfExists', 'a', undefined, true],
    ['StringEqualsIfExists', 'a', 'b', false],
    ['StringNotEquals', ['a', 'b'], 'c', true],
    ['StringNotEquals', ['a', 'b'], 'b', false],
    ['StringNotEquals', 'a', undefined, true],
    ['StringNotEquals', 'a', '', true],
    ['StringNotEquals', 'a', ['b', 'a'], false],
    ['StringNotEquals', 'a', ['b', 'c'], true],
    ['StringNotEquals', '${aws:userid}', 'x', true],
    ['StringEqualsIgnoreCase', 'aLICE', 'Alice', true],
    ['StringEqualsIgnoreCase', '${aws:username}', 'ALICE', true],
    ['StringNotEqualsIgnoreCase', 'A', 'a', false],
    ['StringLike', 'a*c?', 'abbbcd', true],
    ['StringLike', 'a*c?', 'abbbc', false],
    ['StringLike', '${aws:username}-*', 'Alice-1', true],
    ['StringLike', 'A*', 'alice', false],
    ['StringNotLike', ['x*', 'a*'], 'abc', false],
    ['NumericEquals', 5, '5.0', true],
    ['NumericEquals', '5', 'five', false],
    ['NumericNotEquals', '5', '6', true],
    ['NumericLessThan', '10', '9', true],
    ['NumericLessThan', '10', '10', false],
    ['NumericLessThanEquals', '10', '10', true],
    ['NumericGreaterThan', '-1.5', '-1', true],
    ['NumericGreaterThanEquals', '3', '2', false],
    ['NumericGreaterThan', '3', undefined, false],
    ['DateLessThan', '2026-06-01T00:00:00Z', '2026-05-31T23:59:59.999Z', true],
    ['DateLessThan', '2026-06-01T02:00:00+02:00', '2026-05-31T23:59:59Z', true],
    ['DateGreaterThan', '1780272000', '2026-06-01T00:00:01Z', true],
    ['DateEquals', '2026-06-01', '1780272000', true],
    ['DateNotEquals', '2026', '2026-01-01T00:00:00Z', false],
    ['DateGreaterThanEquals', '2026-06', '2026-06-01T00:00:00Z', true],
    ['DateLessThanEquals', '2026-06-01', 'never', false],
    ['Bool', true, 'true', true],
    ['Bool', 'True', 'TRUE', true],
    ['Bool', 'false', 'true', false],
    ['Bool', 'true', undefined, false],
    ['BoolIfExists', 'true', undefined, true],
    ['BinaryEquals', 'QmFzZQ==', 'QmFzZQ==', true],
    ['BinaryEquals', 'QmFzZQ==', 'QmFzZg==', false],
    ['IpAddress', ['10.0.0.0/8', '192.0.2.7'], '10.255.0.1', true],
    ['IpAddress', ['10.0.0.0/8', '192.0.2.7'], '192.0.2.8', false],
    ['IpAddress', '0.0.0.0/0', 'aws', false],
    ['NotIpAddress', '2001:db8::/32', '2001:db9::1', true],
    ['NotIpAddress', '2001:db8::/32', '2001:db8::1', false],
    ['ArnLike', 'arn:aws:iam::*:role/a*', 'arn:aws:iam::111122223333:role/a/b', true],
    ['ArnEquals', 'arn:aws:iam::*:role/a*', 'arn:aws:iam::111122223333:role/abc', true],
    ['ArnLike', 'arn:aws:sns:*:*:t', 'arn:aws:sns:eu-west-1:1:t', true],
    ['ArnLike', 'arn:aws:s3:::b*', 'arn:aws:s3:::bucket:x', true],
    ['ArnLike', 'arn:aws:s?s:*:1:*', 'arn:aws:sns:eu-west-1:2:1:x', false],
    ['ArnLike', 'arn:aws:iam::1:user/${aws:username}', 'arn:aws:iam::1:user/Alice', true],
    ['ArnLike', '${aws:username}', 'Alice', false],
    ['ArnNotLike', 'arn:aws:iam::1:user/*', 'arn:aws:iam::2:user/a', true],
    ['ArnNotEquals', 'arn:aws:iam::1:user/*', 'arn:aws:iam::1:user/a', false],
    ['ArnNotLike', 'arn:aws:iam::1:user/*', 'no arn', true],
    ['Null', 'true', undefined, true],
    ['Null', true, [], true],
    ['Null', 'true', '', false],
    ['Null', 'false', ['a'], true],
    ['Null', ['true', 'false'], 'a', true],
    ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'b', 'a'], true],
    ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'c'], false],
    ['ForAllValues:StringEquals', 'a', undefined, true],
    ['ForAllValues:StringEquals', 'a', [], true],
    ['ForAllValues:StringEquals', 'a', 'b', false],
    ['ForAllValues:StringNotEquals', ['a', 'b'], ['c', 'd'], true],
    ['ForAllValues:StringNotEquals', ['a', 'b'], ['c', 'b'], false],
    ['ForAnyValue:StringEquals', ['a', 'b'], ['c', 'b'], true],
    ['ForAnyValue:StringEquals', ['a', 'b'], ['c', 'd'], false],
    ['ForAnyValue:StringEquals', 'a', undefined, false],
    ['ForAnyValue:StringEquals', 'a', 'a', true],
    ['ForAnyValue:StringNotEquals', ['a', 'b'], ['a', 'c'], true],
    ['ForAnyValue:StringNotEquals', ['a', 'b'], ['a', 'b'], false],
    ['ForAnyValue:StringNotEquals', 'a', undefined, false],
    ['ForAnyValue:StringLikeIfExists', 'a*', undefined, true],
    ['ForAnyValue:ArnLike', 'arn:aws:iam::1:user/*', ['x', 'arn:aws:iam::1:user/a'], true],
  ])('%s %j of %j: %s', (operator, wanted, value, expected) => {
    const given = { 'aws:username': 'Alice', ...(value !== undefined && { 'k:key': value }) }
    expect(holds({ [operator]: { 'K:Key': wanted } }, given)).toBe(expected)
  })

  test('holds only if all of its operators and keys do', () => {
    const condition = { StringEquals: { a: '1', b: '2' }, Bool: { c: 'true' } }
    expect([
      holds(condition, { a: '1', b: '2', c: 'true' }),
      holds(condition, { a: '1', b: '2', c: 'false' }),
      holds(condition, { a: '1', c: 'true' }),
      holds({}),
    ]).toEqual([true, false, false, true])
  })

  test.each<[string, string, unknown]>([
    ['A condition value is no number', 'NumericEquals', 'five'],
    ['A condition value is no number', 'NumericEquals', '1e3'],
    ['A condition value is no number', 'NumericNotEquals', '${aws:username}'],
    ['A condition value is no number', 'NumericLessThan', ''],
    ['A condition value is no date', 'DateEquals', '2026-02-30'],
    ['A condition value is no date', 'DateEquals', '2026-13-01'],
    ['A condition value is no date', 'DateEquals', '2026-01-01T24:00:00Z'],
    ['A condition value is no date', 'DateEquals', '2026-01-01T00:00:00'],
    ['A condition value is no date', 'DateNotEquals', 'tomorrow'],
    ['A condition value is neither true nor false', 'Bool', 'yes'],
    ['A condition value is neither true nor false', 'Null', 1],
    ['A condition value is no base64', 'BinaryEquals', 'a'],
    ['A condition value is no IP address or range', 'IpAddress', '10.0.0.0/33'],
    ['A condition value is no IP address or range', 'NotIpAddress', '10.0.0'],
    ['A condition value is no ARN', 'ArnLike', '*'],
    ['A condition value is no ARN', 'ArnEquals', 'arn:aws:s3'],
    ['A policy variable is malformed', 'StringEquals', '${'],
    ['A condition has no values', 'StringNotEquals', []],
  ])('is refused: %s (%s %j)', (reason, operator, wanted) => {
    const refused = () => holds({ [operator]: { key: wanted } })
    expect(refused).toThrow(PolicyFault)
    expect(refused).toThrow(expect.objectContaining({ reason }))
  })
})
