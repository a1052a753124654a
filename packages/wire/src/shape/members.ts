import { z } from 'zod'
import { constraints, type Description, type FieldDescription } from './constraints.ts'

/** What an issue of this package's own carries; every other issue says that the JSON is of another type. */
export type Finding = { readonly constraint: string } | { readonly malformed: string }

/** Schemas by member name; an optional or defaulted one is not required. */
export type Fields = Readonly<Record<string, z.ZodType>>

interface Bounds {
  readonly min?: number
  readonly max?: number
}
type Issues = z.core.$ZodRawIssue[]

const registry = z.registry<Description>()

const bare = (schema: z.core.$ZodType): z.core.$ZodType =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? bare(schema.def.innerType) : schema

/** What a member was declared to be. */
export const descriptionOf = (schema: z.core.$ZodType): Description => {
  const found = registry.get(bare(schema) as z.ZodType)
  if (!found) throw new TypeError('a shape is made of the members of this module')
  return found
}

const declared = <S extends z.ZodType>(description: Description, schema: S): S => {
  registry.add(schema, description)
  return schema
}

const report = (issues: Issues, input: unknown, params: Finding): void => {
  issues.push({ code: 'custom', input, params, continue: true })
}

/** Reports every constraint that a value breaks. */
const judge = (description: Description) => {
  const all = constraints(description)
  return (issues: Issues, value: unknown, size: number): void => {
    for (const { text, holds } of all) if (!holds(value, size)) report(issues, value, { constraint: text })
  }
}

/** As Smithy counts; the units of UTF-16 are as many unless there are surrogates. */
const codePoints = (text: string): number => {
  let pairs = 0
  for (let at = 0; at < text.length; at++) if ((text.charCodeAt(at) & 0xfc00) === 0xd800) pairs++
  return text.length - pairs
}

const illFormed: Finding = { malformed: 'Unpaired surrogate in string' } // AWS's words are unknown

/** Lengths in code points. */
export const string = (rules: Bounds & { readonly pattern?: string; readonly sensitive?: true } = {}) => {
  const description: Description = { type: 'string', ...rules }
  const judged = judge(description)
  return declared(
    description,
    z.string().check(({ value, issues }) => {
      if (value.isWellFormed()) judged(issues, value, codePoints(value))
      else report(issues, value, illFormed)
    }),
  )
}

const int32 = 2 ** 31
const notInteger: Finding = { malformed: 'NUMBER_VALUE can not be converted to an Integer' }

/** A 32-bit integer. */
export const integer = (rules: Bounds = {}) => {
  const description: Description = { type: 'number', ...rules }
  const judged = judge(description)
  return declared(
    description,
    z.number().check(({ value, issues }) => {
      if (Number.isInteger(value) && value < int32 && value >= -int32) judged(issues, value, value)
      else report(issues, value, notInteger)
    }),
  )
}

export const boolean = () => declared({ type: 'boolean' }, z.boolean())

/** The last moment a Date can hold (ECMA-262), in seconds. */
const lastSecond = 8.64e12

/** Epoch seconds on the wire, fractions allowed; milliseconds here. */
export const timestamp = () =>
  declared(
    { type: 'timestamp' },
    z.number().transform((seconds, { issues }) => {
      if (Math.abs(seconds) > lastSecond) report(issues, seconds, { malformed: 'Timestamp out of range' })
      return Math.round(seconds * 1000)
    }),
  )

/** One of these strings; refusals list them in this order. */
export const enumeration = <const V extends readonly [string, ...string[]]>(values: V) => {
  const description: Description = { type: 'string', enum: values }
  const judged = judge(description)
  const schema = z.string().transform((value, { issues }) => {
    judged(issues, value, 0)
    return value as V[number]
  })
  return declared(description, schema)
}

/** undefined unless it is base64 with its padding, whole: Buffer.from skips over anything else. */
const decoded = (text: string): Buffer | undefined => {
  if (text.length % 4 !== 0 || text.includes('-') || text.includes('_')) return undefined
  const bytes = Buffer.from(text, 'base64')
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  return bytes.length === (text.length / 4) * 3 - padding ? bytes : undefined
}

