import { Ambiguous, type ContextValue } from '@keyledger/iam'

/** The patterns and conditions of AWS's policies, read aloud: see policy-interpreter.ts. */
export type Context = (key: string) => ContextValue | Ambiguous | undefined

export const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T]

// ---- patterns -------------------------------------------------------------------------------------------------------

/** One piece of a pattern: a character as such, `any` number of characters, or `one`. */
type Piece = { readonly is: string } | 'any' | 'one'

export const globs = (pattern: readonly Piece[], text: string): boolean => {
  // possible[i]: whether the pieces read so far can stand for the first i characters.
  const characters = Array.from(text)
  let possible = Array.from({ length: characters.length + 1 }, (_, i) => i === 0)
  for (const piece of pattern) {
    const next = possible.map(() => false)
    for (let i = 0; i <= characters.length; i++) {
      if (piece === 'any') next[i] = possible[i]! || (i > 0 && next[i - 1]!)
      else if (i > 0) next[i] = possible[i - 1]! && (piece === 'one' || piece.is === characters[i - 1])
    }
    possible = next
  }
  return possible[characters.length]!
}

const literally = (text: string): readonly Piece[] => Array.from(text, (is) => ({ is }))
export const wildly = (text: string): readonly Piece[] =>
  Array.from(text, (is) => (is === '*' ? 'any' : is === '?' ? 'one' : { is }))

/** A value with its variables filled in; undefined where one has no value. What a variable gives is never a wildcard. */
export const filled = (
  text: string,
  { variables, wildcards, context }: { variables: boolean; wildcards: boolean; context: Context },
): readonly Piece[] | undefined => {
  const read = wildcards ? wildly : literally
  if (!variables) return read(text)
  const pieces: Piece[] = []
  let missing = false
  let rest = text
  for (;;) {
    const start = rest.indexOf('${')
    const end = rest.indexOf('}', start)
    if (start < 0 || end < 0) return missing ? undefined : [...pieces, ...read(rest)]
    pieces.push(...read(rest.slice(0, start)))
    const value = variable(rest.slice(start + 2, end), context)
    missing ||= value === undefined
    pieces.push(...literally(value ?? ''))
    rest = rest.slice(end + 1)
  }
}

/** That a text has a variable of several values: nobody can tell what it says. */
export class Untold extends Error {}

const variable = (inside: string, context: Context): string | undefined => {
  if (inside === '*' || inside === '?' || inside === '$') return inside
  const [, name, fallback] = /^([^,]*), *'(.*)'$/.exec(inside) ?? [undefined, inside, undefined]
  const value = context(name!.trim().toLowerCase())
  if (value instanceof Ambiguous) throw new Untold()
  return typeof value === 'string' ? value : fallback
}

// ---- conditions -----------------------------------------------------------------------------------------------------

type Compare = (given: string, wanted: string, pieces: (wildcards: boolean) => readonly Piece[] | undefined) => boolean

export const exactly = (given: string, pieces: readonly Piece[] | undefined): boolean =>
  pieces !== undefined && globs(pieces, given)
const numbers =
  (holds: (given: number, wanted: number) => boolean): Compare =>
  (given, wanted) =>
    isNumber(given) && isNumber(wanted) && holds(Number(given), Number(wanted))
const isNumber = (text: string) => /^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(text)

const dates =
  (holds: (given: number, wanted: number) => boolean): Compare =>
  (given, wanted) => {
    const [a, b] = [moment(given), moment(wanted)]
    return !Number.isNaN(a) && !Number.isNaN(b) && holds(a, b)
  }
/** Milliseconds; a number is the seconds since 1970. */
const moment = (text: string): number => (/^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text))

/** The address as a number with its width in bits. */
const address = (text: string): { readonly bits: bigint; readonly width: 32 | 128 } | undefined => {
  if (!text.includes(':')) {
    const parts = text.split('.')
    if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined
    return { bits: parts.reduce((bits, part) => bits * 256n + BigInt(part), 0n), width: 32 }
  }
  const halves = text.split('::').map((half) => (half === '' ? [] : half.split(':')))
  if (halves.length > 2) return undefined
  const [head = [], tail = []] = halves
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return { bits: groups.reduce((bits, group) => bits * 65_536n + BigInt(`0x${group}`), 0n), width: 128 }
}
const within: Compare = (given, wanted) => {
  const [net = '', length] = wanted.split('/')
  const [a, b] = [address(given), address(net)]
  if (!a || !b || a.width !== b.width) return false
  const shift = BigInt(a.width - (length === undefined ? a.width : Number(length)))
  return a.bits >> shift === b.bits >> shift
}

