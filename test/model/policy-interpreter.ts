import type { Caller, ContextValue } from '@keyledger/iam'

/**
 * AWS's evaluation logic read aloud (IAM user guide, "Policy evaluation logic", "Condition operators", "Variables and
 * tags"; KMS developer guide, "Key policies"): straight over the documents as JSON, one rule after the other, nothing
 * prepared. Slow. It shares no code with what it judges.
 */
export interface Statement {
  readonly Sid?: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Principal?: PrincipalElement
  readonly NotPrincipal?: PrincipalElement
  readonly Action?: string | readonly string[]
  readonly NotAction?: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly NotResource?: string | readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, Value | readonly Value[]>>>>
}
type Value = string | number | boolean
type PrincipalElement = '*' | Readonly<Record<string, string | readonly string[]>>
export interface Document {
  readonly Version?: string
  readonly Id?: string
  readonly Statement: Statement | readonly Statement[]
}

export type Kind = 'identity-based' | 'resource-based' | 'session'
export interface Asked {
  readonly keyPolicy: Document | undefined
  /** ARN in the key policy -> the unique id it stood for when the policy was written. */
  readonly principalIds?: Readonly<Record<string, string>> | undefined
  readonly identityPolicies: readonly Document[]
  readonly sessionPolicies: readonly Document[] | undefined
  readonly caller: Pick<Caller, 'arn' | 'accountId' | 'names' | 'sessionNames' | 'principalType'>
  readonly action: string
  readonly resource: string
  readonly account: string
  readonly context: (key: string) => ContextValue | undefined
  readonly grant?: string | undefined
}
/** Every way in, or every policy type in the way: of several, AWS names one and does not say which. */
export type Verdict =
  | { readonly allowed: true; readonly by: readonly ('key policy' | 'identity policy' | 'grant')[] }
  | { readonly allowed: false; readonly explicit: boolean; readonly policyTypes: readonly Kind[] }

const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T]

// ---- patterns -------------------------------------------------------------------------------------------------------

/** One piece of a pattern: a character as such, `any` number of characters, or `one`. */
type Piece = { readonly is: string } | 'any' | 'one'