/** Base64 on the wire, a Buffer here; lengths are of the decoded bytes. No refusal ever repeats a blob. */
export const blob = (rules: Bounds & { readonly sensitive?: true } = {}) => {
  const description: Description = { type: 'blob', ...rules }
  const judged = judge(description)
  const schema = z.string().transform((text, { issues }): Buffer => {
    const value = decoded(text)
    if (value) judged(issues, text, value.length)
    else report(issues, text, { malformed: 'Invalid base64 in blob' }) // AWS's words are unknown
    return value ?? z.NEVER
  })
  return declared(description, schema)
}

/** No list of any operation is longer; a hostile one is refused before its members are looked at. */
const longest = 1000

export const list = <M extends z.ZodType>(member: M, rules: Bounds & { readonly sensitive?: true } = {}) => {
  const description: Description = { type: 'list', ...rules, member: descriptionOf(member) }
  const tooLong = judge({ type: 'list', max: rules.max ?? longest })
  const judged = judge(description)
  const members = z.array(member).check(({ value, issues }) => judged(issues, value, value.length))
  const schema = z.preprocess((value, { issues }) => {
    if (Array.isArray(value)) tooLong(issues, value, value.length)
    return value
  }, members)
  return declared(description, schema)
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** AWS's words for a list or a structure where a scalar belongs. */
export const startOf = (value: object): string =>
  Array.isArray(value)
    ? 'Start of list found where not expected'
    : 'Start of structure or map found where not expected.'

/** Whether a double keeps such a number's digits, as far as it tells: those of an integer to 2^53, else 15 of them (IEEE 754). */
const isExact = (value: number): boolean =>
  Number.isSafeInteger(value) || (Math.abs(value) < 1e15 && Number(value.toPrecision(15)) === value)

/** What is wrong with one pair of a map, if anything. */
const pairFinding = (name: string, value: unknown): Finding | undefined => {
  if (value === null) return { constraint: 'Map value must satisfy constraint: [Member must not be null]' }
  if (typeof value === 'object') return { malformed: startOf(value) }
  // Of such a number nobody knows what the caller wrote, and two contexts would be one.
  if (typeof value === 'number' && !isExact(value))
    return { malformed: 'NUMBER_VALUE can not be converted to a String' }
  return name.isWellFormed() && (typeof value !== 'string' || value.isWellFormed()) ? undefined : illFormed
}

/**
 * What has no names but its own, so that `__proto__` and `constructor` are names like any other. Made so and not by
 * Object.create(null): that one is a hash table from the start, which V8 reads and writes as JSON at half the speed.
 */
const Strings = function () {} as unknown as new () => Record<string, string>
Strings.prototype = Object.freeze(Object.create(null))

/** Strings by name; other scalars become strings, as AWS's parser makes them. */
export const map = () => {
  const schema = z.custom<Readonly<Record<string, unknown>>>(isRecord).transform((pairs, { issues }) => {
    const strings = new Strings()
    for (const name of Object.keys(pairs)) {
      const finding = pairFinding(name, pairs[name])
      if (finding) return (report(issues, pairs, finding), z.NEVER)
      strings[name] = String(pairs[name])
    }
    return strings as Readonly<Record<string, string>>
  })
  return declared({ type: 'map', key: { type: 'string' }, value: { type: 'string' } }, schema)
}

/** Members it does not know are ignored; null is as good as absent. */
export const structure = <F extends Fields>(fields: F) => {
  const names = Object.keys(fields)
  const present = (value: unknown): unknown => {
    if (!isRecord(value) || !names.some((name) => value[name] === null)) return value
    return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null))
  }
  const described = Object.entries(fields).map(([name, field]): [string, FieldDescription] => [
    name,
    { ...descriptionOf(field), required: bare(field) === field },
  ])
  return declared({ type: 'structure', fields: Object.fromEntries(described) }, z.preprocess(present, z.object(fields)))
}
