/**
 * A refusal that the protocol itself gives, whatever service is behind it. `code` is AWS's name for it in the JSON
 * protocols, `status` the HTTP status there (KMS answers 400 to every client error; the query protocol has its own
 * names and statuses, see query.ts). An empty `message` means that AWS sends none.
 */
export class WireFault extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = code
    this.code = code
    this.status = status
  }
}

/** What a client made up is repeated to it, but no more of it than tells what it was. */
const longestEcho = 64

type Refusal = readonly [code: string, status: number, message: string]

const incomplete = (message: string): Refusal => ['IncompleteSignatureException', 400, message]
const invalid = (message: string): Refusal => ['InvalidSignatureException', 400, message]
const malformed = (message: string): Refusal => ['SerializationException', 400, message]
/** AWS once echoed the header; since 2024 it echoes a hash, so that a token sent by mistake reaches no log. */
const hashed = 'SHA-256 and encoded with Base64'

/**
 * Every refusal of the protocol, in AWS's words as recorded from its JSON services (and the IAM user guide,
 * "Troubleshoot Signature Version 4"). A text marked "ours" is for what AWS leaves unsaid.
 */
const refusals = {
  missingAuthenticationToken: () => ['MissingAuthenticationTokenException', 400, 'Missing Authentication Token'],
  unrecognizedClient: () => [
    'UnrecognizedClientException',
    400,
    'The security token included in the request is invalid.',
  ],
  /** A session that was genuine once. The query protocol says 403 ExpiredToken. */
  expiredToken: () => ['ExpiredTokenException', 400, 'The security token included in the request is expired'],

  notKeyValue: (digest: string) =>
    incomplete(
      `Invalid key=value pair (missing equal-sign) in Authorization header (hashed with ${hashed}): '${digest}'.`,
    ),
  authorizationLacks: (sentences: readonly string[], digest: string) =>
    incomplete(`${sentences.join(' ')} (Hashed with ${hashed}) Authorization=${digest}`),
  dateNotIso: (date: string) =>
    incomplete(
      `Date must be in ISO-8601 'basic format'. Got '${date.slice(0, longestEcho)}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    ),
  unsupportedAlgorithm: (algorithm: string) =>
    incomplete(`Unsupported AWS 'algorithm': '${algorithm.slice(0, longestEcho)}'.`),
  // AWS repeats the credential itself. A client that mixes its two keys up sends its secret there.
  credentialElements: (digest: string) =>
    incomplete(
      'Credential must have exactly 5 slash-delimited elements, ' +
        `e.g. keyid/date/region/service/term, got (hashed with ${hashed}): '${digest}'`,
    ),
  signedHeaderAbsent: (name: string) =>
    incomplete(
      `'${name.slice(0, longestEcho)}' is named as a SignedHeader, but it does not exist in the HTTP request.`,
    ),
  querySigned: () => incomplete('Signing in the query string is not supported; use the Authorization header.'), // ours

  signatureExpired: (date: string, limit: string, now: string, minutes: number) =>
    invalid(`Signature expired: ${date} is now earlier than ${limit} (${now} - ${minutes} min.)`),
  signatureNotYetCurrent: (date: string, limit: string, now: string, minutes: number) =>
    invalid(`Signature not yet current: ${date} is still later than ${limit} (${now} + ${minutes} min.)`),
  headerNotSigned: (name: string) => invalid(`${name} must be a 'SignedHeader' in the AWS Authorization.`),
  credentialScope: (sentences: readonly string[]) => invalid(sentences.join('')),
  signatureMismatch: () =>
    invalid(
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret ' +
        'Access Key and signing method. Consult the service documentation for details.',
    ),

  malformedBody: (message: string) => malformed(message),
  validation: (message: string) => ['ValidationException', 400, message],
  missingAction: () => ['MissingAction', 400, 'The request is missing an action or a required parameter.'],
  invalidAction: (action: string, version: string) => [
    'InvalidAction',
    400,
    `Could not find operation ${action} for version ${version}`,
  ],
  unknownOperation: () => ['UnknownOperationException', 400, ''],
  /** Another method than POST, another path than `/`: AWS's common errors give an unknown action 404. */
  unknownRoute: () => ['UnknownOperationException', 404, ''],
  bodyTooLarge: (limit: number) => ['RequestEntityTooLarge', 413, `Request must be smaller than ${limit} bytes.`], // ours
} satisfies Record<string, (...args: never[]) => Refusal>

export type Refusals = typeof refusals

/** The refusal of that kind: `throw wireFault('unknownOperation')`. */
export const wireFault = <K extends keyof Refusals>(kind: K, ...args: Parameters<Refusals[K]>): WireFault => {
  const refusal = refusals[kind] as (...args: Parameters<Refusals[K]>) => Refusal
  return new WireFault(...refusal(...args))
}