const globs = (pattern: readonly Piece[], text: string): boolean => {
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
const wildly = (text: string): readonly Piece[] =>
  Array.from(text, (is) => (is === '*' ? 'any' : is === '?' ? 'one' : { is }))

/** A value with its variables filled in; undefined where one has no value. What a variable gives is never a wildcard. */
const filled = (
  text: string,
  { variables, wildcards, context }: { variables: boolean; wildcards: boolean; context: Asked['context'] },
): readonly Piece[] | undefined => {
  const read = wildcards ? wildly : literally
  if (!variables) return read(text)
  const pieces: Piece[] = []
  let rest = text
  for (;;) {
    const start = rest.indexOf('${')
    const end = rest.indexOf('}', start)
    if (start < 0 || end < 0) return [...pieces, ...read(rest)]
    pieces.push(...read(rest.slice(0, start)))
    const value = variable(rest.slice(start + 2, end), context)
    if (value === undefined) return undefined
    pieces.push(...literally(value))
    rest = rest.slice(end + 1)
  }
}

const variable = (inside: string, context: Asked['context']): string | undefined => {
  if (inside === '*' || inside === '?' || inside === '$') return inside
  const [, name, fallback] = /^([^,]*), *'(.*)'$/.exec(inside) ?? [undefined, inside, undefined]
  const value = context(name!.trim().toLowerCase())
  return typeof value === 'string' ? value : fallback
}

// ---- conditions -----------------------------------------------------------------------------------------------------

type Compare = (given: string, wanted: string, pieces: (wildcards: boolean) => readonly Piece[] | undefined) => boolean

const exactly = (given: string, pieces: readonly Piece[] | undefined): boolean =>
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

const conditionHolds = (
  operator: string,
  key: string,
  values: readonly string[],
  { context, variables }: { context: Asked['context']; variables: boolean },
): boolean => {
  const found = context(key.toLowerCase())
  const given = found === undefined ? [] : list(found)
  const [, quantifier, name, ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(operator)!
  if (name === 'Null') return values.some((value) => (value.toLowerCase() === 'true') === (given.length === 0))

  const compare = positive[name!] ?? negative[name!]!
  const isNegative = name! in negative
  const anyOf = (one: string) =>
    values.some((value) => compare(one, value, (wildcards) => filled(value, { variables, wildcards, context })))
  // Among several values of a negated operator, none may match.
  const holds = (one: string) => anyOf(one) !== isNegative

  if (quantifier === 'ForAllValues') return given.every(holds)
  if (quantifier === 'ForAnyValue') return given.length === 0 ? ifExists !== undefined : given.some(holds)
  if (given.length === 0) return isNegative || ifExists !== undefined
  return isNegative ? given.every(holds) : given.some(holds)
}

// ---- statements -----------------------------------------------------------------------------------------------------

const actionApplies = ({ Action, NotAction }: Statement, action: string): boolean => {
  const matches = (pattern: string) => globs(wildly(pattern.toLowerCase()), action.toLowerCase())
  if (Action !== undefined) return list(Action).some(matches)
  return NotAction !== undefined && !list(NotAction).some(matches)
}

const resourceApplies = ({ Resource, NotResource }: Statement, asked: Asked, variables: boolean): boolean => {
  const { context, resource } = asked
  const matches = (pattern: string) => exactly(resource, filled(pattern, { variables, wildcards: true, context }))
  if (Resource !== undefined) return list(Resource).some(matches)
  return NotResource !== undefined && !list(NotResource).some(matches)
}

/** Whether a statement, its principals aside, is about this request. */
const applies = (document: Document, statement: Statement, asked: Asked): boolean => {
  const variables = document.Version === '2012-10-17'
  return (
    actionApplies(statement, asked.action) &&
    resourceApplies(statement, asked, variables) &&
    Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
      Object.entries(keys).every(([key, values]) =>
        conditionHolds(operator, key, list(values).map(String), { context: asked.context, variables }),
      ),
    )
  )
}

/** By which of the caller's names a statement knows him. */
type Known = 'session' | 'self' | 'everyone' | 'account'

const principalsOf = (element: PrincipalElement): readonly string[] =>
  element === '*' ? ['*'] : list(element['AWS'])

const knownAs = (element: PrincipalElement, { caller, principalIds }: Asked): Set<Known> => {
  const known = new Set<Known>()
  for (const principal of principalsOf(element)) {
    const name = principalIds?.[principal] ?? principal
    const isAccount = principal === caller.accountId || principal === `arn:aws:iam::${caller.accountId}:root`
    if (principal === '*') known.add('everyone')
    else if (isAccount) known.add(caller.principalType === 'Account' ? 'self' : 'account')
    else if (caller.sessionNames.includes(name)) known.add('session')
    else if (caller.names.includes(name)) known.add('self')
  }
  return known
}

/**
 * Who a statement of the key policy is for. With Deny, an account in NotPrincipal excepts its root user alone. With Allow
 * AWS no longer supports NotPrincipal; here it excepts all of an account that it names, and means everyone else.
 */
const addressed = (statement: Statement, asked: Asked): ReadonlySet<Known> => {
  if (statement.Principal !== undefined) return knownAs(statement.Principal, asked)
  const excepted = knownAs(statement.NotPrincipal!, asked)
  if (statement.Effect === 'Deny') excepted.delete('account')
  return new Set<Known>(excepted.size > 0 ? [] : ['everyone'])
}

// ---- decisions ------------------------------------------------------------------------------------------------------

const statements = (documents: readonly Document[]) =>
  documents.flatMap((document) => list(document.Statement).map((statement) => ({ document, statement })))

export const interpret = (asked: Asked): Verdict => {
  const { keyPolicy, caller, account } = asked
  const relevant = (documents: readonly Document[]) =>
    statements(documents)
      .filter(({ document, statement }) => applies(document, statement, asked))
      .map(({ statement }) => statement)
  const ofKey = relevant(keyPolicy ? [keyPolicy] : [])
  const ofIdentity = relevant(asked.identityPolicies)
  const ofSession = relevant(asked.sessionPolicies ?? [])
  const says = (Effect: Statement['Effect'], found: readonly Statement[]) => found.some((s) => s.Effect === Effect)

  const denying: Kind[] = []
  if (says('Deny', ofIdentity)) denying.push('identity-based')
  if (says('Deny', ofSession)) denying.push('session')
  if (ofKey.some((statement) => statement.Effect === 'Deny' && addressed(statement, asked).size > 0))
    denying.push('resource-based')
  if (denying.length > 0) return { allowed: false, explicit: true, policyTypes: denying }

  const known = new Set(ofKey.filter(({ Effect }) => Effect === 'Allow').flatMap((s) => [...addressed(s, asked)]))
  const sessionAllows = asked.sessionPolicies === undefined || says('Allow', ofSession)
  // The account's root user needs no policy of his own.
  const identityAllows = caller.principalType === 'Account' || says('Allow', ofIdentity)
  const sameAccount = caller.accountId === account
  const named = known.has('self') || known.has('everyone')

  const by: ('key policy' | 'identity policy' | 'grant')[] = []
  if (!keyPolicy) {
    if (identityAllows && sessionAllows) by.push('identity policy')
  } else if (sameAccount) {
    // Session policies limit what a user or role is given, neither what is the session's own nor what is everyone's.
    const unlimited = known.has('session') || known.has('everyone')
    if (unlimited || (known.has('self') && sessionAllows)) by.push('key policy')
    if (known.has('account') && identityAllows && sessionAllows) by.push('identity policy')
  } else if (known.size > 0 && identityAllows && sessionAllows) by.push('key policy', 'identity policy')
  if (asked.grant !== undefined) by.push('grant')
  if (by.length > 0) return { allowed: true, by }

  const lacking: Kind[] = []
  if (keyPolicy && known.size === 0) lacking.push('resource-based')
  if (!identityAllows && !(keyPolicy && sameAccount && named)) lacking.push('identity-based')
  if (!sessionAllows) lacking.push('session')
  return { allowed: false, explicit: false, policyTypes: lacking }
}
