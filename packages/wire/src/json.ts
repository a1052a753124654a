import { isUtf8 } from 'node:buffer'
import type { Exchange } from './exchange.ts'
import { wireFault } from './fault.ts'
import type { Protocol } from './protocol.ts'

/** No shape is deeper than five; what stands behind may then recurse over an input without fear. */
const deepest = 32

const shallow = (value: unknown, room: number): boolean => {
  if (typeof value !== 'object' || value === null) return true
  if (room === 0) return false
  for (const member of Object.values(value)) if (!shallow(member, room - 1)) return false
  return true
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * A JSON object of at most 32 levels, UTF-8; anything else is AWS's SerializationException without a text. A member
 * `__proto__` is one like any other: JSON.parse makes it the object's own.
 */
export const jsonObject = (body: Buffer): Readonly<Record<string, unknown>> => {
  const value = isUtf8(body) ? parsed(body.toString('utf8')) : undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !shallow(value, deepest))
    throw wireFault('malformedBody', '')
  return value as Readonly<Record<string, unknown>>
}

const base64 = (bytes: Uint8Array): string =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString('base64')

/** Byte arrays become base64; they stand at the top of a result, as in every model of AWS's. */
const encoded = (result: Readonly<Record<string, unknown>>): string => {
  const members: Record<string, unknown> = {}
  let some = false
  for (const name in result) {
    const value = result[name]
    if (value === undefined) continue
    some = true
    members[name] = value instanceof Uint8Array ? base64(value) : value
  }
  return some ? JSON.stringify(members) : ''
}

/** AWS writes this one with a capital, and always has. */
const capital = new Set(['AccessDeniedException'])

const usual = 'application/x-amz-json-1.1'
const version = /^application\/x-amz-json-1\.[01](?=$|[ ;])/

/** Answers come in the version of the request; 1.1 where it names none. */
const contentType = ({ headers }: Exchange): string => {
  const asked = headers['content-type'] ?? ''
  return asked === usual ? usual : (version.exec(asked)?.[0] ?? usual)
}

/**
 * AWS JSON 1.0 and 1.1. Operations are named by `X-Amz-Target: PREFIX.Operation`. KMS sends an empty body for an operation
 * without output, and leaves `message` out where it has nothing to say.
 */
export const jsonProtocol = ({ prefix }: { readonly prefix: string }): Protocol => ({
  operation: ({ headers }) => {
    const target = headers['x-amz-target']
    if (typeof target !== 'string' || !target.startsWith(`${prefix}.`)) throw wireFault('unknownOperation')
    return target.slice(prefix.length + 1)
  },
  input: ({ body }) => jsonObject(body),
  success: (_, result, x) => ({
    status: 200,
    headers: { 'content-type': contentType(x) },
    body: result ? encoded(result as Readonly<Record<string, unknown>>) : '',
  }),
  refusal: ({ code, status, message }, x) => ({
    status,
    headers: { 'content-type': contentType(x) },
    body: JSON.stringify({
      __type: code,
      ...(message === '' ? {} : { [capital.has(code) ? 'Message' : 'message']: message }),
    }),
  }),
})
