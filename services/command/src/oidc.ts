import { readFile } from 'node:fs/promises'
import { type JSONWebKeySet, type JWTPayload, createLocalJWKSet, decodeJwt, errors, jwtVerify } from 'jose'
import { stsFault } from './sts/fault.ts'

/** An identity provider that the operator trusts to say who somebody is. */
export interface Issuer {
  /** The `iss` of its tokens, to the letter. */
  readonly issuer: string
  /** Whom its tokens may be meant for; one of them suffices. */
  readonly audiences: readonly string[]
  /** Where its JSON Web Key Set is: a URL (https, or http on loopback) or a file's absolute path. */
  readonly jwks: string
}

/** What a genuine token says. */
export interface WebIdentity {
  /** The issuer without its scheme and trailing slash: the name of its provider in ARNs and condition keys. */
  readonly provider: string
  readonly subject: string
  /** Those of the token's audiences that the issuer is known for; one at least. */
  readonly audiences: readonly string[]
}

export interface Issuers {
  /** Rejects with a refusal of STS for anything that is not a token of a known issuer, genuine and of today. */
  verify(token: string): Promise<WebIdentity>
}

/** Public keys only: `none` is no signature, and an HMAC's key is known to whoever verifies. */
const algorithms = ['RS256', 'ES256', 'EdDSA']
/** Seconds by which a provider's clock may differ from ours. */
const tolerance = 5
/** Milliseconds. Between two readings of one key set for keys it does not have; after a failed reading; of a set's life. */
const cooldown = 30_000
const pause = 1_000
const life = 600_000
const timeout = 5_000
/** Bytes of a key set. */
const largest = 262_144
/** What STS takes of a subject (SubjectFromWebIdentityToken): at most 255 bytes, none of them of control characters. */
const longestSubject = 255
const control = /\p{Cc}/u
const isSubject = (sub: unknown): sub is string =>
  typeof sub === 'string' &&
  sub !== '' &&
  Buffer.byteLength(sub) <= longestSubject &&
  sub.isWellFormed() &&
  !control.test(sub)

/** `https://id.example.com/tenant/` -> `id.example.com/tenant` */
export const providerName = (issuer: string): string => issuer.replace(/^https?:\/\//, '').replace(/\/$/, '')

const fetched = async (url: string): Promise<string> => {
  // A redirect could lead anywhere: the operator named this address and no other.
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(timeout),
    headers: { accept: 'application/json' },
  })
  if (!response.ok || !response.body) throw new Error(`${url} answered ${response.status}`)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    length += chunk.length
    if (length > largest) throw new Error(`${url} answered more than ${largest} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** An issuer's keys: read when they are first needed, when they grow old, and when a token names one that is new. */
const keySet = (source: string, now: () => number, onFault: (fault: unknown) => void) => {
  type Keys = ReturnType<typeof createLocalJWKSet>
  let known: { readonly keys: Keys; readonly at: number } | undefined
  let underWay: Promise<Keys> | undefined
  let attempted = -Infinity
  let failed = false

  const read = async (): Promise<Keys> => {
    attempted = now()
    try {
      const text = await (/^https?:/.test(source) ? fetched(source) : readFile(source, 'utf8'))
      const keys = createLocalJWKSet(JSON.parse(text) as JSONWebKeySet)
      known = { keys, at: attempted }
      failed = false
      return keys
    } catch (error) {
      failed = true
      onFault(error)
      throw stsFault('providerUnreachable')
    } finally {
      underWay = undefined
    }
  }
  /** Those who ask at the same time wait for one reading; who asks just after one failed does not start another. */
  const load = async (): Promise<Keys> => {
    if (underWay) return underWay
    if (failed && now() - attempted < pause) throw stsFault('providerUnreachable')
    return (underWay = read())
  }

  return async (...token: Parameters<Keys>): ReturnType<Keys> => {
    const keys = known && now() - known.at < life ? known.keys : await load()
    try {
      return await keys(...token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || now() - attempted < cooldown) throw error
      return (await load())(...token)
    }
  }
}

const issuerOf = (token: string): string => {
  try {
    const { iss } = decodeJwt(token)
    if (typeof iss === 'string') return iss
  } catch {
    throw stsFault('notJwt')
  }
  throw stsFault('badClaim', 'iss')
}

/** What jose found wrong with a token, in the words of STS. */
const refused = (error: unknown, time: number): unknown => {
  if (error instanceof errors.JWTExpired)
    return stsFault('identityTokenExpired', Math.floor(time / 1000), Number(error.payload.exp))
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.claim === 'aud' ? stsFault('wrongAudience') : stsFault('badClaim', error.claim)
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return stsFault('noVerificationKey')
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return stsFault('notJwt')
  // An algorithm that is not taken, a signature that does not match, a key that cannot be used.
  if (error instanceof errors.JOSEError || error instanceof TypeError) return stsFault('badSignature')
  return error
}

const identity = (payload: JWTPayload, provider: string, { audiences }: Issuer, time: number): WebIdentity => {
  const { sub, aud, iat } = payload
  if (!isSubject(sub)) throw stsFault('badClaim', 'sub')
  if (typeof iat !== 'number' || iat > time / 1000 + tolerance) throw stsFault('badClaim', 'iat')
  const meantFor = (Array.isArray(aud) ? aud : [aud]).filter((one) => one !== undefined && audiences.includes(one))
  return { provider, subject: sub, audiences: meantFor as string[] }
}

/** The issuers that the operator configured. `now` in milliseconds; `onFault` hears why keys could not be read. */
export const issuers = (options: {
  readonly issuers: readonly Issuer[]
  readonly now: () => number
  readonly onFault: (fault: unknown) => void
}): Issuers => {
  const { now, onFault } = options
  const known = new Map(
    options.issuers.map((issuer) => [issuer.issuer, { issuer, keys: keySet(issuer.jwks, now, onFault) }]),
  )
  return {
    async verify(token) {
      const name = issuerOf(token)
      const one = known.get(name)
      if (!one) throw stsFault('noProvider', name)
      const time = now()
      try {
        const { payload } = await jwtVerify(token, one.keys, {
          algorithms,
          issuer: name,
          audience: [...one.issuer.audiences],
          requiredClaims: ['sub', 'exp', 'iat'],
          currentDate: new Date(time),
          clockTolerance: tolerance,
        })
        return identity(payload, providerName(name), one.issuer, time)
      } catch (error) {
        throw refused(error, time)
      }
    },
  }
}
