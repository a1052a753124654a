import type { Description } from '../shape/constraints.ts'
import { type Fields, type Shape, describe } from '../shape.ts'

const whole = /^[+-]?\d{1,15}$/
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/

/** What a member's text stands for; text that stands for nothing of its type is left to the shape to refuse. */
const scalars: Partial<Record<Description['type'], (text: string) => unknown>> = {
  number: (text) => (whole.test(text) ? Number(text) : text),
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : text),
  timestamp: (text) => (moment.test(text) ? Date.parse(text) / 1000 : text),
  // An empty list has no members to name: the SDKs send `Tags=`.
  list: (text) => (text === '' ? [] : text),
  structure: (text) => (text === '' ? {} : text),
}

const typed = (description: Description, value: unknown): unknown => {
  if (typeof value === 'string') return scalars[description.type]?.(value) ?? value
  const { type, member, fields } = description
  if (type === 'list' && member && Array.isArray(value)) return value.map((one) => typed(member, one))
  if (type === 'structure' && fields) return members(fields, value)
  return value
}

const members = (fields: Readonly<Record<string, Description>>, value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const given = value as Readonly<Record<string, unknown>>
  const pairs = Object.entries(fields).filter(([name]) => Object.hasOwn(given, name))
  return Object.fromEntries(pairs.map(([name, field]) => [name, typed(field, given[name])]))
}

/** The shape for the query protocol, which has text only: numbers, booleans and times are read from theirs. */
export const formShape = <F extends Fields>(shape: Shape<F>): Shape<F> => {
  const fields = describe(shape as unknown as Shape)
  return { fields: shape.fields, parse: (form) => shape.parse(members(fields, form)) }
}
