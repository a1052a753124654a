import { type Fields, type Member, bounds, matches } from './model.ts'

/** A member's value that breaks the model, and AWS's words for it; `value` undefined means that the member is left out. */
export interface Violation {
  readonly title: string
  readonly value: unknown
  readonly sentences: readonly string[]
}

const quoted = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map(quoted).join(', ')}]` : shortened(String(value))
/** We repeat at most a kibibyte of a value. */
const shortened = (text: string) => (text.length > 1024 ? `${text.slice(0, 1024)}...` : text)

const sentence = ({ type, sensitive }: Member, value: unknown, at: string, constraint: string): string => {
  const echo = value === undefined ? ' null' : type === 'blob' || sensitive ? '' : ` '${shortened(quoted(value))}'`
  return `Value${echo} at '${at}' failed to satisfy constraint: ${constraint}`
}

const lowerFirst = (name: string) => name.charAt(0).toLowerCase() + name.slice(1)

/** What a scalar or a list itself must satisfy, in AWS's words, with whether a value does. */
const constraints = (member: Member): readonly (readonly [text: string, holds: (value: unknown) => boolean])[] => {
  const { min, max } = bounds(member)
  const { pattern, enum: values } = member
  const what = member.type === 'number' ? 'value' : 'length'
  const size = (value: unknown) => {
    if (typeof value === 'number') return value
    if (member.type === 'blob') return Buffer.from(value as string, 'base64').length
    return (value as string | readonly unknown[]).length
  }
  return [
    ...(max === undefined
      ? []
      : [[`Member must have ${what} less than or equal to ${max}`, (value: unknown) => size(value) <= max] as const]),
    ...(min === undefined
      ? []
      : [
          [`Member must have ${what} greater than or equal to ${min}`, (value: unknown) => size(value) >= min] as const,
        ]),
    ...(pattern === undefined
      ? []
      : [
          [
            `Member must satisfy regular expression pattern: ${pattern}`,
            (value: unknown) => matches(pattern, value as string),
          ] as const,
        ]),
    ...(values === undefined
      ? []
      : [
          [
            `Member must satisfy enum value set: [${values.join(', ')}]`,
            (value: unknown) => values.includes(value as string),
          ] as const,
        ]),
  ]
}

const filled = (member: Member, size: number): unknown => {
  if (member.type === 'number') return size
  if (member.type === 'blob') return Buffer.alloc(size, 7).toString('base64')
  if (member.type === 'list') return Array.from({ length: size }, () => sample(member.member!))
  return 'a'.repeat(size)
}

const strange = ['NO_SUCH_VALUE', 'enabled', 'not this, no!', 'Ā']

/** Values that might be too small, too large, or of the wrong look. */
const candidates = (member: Member): readonly unknown[] => {
  const { min, max } = bounds(member)
  return [
    ...(min === undefined || (min === 0 && member.type !== 'number') ? [] : [filled(member, min - 1)]),
    ...(max === undefined ? [] : [filled(member, max + 1)]),
    ...(member.enum || member.pattern ? strange : []),
  ]
}

/** A good value. */
export const sample = (member: Member): unknown => {
  const { min = 0, max = 1000 } = bounds(member)
  if (member.type === 'structure') return sampleOf(member.fields ?? {})
  if (member.type === 'map') return {}
  if (member.type === 'boolean') return false
  if (member.type === 'timestamp') return 0
  return member.enum?.[0] ?? filled(member, Math.min(Math.max(min, 1), max))
}
const sampleOf = (fields: Fields): object =>
  Object.fromEntries(
    Object.entries(fields)
      .filter(([, field]) => field.required)
      .map(([name, field]) => [name, sample(field)]),
  )

const told = (member: Member, value: unknown, at: string): readonly string[] =>
  constraints(member)
    .filter(([, holds]) => !holds(value))
    .map(([text]) => sentence(member, value, at, text))

const ofList = (member: Member, at: string): readonly Violation[] => {
  const inner = member.member!
  if (inner.type === 'structure')
    return ofMember(inner, `${at}.1.member`).map((violation) => ({ ...violation, value: [violation.value] }))
  // Of a scalar in a list AWS shows the list, and everything that its members must satisfy.
  const all = constraints(inner).map(([text]) => text)
  return candidates(inner)
    .filter((value) => told(inner, value, at).length > 0)
    .map((value) => ({
      title: `${at} of [${quoted(value).slice(0, 20)}]`,
      value: [value],
      sentences: [sentence(member, [value], at, `Member must satisfy constraint: [${all.join(', ')}]`)],
    }))
}

const ofMember = (member: Member, at: string): readonly Violation[] => {
  if (member.type === 'structure') return ofFields(member.fields ?? {}, sampleOf(member.fields ?? {}), `${at}.`)
  if (member.type === 'map' || member.type === 'boolean' || member.type === 'timestamp') return []
  const own = candidates(member)
    .map((value) => ({ value, sentences: told(member, value, at) }))
    .filter(({ sentences }) => sentences.length > 0)
    .map(({ value, sentences }) => {
      const shown = quoted(value)
      return { title: `${at} of '${shown.length > 24 ? `${shown.slice(0, 20)}...` : shown}'`, value, sentences }
    })
  return member.type === 'list' ? [...own, ...ofList(member, at)] : own
}

/** Every way to break one member of `fields`, the others as in `good`; `value` is the whole structure. */
export const ofFields = (fields: Fields, good: object, at = ''): readonly Violation[] =>
  Object.entries(fields).flatMap(([name, field]) => {
    const place = at + lowerFirst(name)
    const missing = {
      title: `${place} left out`,
      value: undefined,
      sentences: [sentence(field, undefined, place, 'Member must not be null')],
    }
    return [...(field.required ? [missing] : []), ...ofMember(field, place)].map((violation) => {
      const { [name]: _, ...others } = good as Record<string, unknown>
      return { ...violation, value: violation.value === undefined ? others : { ...others, [name]: violation.value } }
    })
  })

/** One request in which every member that can be broken is. */
export const allAtOnce = (fields: Fields, good: object): Violation => {
  const broken = Object.entries(fields).flatMap(([name, field]) => {
    const [first] = ofFields({ [name]: field }, good)
    return first ? [{ name, first }] : []
  })
  const value: Record<string, unknown> = { ...good }
  for (const { name, first } of broken) {
    delete value[name]
    const theirs = first.value as Record<string, unknown>
    if (name in theirs) value[name] = theirs[name]
  }
  return { title: 'every member at once', value, sentences: broken.flatMap(({ first }) => first.sentences) }
}

/** A ValidationException's text taken apart, its sentences and enum sets sorted: AWS does not promise their order. */
export const parts = (message: string) => {
  const [heading = '', ...rest] = message.split(/(?<=detected: )/)
  return { heading, sentences: normal(rest.join('').split('; ')) }
}
export const normal = (sentences: readonly string[]) =>
  sentences
    .map((one) =>
      one.replace(
        /enum value set: \[(.*)\]/,
        (_, set: string) => `enum value set: [${set.split(', ').sort().join(', ')}]`,
      ),
    )
    .sort()
