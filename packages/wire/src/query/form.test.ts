import { describe, expect, test } from 'vitest'
import { WireFault, boolean, integer, list, shape, string, structure, timestamp } from '../index.ts'
import { formShape } from './form-shape.ts'
import { formInput } from './form.ts'

const input = (text: string) => JSON.parse(JSON.stringify(formInput(new URLSearchParams(text)))) as unknown
const code = (run: () => unknown) => {
  try {
    return run()
  } catch (error) {
    return error instanceof WireFault ? error.code : error
  }
}

describe('a form', () => {
  test('holds structures and lists by the names of its parameters', () => {
    expect(
      input('Action=A&Version=1&Name=a&Tags.member.1.Key=k&Tags.member.1.Value=v&Tags.member.2.Key=l&A.B=c'),
    ).toEqual({
      Name: 'a',
      Tags: [{ Key: 'k', Value: 'v' }, { Key: 'l' }],
      A: { B: 'c' },
    })
  })
  test('orders a list by its numbers, and closes gaps', () => {
    expect(input('a.member.10=j&a.member.2=b&a.member.999999999=z')).toEqual({ a: ['b', 'j', 'z'] })
  })
  test('leaves what only looks like a list as it is', () => {
    expect(input('a.member.0=x')).toEqual({ a: { member: { '0': 'x' } } })
    expect(input('a.member.1=x&a.b=y')).toEqual({ a: { member: { '1': 'x' }, b: 'y' } })
    expect(input('a.member=x')).toEqual({ a: { member: 'x' } })
  })
  test('may call anything by any name', () => {
    const hostile = formInput(new URLSearchParams('__proto__.polluted=x&constructor.prototype.polluted=y&.=z&a..b=w'))
    expect(Object.keys(hostile)).toEqual(['__proto__', 'constructor', '', 'a'])
    expect(({} as { polluted?: string }).polluted).toBeUndefined()
  })
  test('is refused if a name is both a scalar and a structure, or too deep', () => {
    for (const text of ['a=1&a.b=2', 'a.b=2&a=1', `${'a.'.repeat(10)}a=1`, 'a.'.repeat(100_000)])
      expect(code(() => input(text))).toBe('SerializationException')
    expect(input(`${'a.'.repeat(9)}a=1`)).toBeInstanceOf(Object)
  })
})

describe('a shape for forms', () => {
  const shaped = formShape(
    shape({
      Name: string(),
      Count: integer({ min: 1, max: 10 }).default(5),
      Sure: boolean().optional(),
      When: timestamp().optional(),
      Tags: list(structure({ Key: string({ min: 1 }), Size: integer().optional() }), { max: 2 }).optional(),
    }),
  )
  const parsed = (text: string) => shaped.parse(formInput(new URLSearchParams(text)))

  test('reads numbers, booleans, times and empty lists from text', () => {
    expect(
      parsed('Name=12&Count=7&Sure=true&When=2026-06-01T12:00:00Z&Tags.member.1.Key=a&Tags.member.1.Size=3'),
    ).toEqual({
      Name: '12',
      Count: 7,
      Sure: true,
      When: Date.parse('2026-06-01T12:00:00Z'),
      Tags: [{ Key: 'a', Size: 3 }],
    })
    expect(parsed('Name=&Tags=')).toEqual({ Name: '', Count: 5, Tags: [] })
  })
  test('refuses text of another type as JSON of another type is refused', () => {
    for (const text of ['Count=1.5', 'Count=0x1', 'Count=', 'Sure=True', 'When=now', 'Tags=x', 'Name.a=b', 'Count.a=1'])
      expect(code(() => parsed(`Name=a&${text}`.replace('Name=a&Name', 'Name')))).toBe('SerializationException')
  })
  test('judges by the constraints of its members', () => {
    expect(() => parsed('Count=11&Tags.member.1.Key=')).toThrow(
      "3 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be null; " +
        "Value '11' at 'count' failed to satisfy constraint: Member must have value less than or equal to 10; " +
        "Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1",
    )
  })
})
