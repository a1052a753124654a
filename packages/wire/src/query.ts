import { wireFault } from './fault.ts'
import type { Protocol } from './protocol.ts'
import { formInput } from './query/form.ts'

/** The query protocol's names of the common refusals, and their statuses there (IAM and STS, "Common errors"). */
const common: Readonly<Record<string, readonly [code: string, status: number]>> = Object.assign(
  Object.create(null) as object,
  {
    MissingAuthenticationTokenException: ['MissingAuthenticationToken', 403],
    IncompleteSignatureException: ['IncompleteSignature', 400],
    InvalidSignatureException: ['SignatureDoesNotMatch', 403],
    UnrecognizedClientException: ['InvalidClientTokenId', 403],
    ExpiredTokenException: ['ExpiredToken', 403],
    // STS has that very name again, for a token of somebody else's.
    ExpiredIdentityTokenException: ['ExpiredTokenException', 400],
    AccessDeniedException: ['AccessDenied', 403],
    ThrottlingException: ['Throttling', 400],
    ValidationException: ['ValidationError', 400],
    SerializationException: ['MalformedInput', 400],
    UnknownOperationException: ['InvalidAction', 400],
  } as const,
)

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Text for an element: what XML 1.0 (2.2) has no character for, or advises against, becomes U+FFFD. */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replace(/(?![\t\n\r])\p{Cc}|[\ufffe\uffff]/gu, '\ufffd')
    .replace(/[&<>"]/g, (char) => entities[char]!)

/** Lists repeat `member`; byte arrays are base64, dates ISO 8601 to the second; undefined is absent. */
const element = (name: string, value: unknown): string => {
  if (value === undefined || value === null) return ''
  return `<${name}>${content(value)}</${name}>`
}
const content = (value: unknown): string => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Date) return `${value.toISOString().slice(0, 19)}Z`
  if (Array.isArray(value)) return value.map((member) => element('member', member)).join('')
  if (typeof value !== 'object' || value === null) return escaped(String(value))
  return Object.entries(value)
    .map(([name, member]) => element(name, member))
    .join('')
}

const isEmpty = (result: object | undefined): boolean =>
  result === undefined || Object.values(result).every((member) => member === undefined)

const form = (body: Buffer): URLSearchParams => new URLSearchParams(body.toString('utf8'))
const xml = { 'content-type': 'text/xml' }

/**
 * AWS query: a form in, XML out. Scalars in an input are text: a shape for it is a `formShape`. `namespace` is the service's
 * XML namespace, `apiVersion` the only `Version` it knows. An empty result has no element.
 */
export const queryProtocol = (options: { readonly namespace: string; readonly apiVersion: string }): Protocol => {
  const namespace = escaped(options.namespace)
  return {
    operation: ({ body }) => {
      const parameters = form(body)
      const action = parameters.get('Action')
      const version = parameters.get('Version') ?? options.apiVersion
      if (!action) throw wireFault('missingAction')
      if (version !== options.apiVersion) throw wireFault('invalidAction', action, version)
      return action
    },
    input: ({ body }) => formInput(form(body)),
    success: (operation, result, { requestId }) => ({
      status: 200,
      headers: xml,
      body:
        `<${operation}Response xmlns="${namespace}">` +
        (isEmpty(result) ? '' : element(`${operation}Result`, result)) +
        `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${operation}Response>`,
    }),
    refusal: ({ code, status, message }, { requestId }) => {
      const [name, told] = common[code] ?? [code, status]
      const type = told < 500 ? 'Sender' : 'Receiver'
      return {
        status: told,
        headers: xml,
        body:
          `<ErrorResponse xmlns="${namespace}"><Error><Type>${type}</Type><Code>${escaped(name)}</Code>` +
          `${element('Message', message === '' ? undefined : message)}</Error>` +
          `<RequestId>${requestId}</RequestId></ErrorResponse>`,
      }
    },
  }
}
