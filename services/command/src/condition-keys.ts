import { Ambiguous, type Context } from '@keyledger/iam'
import type { Key } from '@keyledger/keys'
import { type Asked, type Constraints, prefixes, values } from './condition-values.ts'
import type { Call } from './operation.ts'

type Named = ReadonlyMap<string, string | readonly string[]>
/** Values by their names in lower case; names that differ in case alone share what they say. */
const byName = (pairs: Iterable<readonly [string, string]>): Named => {
  const all = new Map<string, string | string[]>()
  for (const [given, value] of pairs) {
    const name = given.toLowerCase()
    const before = all.get(name)
    if (before === undefined) all.set(name, value)
    else if (typeof before !== 'string') before.push(value)
    else if (before !== value) all.set(name, [before, value])
  }
  return all
}

/** Answers what policies ask of this request, when they ask. */
export const conditionKeys = (
  call: Call,
  action: string,
  key: Key | undefined,
  sameKey: boolean | undefined,
  constraints?: Constraints,
): Context => {
  const asked: Asked = { call, action, key, sameKey, constraints }
  /** By prefix. */
  let named: Map<string, Named> | undefined
  const found = (name: string): ReturnType<Context> => {
    const value = values.get(name)
    if (value) return value(asked)
    for (const [prefix, pairs] of prefixes) {
      if (!name.startsWith(prefix)) continue
      named ??= new Map()
      const ofPrefix = named.get(prefix) ?? byName(pairs(asked))
      named.set(prefix, ofPrefix)
      const own = ofPrefix.get(name.slice(prefix.length))
      return typeof own === 'object' ? new Ambiguous(own) : own
    }
    return undefined
  }
  // A policy may ask the same a hundred thousand times, and some answers come from a database.
  let known: Map<string, ReturnType<Context>> | undefined
  return (name) => {
    known ??= new Map()
    const before = known.get(name)
    if (before !== undefined || known.has(name)) return before
    const value = found(name)
    known.set(name, value)
    return value
  }
}
