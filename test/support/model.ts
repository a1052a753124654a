import { readFileSync } from 'node:fs'

/** A member of AWS's own model; `effective` says what the service enforces where the model says less. */
export interface Member {
  /** The model's own name of a structure. */
  readonly name?: string
  readonly type: 'string' | 'number' | 'boolean' | 'timestamp' | 'blob' | 'list' | 'map' | 'structure'
  readonly min?: number
  readonly max?: number
  readonly pattern?: string
  readonly enum?: readonly string[]
  readonly sensitive?: boolean
  readonly required?: boolean
  readonly member?: Member
  readonly fields?: Fields
  readonly effective?: { readonly min?: number; readonly max?: number; readonly default?: number }
}
export type Fields = Readonly<Record<string, Member>>
export interface Operation {
  readonly input: Fields
  readonly output: Fields
  readonly errors: readonly string[]
}

const json = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../model/${name}.json`, import.meta.url), 'utf8')) as unknown

const asAwsHasIt = json('kms-operations') as Readonly<Record<string, Operation>>

const tokens = new Set(['GrantToken', 'GrantTokens'])
const asServed = (name: string, member: Member): Member => {
  if (tokens.has(name)) return { ...member, sensitive: true }
  // The name of a grant that was given none is listed as an empty text.
  if (name === 'GrantListEntry') return withField(member, 'Name', { type: 'string', max: 256 })
  return member.member ? { ...member, member: asServed(member.member.name ?? '', member.member) } : member
}
const withField = (member: Member, name: string, field: Member): Member => ({
  ...member,
  fields: { ...member.fields, [name]: field },
})
const allAsServed = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, member]) => [name, asServed(name, member)]))

/** AWS's model, with what the service adds to it: grant tokens are secrets, and grants need no name. */
export const model: typeof asAwsHasIt = Object.fromEntries(
  Object.entries(asAwsHasIt).map(([name, operation]) => [
    name,
    { ...operation, input: allAsServed(operation.input), output: allAsServed(operation.output) },
  ]),
)
export const iamActions = (json('kms-iam-actions') as { actions: Readonly<Record<string, unknown>> }).actions

export const operationOf = (name: string): Operation => {
  const found = model[name]
  if (!found) throw new Error(`AWS KMS has no operation ${name}`)
  return found
}

/** Smallest and largest as the service enforces them. */
export const bounds = ({ min, max, effective }: Member) => ({ min: effective?.min ?? min, max: effective?.max ?? max })

export const matches = (pattern: string, text: string): boolean => new RegExp(`^(?:${pattern})$`, 'u').test(text)

const sizeOf = (member: Member, value: unknown): number => {
  if (member.type === 'number') return value as number
  if (member.type === 'blob') return Buffer.from(value as string, 'base64').length
  return member.type === 'string' ? Array.from(value as string).length : (value as readonly unknown[]).length
}

const jsonTypes: Readonly<Record<Member['type'], (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  blob: (value) => typeof value === 'string' && Buffer.from(value, 'base64').toString('base64') === value,
  number: (value) => Number.isInteger(value),
  timestamp: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  list: (value) => Array.isArray(value),
  map: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  structure: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
}

const memberDeviations = (member: Member, value: unknown, at: string): readonly string[] => {
  if (!jsonTypes[member.type](value)) return [`${at} is no ${member.type}`]
  if (member.type === 'structure') return fieldDeviations(member.fields ?? {}, value as Record<string, unknown>, at)
  const found: string[] = []
  if (['string', 'blob', 'number', 'list'].includes(member.type)) {
    const size = sizeOf(member, value)
    if (member.min !== undefined && size < member.min) found.push(`${at} is less than ${member.min}`)
    if (member.max !== undefined && size > member.max) found.push(`${at} is more than ${member.max}`)
  }
  if (member.pattern !== undefined && !matches(member.pattern, value as string))
    found.push(`${at} is not ${member.pattern}`)
  if (member.enum !== undefined && !member.enum.includes(value as string)) found.push(`${at} is none of its enum`)
  const inner = member.member
  if (member.type !== 'list' || !inner) return found
  return [...found, ...(value as unknown[]).flatMap((one, n) => memberDeviations(inner, one, `${at}[${n}]`))]
}

const fieldDeviations = (fields: Fields, value: Readonly<Record<string, unknown>>, at: string): readonly string[] => [
  ...Object.keys(value)
    .filter((name) => !(name in fields))
    .map((name) => `${at}.${name} is not in the model`),
  ...Object.entries(fields).flatMap(([name, field]) => {
    if (value[name] !== undefined) return memberDeviations(field, value[name], `${at}.${name}`)
    return field.required ? [`${at}.${name} is missing`] : []
  }),
]

/** Where an answer, as it came over the wire, is not what the model says the operation answers. */
export const deviations = (operation: string, answer: unknown): readonly string[] => {
  const { output } = operationOf(operation)
  if (Object.keys(output).length === 0) return answer === undefined ? [] : ['the body is not empty']
  return memberDeviations({ type: 'structure', fields: output }, answer, operation)
}

/** What any operation may answer beside its modelled errors (KMS API reference, "Common errors"; AWS names only). */
export const commonErrors: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'IncompleteSignatureException',
  'InvalidArnException', // modelled for most operations, answered by all that take a KeyId
  'InvalidGrantTokenException', // modelled for most operations, answered by all that take GrantTokens
  'InvalidSignatureException',
  'KMSInternalException',
  'MissingAuthenticationTokenException',
  'SerializationException',
  'UnrecognizedClientException',
  'UnsupportedOperationException',
  'ValidationException',
])
