import { hash } from 'node:crypto'
import { wireFault } from '../fault.ts'

/** The part of an Authorization header that a client repeats with every request of a day. */
export interface Credential {
  readonly algorithm: string
  /** `keyid/date/region/service/term` */
  readonly credential: string
  readonly elements: readonly string[]
  /** As sent, `;` between; part of what was signed. */
  readonly signedHeaders: string
  readonly names: readonly string[]
}

/** Longer than any that an SDK sends by a factor of five: a hostile one is refused before it is taken apart. */
const longest = 4096
const marker = 'Signature='
const signatureHex = 64
const required = ['Credential', 'Signature', 'SignedHeaders'] as const

/** What refusals repeat of a header, in its stead. */
export const digest = (header: string): string => hash('sha256', header, 'base64')

/** Everything before the signature, if the signature comes last, as every client sends it; otherwise undefined. */
export const repeated = (header: string): string | undefined => {
  const at = header.length - signatureHex
  return header.startsWith(marker, at - marker.length) ? header.slice(0, at) : undefined
}

/**
 * Takes an Authorization header apart as AWS does: an algorithm, then key=value pairs with blanks or commas between.
 * What is missing is said in one refusal, a missing date (`dated` false) included.
 */
export const authorization = (header: string, dated: boolean): { credential: Credential; signature: string } => {
  const [algorithm = '', ...pairs] = header.length > longest ? [] : header.trim().split(/[\s,]+/)
  const values = new Map<string, string>()
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at < 1) throw wireFault('notKeyValue', digest(header))
    values.set(pair.slice(0, at), pair.slice(at + 1))
  }
  const sentences = required
    .filter((name) => !values.get(name))
    .map((name) => `Authorization header requires '${name}' parameter.`)
  if (!dated) sentences.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
  if (sentences.length > 0) throw wireFault('authorizationLacks', sentences, digest(header))

  const credential = values.get('Credential')!
  const signedHeaders = values.get('SignedHeaders')!
  return {
    credential: {
      algorithm,
      credential,
      elements: credential.split('/'),
      signedHeaders,
      names: signedHeaders.split(';'),
    },
    signature: values.get('Signature')!,
  }
}
