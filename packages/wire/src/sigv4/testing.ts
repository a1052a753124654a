import { createHmac, hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import type { Signed } from './canonical.ts'
import { WireFault } from '../fault.ts'
import { verifier, type Claim, type Scope, type SigningKey } from '../sigv4.ts'

/** What the tests of signatures share. */

/** One case of AWS's signature suite, text as UTF-8. */
export interface Case {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
  readonly canonicalRequest: string
  readonly stringToSign: string
  readonly signature: string
}

export const { secretAccessKey, cases } = JSON.parse(
  readFileSync(new URL('../../../../test/vectors/sigv4.json', import.meta.url), 'utf8'),
) as { readonly secretAccessKey: string; readonly cases: readonly Case[] }

const bytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

/** As node's parser trims: ASCII blanks only. */
const blankless = (value: string) => bytes(value).replace(/^[ \t]+|[ \t]+$/g, '')

/** A request as node's parser hands it over: bytes as latin1, names lower-cased, repeated headers joined. */
export const signedRequest = (one: Pick<Case, 'method' | 'path' | 'query' | 'headers' | 'body'>): Signed => {
  const headers: Record<string, string> = {}
  for (const [name, value] of one.headers) {
    const key = name.toLowerCase()
    headers[key] = key in headers ? `${headers[key]}, ${blankless(value)}` : blankless(value)
  }
  return {
    method: one.method,
    path: bytes(one.path),
    query: bytes(one.query),
    headers: headers as IncomingHttpHeaders,
    rawHeaders: one.headers.flatMap(([name, value]) => [name, blankless(value)]),
    body: Buffer.from(one.body),
  }
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** The derivation of SigV4's signing key, from the specification. */
export const derived = (secret: string, { date, region, service }: Scope): SigningKey => {
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), 'aws4_request')
  return { hex: (text) => hmac(key, text).toString('hex') }
}

export interface Signing {
  readonly accessKeyId?: string
  readonly secret?: string
  readonly date?: string
  readonly region?: string
  readonly service?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Headers left out of the signature. */
  readonly unsigned?: readonly string[]
}

/**
 * A signer that shares nothing with the verifier: POST / with the given headers, all signed but `unsigned`.
 * Defaults: AKIDEXAMPLE, us-east-1, kms, 20150830T123600Z.
 */
export const sign = (signing: Signing = {}): Signed & { headers: Record<string, string> } => {
  const { accessKeyId = 'AKIDEXAMPLE', secret = secretAccessKey, date = '20150830T123600Z' } = signing
  const { region = 'us-east-1', service = 'kms', body = '{}', unsigned = [] } = signing
  const headers: Record<string, string> = {
    host: 'localhost:4577',
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-date': date,
    ...signing.headers,
  }
  const names = Object.keys(headers)
    .filter((name) => !unsigned.includes(name))
    .sort()
  const canonical = [
    'POST',
    '/',
    '',
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    hash('sha256', body, 'hex'),
  ].join('\n')
  const day = date.slice(0, 8)
  const scope = `${day}/${region}/${service}/aws4_request`
  const text = ['AWS4-HMAC-SHA256', date, scope, hash('sha256', canonical, 'hex')].join('\n')
  const signature = derived(secret, { date: day, region, service }).hex(text)
  headers['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return {
    method: 'POST',
    path: '/',
    query: '',
    headers,
    rawHeaders: Object.entries(headers).flat(),
    body: Buffer.from(body),
  }
}

export const noon = Date.UTC(2015, 7, 30, 12, 36, 0)

export const verify = ({ time = noon, asked = [] as string[], later = false } = {}) =>
  verifier({
    signingKey: (accessKeyId, scope) => {
      asked.push(`${accessKeyId}/${scope.date}/${scope.region}/${scope.service}`)
      const key = accessKeyId === 'AKIDEXAMPLE' ? derived(secretAccessKey, scope) : undefined
      return later ? Promise.resolve(key) : key
    },
    now: () => time,
    regions: ['us-east-1', 'eu-west-1'],
    services: ['kms', 'sts', 'service'],
  })

export const refusal = (
  request: Signed,
  judge = verify(),
  service?: string,
): { code: string; status: number; message: string } => {
  try {
    void judge(request, service)
  } catch (error) {
    if (error instanceof WireFault) return { code: error.code, status: error.status, message: error.message }
    throw error
  }
  throw new Error('the request was let in')
}
export const incomplete = (message: string) => ({ code: 'IncompleteSignatureException', status: 400, message })
export const invalid = (message: string) => ({ code: 'InvalidSignatureException', status: 400, message })
export const mismatch = invalid(
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
)
export const withHeader = (request: Signed, name: string, value: string | undefined): Signed => {
  const headers = { ...request.headers, [name]: value }
  if (value === undefined) delete headers[name]
  return { ...request, headers, rawHeaders: Object.entries(headers).flat() as string[] }
}
export const authorized = (authorization: string | undefined) => withHeader(sign(), 'authorization', authorization)
export const digest = (header: string) => hash('sha256', header, 'base64')
export const admin: Claim = {
  accessKeyId: 'AKIDEXAMPLE',
  date: '20150830',
  region: 'us-east-1',
  service: 'kms',
  sessionToken: undefined,
}
