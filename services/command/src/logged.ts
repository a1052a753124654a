import { type Description, type Shape, describe } from '@keyledger/wire'

/** CloudTrail's cap on requestParameters and responseElements, bytes of JSON. */
const cap = 100 * 1024

// Tokens stand for a grant or a session: whoever reads one in a log could use it.
const never = new Set(['GrantTokens', 'GrantToken', 'SecretAccessKey', 'SessionToken'])

// CloudTrail leaves a leading abbreviation as it is: AWSAccountId.
const lowerCamel = (name: string) => (/^[A-Z]{2}/.test(name) ? name : name.charAt(0).toLowerCase() + name.slice(1))

const usText = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' })

/** Renames the members of structures, also inside lists, as the shape has them: the names in a map are the caller's own. */
const renamedAs = (model: Description, value: unknown): unknown => {
  const { member, fields } = model
  if (Array.isArray(value)) return member ? value.map((one) => renamedAs(member, one)) : value
  if (!fields || typeof value !== 'object' || value === null) return value
  const given = Object.entries(value).filter(([, one]) => one !== undefined)
  return Object.fromEntries(
    given.map(([name, one]) => [lowerCamel(name), fields[name] ? renamedAs(fields[name], one) : one]),
  )
}

/** Renames the members of an answer, and leaves out what must never be read in a log, however deep it lies. */
const renamed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(renamed)
  if (value instanceof Date) return usText.format(value)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, member]) => member !== undefined && !never.has(name) && !(member instanceof Uint8Array))
      .map(([name, member]) => [
        lowerCamel(name),
        // Dates in CloudTrail's records are US text, not seconds.
        typeof member === 'number' && name.endsWith('Date') ? usText.format(member * 1000) : renamed(member),
      ]),
  )
}

/**
 * What of an operation's input goes on the trail, decided once from its shape: never a blob, never a member the model
 * calls sensitive, never a grant token.
 */
export const loggedParameters = (shape: Shape) => {
  const kept = Object.entries(describe(shape))
    .filter(([name, model]) => model.type !== 'blob' && !model.sensitive && !never.has(name) && name !== 'Recipient')
    .map(([name, model]) => ({
      name,
      as: lowerCamel(name),
      model: model.type === 'list' || model.type === 'structure' ? model : undefined,
    }))

  // What is logged is never longer as JSON than the body it came in, but for defaults and the names in lower case: only
  // a body near the cap is worth measuring.
  return (input: Readonly<Record<string, unknown>>, bodyBytes: number): object | null => {
    const parameters: Record<string, unknown> = {}
    for (const { name, as, model } of kept) {
      const value = input[name]
      if (value !== undefined) parameters[as] = model ? renamedAs(model, value) : value
    }
    return bodyBytes > cap / 2 ? capped(parameters) : parameters
  }
}

/** An answer that changed something, as CloudTrail's responseElements. */
export const loggedResponse = (
  output: Readonly<Record<string, unknown>>,
  keyArn: string | undefined,
): object | null => {
  const named = renamed(output) as Record<string, unknown>
  if (keyArn !== undefined && Object.keys(named).length === 0) return { keyId: keyArn }
  return Object.keys(named).length === 0 ? null : capped(named)
}

const capped = (value: object): object => {
  const bytes = Buffer.byteLength(JSON.stringify(value))
  return bytes <= cap ? value : { omitted: true, originalSize: bytes, reason: 'field exceeds 100 KB' }
}
