import { timingSafeEqual } from 'node:crypto'
import { wireFault } from './fault.ts'
import { authorization, digest, repeated, type Credential } from './sigv4/authorization.ts'
import { canonicalRequest, payloadHash, stringToSign, type Signed } from './sigv4/canonical.ts'
import { amzDate, amzTime } from './sigv4/time.ts'

/** Day (`YYYYMMDD`), region and service that a signature is good for. */
export interface Scope {
  readonly date: string
  readonly region: string
  readonly service: string
}

/** Who signed, for what. The session token was signed with the rest and shown to `signingKey`. */
export interface Claim extends Scope {
  readonly accessKeyId: string
  readonly sessionToken: string | undefined
}

/** A key that never shows itself. */
export interface SigningKey {
  /** HMAC-SHA-256 of a text of one byte a character, in lower-case hex digits. */
  hex(text: string): string
}

export interface VerifierOptions {
  /**
   * The derived key HMAC(HMAC(HMAC(HMAC("AWS4" + secret, date), region), service), "aws4_request"), or
   * undefined for an access key nobody has, or one that does not go with its session token. `scope` is one object per
   * client and day. `sessionToken` is undefined where the request has none; nothing has vouched for it yet. May throw a
   * WireFault.
   */
  readonly signingKey: (
    accessKeyId: string,
    scope: Scope,
    sessionToken: string | undefined,
  ) => SigningKey | undefined | Promise<SigningKey | undefined>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly regions: readonly string[]
  readonly services: readonly string[]
  /** Services that have no region, and are signed for in this one by clients that know so: `{ iam: 'us-east-1' }`. */
  readonly global?: Readonly<Record<string, string>>
}

/**
 * Judges one request; `service` narrows which service the request is for, where the port serves several. Synchronous when
 * `signingKey` is. Throws (or rejects with) a WireFault and nothing else.
 */
export type Verify = (request: Signed, service?: string) => Claim | Promise<Claim>

const minutes = 5
const skew = minutes * 60_000
const terminator = 'aws4_request'
/** Browsers and proxies may add it after the signature; it says nothing that is acted upon. */
const unsignable = new Set(['x-amz-user-agent'])
/** Verified clients remembered; each is about 1 KiB. */
const capacity = 1_000

interface Known {
  readonly credential: Credential
  readonly accessKeyId: string
  readonly scope: Scope
  readonly names: ReadonlySet<string>
}

const querySigned = /(?:^|&)X-Amz-(?:Signature|Algorithm|Credential)=/i

/**
 * Verifies header-signed AWS4-HMAC-SHA256, in the order in which AWS refuses: parts missing, time, headers that must be
 * signed, algorithm, credential scope, headers that are named but absent, who, signature. Presigned queries and SigV4a
 * are refused. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
 */