/** Six segments, each matched by itself; only the last may hold further colons. */
const arns: Compare = (given, _, pieces) => {
  const pattern = pieces(true)
  const segments = given.split(':')
  if (!pattern || segments.length < 6) return false
  const texts = [...segments.slice(0, 5), segments.slice(5).join(':')]
  const patterns: Piece[][] = [[]]
  for (const piece of pattern)
    if (typeof piece === 'object' && piece.is === ':' && patterns.length < 6) patterns.push([])
    else patterns.at(-1)!.push(piece)
  return patterns.length === 6 && texts.every((text, i) => globs(patterns[i]!, text))
}

const lower = (pieces: readonly Piece[] | undefined): readonly Piece[] | undefined =>
  pieces?.map((piece) => (typeof piece === 'object' ? { is: piece.is.toLowerCase() } : piece))

const positive: Readonly<Record<string, Compare>> = {
  StringEquals: (given, _, pieces) => exactly(given, pieces(false)),
  StringEqualsIgnoreCase: (given, _, pieces) => exactly(given.toLowerCase(), lower(pieces(false))),
  StringLike: (given, _, pieces) => exactly(given, pieces(true)),
  NumericEquals: numbers((a, b) => a === b),
  NumericLessThan: numbers((a, b) => a < b),
  NumericLessThanEquals: numbers((a, b) => a <= b),
  NumericGreaterThan: numbers((a, b) => a > b),
  NumericGreaterThanEquals: numbers((a, b) => a >= b),
  DateEquals: dates((a, b) => a === b),
  DateLessThan: dates((a, b) => a < b),
  DateLessThanEquals: dates((a, b) => a <= b),
  DateGreaterThan: dates((a, b) => a > b),
  DateGreaterThanEquals: dates((a, b) => a >= b),
  Bool: (given, wanted) => given.toLowerCase() === wanted.toLowerCase(),
  BinaryEquals: (given, wanted) => given === wanted,
  IpAddress: within,
  ArnEquals: arns,
  ArnLike: arns,
}
const negative: Readonly<Record<string, Compare>> = {
  StringNotEquals: positive['StringEquals']!,
  StringNotEqualsIgnoreCase: positive['StringEqualsIgnoreCase']!,
  StringNotLike: positive['StringLike']!,
  NumericNotEquals: positive['NumericEquals']!,
  DateNotEquals: positive['DateEquals']!,
  NotIpAddress: within,
  ArnNotEquals: arns,
  ArnNotLike: arns,
}

/** Whether one of them does; undefined where none is known to and of one it cannot be told. */
export const anyOf = (texts: readonly string[], test: (text: string) => boolean): boolean | undefined => {
  const verdicts = texts.map((text) => {
    try {
      return test(text)
    } catch (error) {
      if (error instanceof Untold) return undefined
      throw error
    }
  })
  return verdicts.includes(true) || (verdicts.includes(undefined) ? undefined : false)
}

export const conditionHolds = (
  operator: string,
  key: string,
  values: readonly string[],
  { context, variables, effect }: { context: Context; variables: boolean; effect: string },
): boolean => {
  const found = context(key.toLowerCase())
  const given = found === undefined ? [] : found instanceof Ambiguous ? found.values : list(found)
  const [, quantifier, name, ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(operator)!
  if (name === 'Null') return values.some((value) => (value.toLowerCase() === 'true') === (given.length === 0))

  const compare = positive[name!] ?? negative[name!]!
  const isNegative = name! in negative
  // Among several values of a negated operator, none may match.
  const holds = (one: string) => {
    const found = anyOf(values, (value) =>
      compare(one, value, (wildcards) => filled(value, { variables, wildcards, context })),
    )
    return found === undefined ? effect === 'Deny' : found !== isNegative
  }

  // Of values that only the requester's order tells apart, none may let in and each may keep out.
  if (found instanceof Ambiguous) return effect === 'Deny' ? given.some(holds) : given.every(holds)
  if (quantifier === 'ForAllValues') return given.every(holds)
  if (quantifier === 'ForAnyValue') return given.length === 0 ? ifExists !== undefined : given.some(holds)
  if (given.length === 0) return isNegative || ifExists !== undefined
  return isNegative ? given.every(holds) : given.some(holds)
}
