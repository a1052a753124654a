import type { Context } from '../evaluation.ts'
import { PolicyFault } from '../policy/fault.ts'
import { Ambiguous } from './ambiguous.ts'
import { spend } from './effort.ts'
import { type Pattern, any, wildcard } from './pattern.ts'
import type { Verdict } from './verdict.ts'

/** A text of a policy as it is before the request is known. */
export type Template = readonly (number | Variable)[]
/** `${key, 'otherwise'}` */
interface Variable {
  /** Lower case. */
  readonly key: string
  readonly otherwise: string | undefined
}

/** How a text of a policy is read. */
export interface Reading {
  /** Whether `${...}` is a variable: in policies of version 2012-10-17 alone. */
  readonly variables: boolean
  /** Whether `*` and `?` are wildcards. */
  readonly wild: boolean
  /** Whether letters are compared without their case. */
  readonly ignoreCase?: boolean
}

const specials: ReadonlySet<string> = new Set(['*', '?', '$'])

/** Reads a text (IAM user guide, "IAM policy elements: Variables and tags"). Throws PolicyFault. */
export const template = (given: string, { variables, wild, ignoreCase = false }: Reading): Template => {
  const text = ignoreCase ? given.toLowerCase() : given
  const parts: (number | Variable)[] = []
  for (let at = 0; at < text.length;) {
    if (variables && text.startsWith('${', at)) {
      const { part, end } = variable(text, at + 2)
      parts.push(part)
      at = end
    } else {
      const code = text.charCodeAt(at++)
      parts.push(wild ? wildcard(code) : code)
    }
  }
  return parts
}

const malformed = () => new PolicyFault('A policy variable is malformed')

/** The variable whose name begins at `start`, and where the text goes on. */
const variable = (text: string, start: number): { part: number | Variable; end: number } => {
  let at = start
  while (at < text.length && text[at] !== ',' && text[at] !== '}') at++
  const name = text.slice(start, at).trim()
  if (name === '' || at === text.length) throw malformed()
  if (text[at] === '}') {
    const part = specials.has(name) ? name.charCodeAt(0) : { key: name.toLowerCase(), otherwise: undefined }
    return { part, end: at + 1 }
  }
  const open = afterSpaces(text, at + 1)
  const close = text[open] === "'" ? text.indexOf("'", open + 1) : -1
  const end = close < 0 ? -1 : afterSpaces(text, close + 1)
  if (end < 0 || text[end] !== '}') throw malformed()
  return { part: { key: name.toLowerCase(), otherwise: text.slice(open + 1, close) }, end: end + 1 }
}
const afterSpaces = (text: string, start: number): number => {
  let at = start
  while (text[at] === ' ') at++
  return at
}

/** Whether a template has no variables, so that it is the pattern. */
export const isPattern = (parts: Template): parts is Pattern => parts.every((part) => typeof part === 'number')

/** Steps to find what a variable stands for. */
const finding = 32
/** Steps that a character takes in lower case, or in a pattern: those that are not Latin are the slow ones. */
export const lowering = 6

/**
 * Whether the pattern of a request passes the test. Not if the request lacks a key that has no default, or has several values of it,
 * nor if no text of at most `longest` characters can match: a policy may name what is long a thousand times. Wildcards in a value
 * are characters like others. Throws TooManySteps.
 */
export const fits = (
  parts: Template,
  context: Context,
  { longest, ignoreCase = false }: { readonly longest: number; readonly ignoreCase?: boolean },
  test: (pattern: Pattern) => boolean,
): Verdict => {
  const pattern: number[] = []
  spend(parts.length)
  let room = longest
  for (const part of parts) {
    if (typeof part === 'number') {
      if (part !== any) room--
      if (room >= 0) pattern.push(part)
      continue
    }
    spend(finding)
    const value = context(part.key)
    if (value instanceof Ambiguous) return undefined
    const given = typeof value === 'string' ? value : part.otherwise
    room -= given?.length ?? Infinity
    if (given === undefined || room < 0) continue
    spend(given.length * lowering)
    const text = ignoreCase ? given.toLowerCase() : given
    for (let at = 0; at < text.length; at++) pattern.push(text.charCodeAt(at))
  }
  return room >= 0 && test(pattern)
}