export const verifier = ({ signingKey, now, regions, services, global = {} }: VerifierOptions): Verify => {
  // Keyed by the header up to its signature, which a client repeats all day. Only what a valid signature vouched for
  // goes in, so nobody without a key can fill it.
  const clients = new Map<string, Known>()
  // Requests of one second say the same date.
  let last = { text: '', date: '', time: 0 }

  const signedAt = (text: string): string => {
    if (last.text !== text) {
      const time = amzTime(text)
      if (time === undefined) throw wireFault('dateNotIso', text)
      last = { text, date: amzDate(time), time }
    }
    const { date, time } = last
    const current = now()
    if (time < current - skew)
      throw wireFault('signatureExpired', date, amzDate(current - skew), amzDate(current), minutes)
    if (time > current + skew)
      throw wireFault('signatureNotYetCurrent', date, amzDate(current + skew), amzDate(current), minutes)
    return date
  }

  /** All that is wrong with a credential scope, in one refusal. */
  const inScope = ({ elements }: Credential, date: string, wanted: readonly string[]): void => {
    const [, day, region, service, term] = elements
    const sentences: string[] = []
    const isGlobal = Object.hasOwn(global, service!) && global[service!] === region
    if (!isGlobal && !regions.includes(region!))
      sentences.push(`Credential should be scoped to a valid region, not '${region}'. `)
    if (!wanted.includes(service!)) sentences.push(`Credential should be scoped to correct service: '${wanted[0]}'. `)
    if (term !== terminator)
      sentences.push(`Credential should be scoped with a valid terminator: '${terminator}', not '${term}'. `)
    if (day !== date.slice(0, 8))
      sentences.push(
        'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ' +
          `'${day}' != '${date.slice(0, 8)}', from '${date}'.`,
      )
    if (sentences.length > 0) throw wireFault('credentialScope', sentences)
  }

  /** What nobody may add or change on the way: the host, the date, and everything AWS acts upon (`x-amz-...`). */
  const covered = ({ headers }: Signed, names: ReadonlySet<string>): void => {
    if (!names.has('host')) throw wireFault('headerNotSigned', "'Host' or ':authority'")
    if (headers['x-amz-date'] === undefined && !names.has('date')) throw wireFault('headerNotSigned', "'Date'")
    for (const name in headers)
      if (name.startsWith('x-amz-') && !names.has(name) && !unsignable.has(name))
        throw wireFault('headerNotSigned', `'${name}'`)
  }

  const identified = (credential: Credential): Known => {
    const [accessKeyId = '', date = '', region = '', service = ''] = credential.elements
    return { credential, accessKeyId, scope: { date, region, service }, names: new Set(credential.names) }
  }

  const wellFormed = ({ algorithm, credential, elements }: Credential): void => {
    if (algorithm !== 'AWS4-HMAC-SHA256') throw wireFault('unsupportedAlgorithm', algorithm)
    if (elements.length !== 5) throw wireFault('credentialElements', digest(credential))
  }

  const matches = (
    request: Signed,
    { credential }: Known,
    date: string,
    signature: string,
    key: SigningKey,
  ): boolean => {
    const { elements, signedHeaders, names } = credential
    const payload = payloadHash(request.body)
    const claimed = request.headers['x-amz-content-sha256']
    // UNSIGNED-PAYLOAD and the streaming forms are no hash of the body either.
    if (claimed !== undefined && claimed !== payload) return false
    const scope = `${elements[1]}/${elements[2]}/${elements[3]}/${terminator}`
    const text = stringToSign(date, scope, canonicalRequest(request, signedHeaders, payload, names))
    const wanted = Buffer.from(key.hex(text), 'latin1')
    const given = Buffer.from(signature, 'latin1')
    return given.length === wanted.length && timingSafeEqual(given, wanted)
  }

  return (request, service) => {
    const { headers } = request
    if (request.query !== '' && querySigned.test(request.query)) throw wireFault('querySigned')
    const header = headers.authorization
    if (!header) throw wireFault('missingAuthenticationToken')

    const sent = headers['x-amz-date'] ?? headers.date
    const text = typeof sent === 'string' ? sent : ''
    const prefix = repeated(header)
    const remembered = prefix === undefined ? undefined : clients.get(prefix)
    const parsed = remembered && text ? undefined : authorization(header, text !== '')
    const signature = parsed ? parsed.signature : header.slice(prefix!.length)

    const date = signedAt(text)
    const known = remembered ?? identified(parsed!.credential)
    covered(request, known.names)
    wellFormed(known.credential)
    inScope(known.credential, date, service === undefined ? services : [service])

    const token = headers['x-amz-security-token']
    const sessionToken = typeof token === 'string' ? token : undefined
    const conclude = (key: SigningKey | undefined): Claim => {
      if (!key) throw wireFault('unrecognizedClient')
      if (!matches(request, known, date, signature, key)) throw wireFault('signatureMismatch')
      if (!remembered && prefix !== undefined) {
        if (clients.size >= capacity) clients.clear()
        clients.set(prefix, known)
      }
      return { accessKeyId: known.accessKeyId, ...known.scope, sessionToken }
    }
    const key = signingKey(known.accessKeyId, known.scope, sessionToken)
    return key instanceof Promise ? key.then(conclude) : conclude(key)
  }
}
