import { wireFault, type WireFault } from '../fault.ts'
import { constraints, type Description } from './constraints.ts'
import { startOf, type Finding } from './members.ts'

/** An issue as zod hands it over. */
export interface Issue {
  readonly code: string
  readonly path: readonly PropertyKey[]
  readonly params?: Record<string, unknown> | undefined
}

/** AWS repeats whole values; a kibibyte of one tells which it was, and keeps answers and trail small. */
const longestEcho = 1024
/** Of many violations the first are written out; the count is of all. */
const mostWritten = 20

/** What AWS calls the type it wanted, in `... can not be converted to ...`. */
const scalars: Partial<Record<Description['type'], string>> = {
  string: 'a String',
  number: 'an Integer',
  boolean: 'a Boolean',
  timestamp: 'a Timestamp',
  blob: 'a Blob',
}
const containers: Partial<Record<Description['type'], string>> = {
  list: 'Expected list or null',
  map: 'Expected map or null',
  structure: 'Expected null',
}

const wrongType = (wanted: Description['type'], value: unknown): string => {
  if (typeof value === 'object' && value !== null) return startOf(value)
  const token = typeof value === 'boolean' ? String(value) : typeof value
  return containers[wanted] ?? `${token.toUpperCase()}_VALUE can not be converted to ${scalars[wanted]}`
}

/** As AWS writes a member's place: `tags.1.member.tagKey`. */
const place = (path: readonly PropertyKey[]): string =>
  path
    .map((step) =>
      typeof step === 'number' ? `${step + 1}.member` : String(step).replace(/^./, (first) => first.toLowerCase()),
    )
    .join('.')

const shortened = (text: string): string =>
  text.length > longestEcho ? `${text.slice(0, longestEcho)}...`.toWellFormed() : text.toWellFormed()

/** As Java prints it: `[a, b]`, `{a=1, b=2}`. */
const printed = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.slice(0, longestEcho).map(printed).join(', ')}]`
  if (typeof value !== 'object' || value === null) return shortened(String(value))
  const pairs = Object.entries(value).slice(0, longestEcho)
  return `{${pairs.map(([name, member]) => `${name}=${printed(member)}`).join(', ')}}`
}

const described = (root: Description, path: readonly PropertyKey[]): Description => {
  let at = root
  for (const step of path) at = (typeof step === 'number' ? at.member : at.fields?.[String(step)]) ?? at
  return at
}

const valueAt = (json: unknown, path: readonly PropertyKey[]): unknown => {
  let at = json
  for (const step of path) at = (at as Record<PropertyKey, unknown> | null | undefined)?.[step]
  return at
}

const violation = (root: Description, json: unknown, path: readonly PropertyKey[], constraint: string): string => {
  const { type, sensitive } = described(root, path)
  const value = valueAt(json, path) ?? null
  const echo = value === null ? ' null' : sensitive || type === 'blob' ? '' : ` '${shortened(printed(value))}'`
  return `Value${echo} at '${place(path)}' failed to satisfy constraint: ${constraint}`
}

const isScalar = ({ type }: Description): boolean => type in scalars

/**
 * The refusal AWS gives for these issues: SerializationException if the JSON is of another type than the model's,
 * otherwise ValidationException with every violation.
 */
export const refusal = (root: Description, json: unknown, issues: readonly Issue[]): WireFault => {
  const violations = new Set<string>()
  for (const { path, params } of issues) {
    const finding = params as Finding | undefined
    const value = valueAt(json, path)
    const absent = value === undefined || value === null
    if (finding && 'malformed' in finding) return wireFault('malformedBody', finding.malformed)
    if (!finding && !absent) return wireFault('malformedBody', wrongType(described(root, path).type, value))

    const constraint = finding?.constraint ?? 'Member must not be null'
    if (finding && typeof path.at(-1) === 'number' && isScalar(described(root, path))) {
      // A scalar in a list: AWS shows the list, once, and everything its members must satisfy.
      const texts = constraints(described(root, path)).map(({ text }) => text)
      const all = `Member must satisfy constraint: [${texts.join(', ')}]`
      violations.add(violation(root, json, path.slice(0, -1), all))
    } else violations.add(violation(root, json, path, constraint))
  }
  const heading = `${violations.size} validation error${violations.size === 1 ? '' : 's'} detected: `
  return wireFault('validation', heading + [...violations].slice(0, mostWritten).join('; '))
}
