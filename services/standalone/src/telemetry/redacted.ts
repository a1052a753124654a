import { scrubbed } from './words.ts'

/**
 * Members that hold secrets, or may: wherever one of these words stands in a name that is no id's, its value is not told.
 * Nothing of the kind is meant to reach a log; this is for the day when something does.
 */
const secret =
  /secret|password|passphrase|plaintext|material|credential|authorization|token|ciphertext|signature|private|session|cookie|body/i
const isSecret = (name: string) => secret.test(name) && !/ids?$/i.test(name)
const deepest = 6
const longest = 8192

/** What of a value may be told: no secrets, no bytes, no addresses with their passwords; of an error its words and where it came from. */
export const redacted = (value: unknown, depth = 0): unknown => {
  if (typeof value === 'string') return scrubbed(value.length > longest ? `${value.slice(0, longest)}...` : value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value
  if (depth > deepest) return '...'
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return '[bytes]'
  if (value instanceof Error) return toldError(value, depth)
  if (Array.isArray(value)) return value.slice(0, 100).map((each) => redacted(each, depth + 1))
  if ('toJSON' in value && typeof value.toJSON === 'function') return redacted(value.toJSON(), depth + 1)
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      isSecret(name) && member !== undefined ? '[secret]' : redacted(member, depth + 1),
    ]),
  )
}

/** Not its other members: libraries hang the whole command, request or connection onto an error. */
const toldError = (error: Error, depth: number) => ({
  type: error.name,
  message: redacted(error.message),
  ...('code' in error && { code: redacted(error.code, depth + 1) }),
  stack: redacted(error.stack),
  ...(error.cause !== undefined && { cause: redacted(error.cause, depth + 1) }),
})
