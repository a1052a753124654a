import { hash } from 'node:crypto'
import type { Between } from './index.ts'

/** Another region: where it is, and the public key it proves itself with. */
export interface LinkPeer {
  readonly region: string
  readonly url: string
  readonly identity: string
}

/** How this house proves itself, and how others are proved: Ed25519 in the vault, whatever it is to a test. */
export interface Proof {
  readonly sign: (message: Uint8Array) => Uint8Array
  readonly verify: (identity: string, message: Uint8Array, signature: Uint8Array) => boolean
}

/** What goes around a body, in headers; `request` ties an answer to its question. */
export interface Envelope extends Between {
  readonly action: string
  readonly request: string
  /** Epoch milliseconds by the sender's clock. */
  readonly time: number
}

/** Clocks of two regions may differ by so many milliseconds; an envelope is good for as long. */
export const skew = 300_000
/** A body's bytes. */
export const largest = 8 * 1024 * 1024

const prefix = 'x-keyledger-'

/** What is signed: every member on a line of its own (none can hold a line break), and the body's SHA-256. */
const statement = (kind: 'question' | 'answer', envelope: Envelope, body: Uint8Array): Buffer => {
  const { from, to, action, request, time } = envelope
  return Buffer.from(
    ['keyledger/link/v1', kind, from, to, action, request, String(time), hash('sha256', body, 'hex')].join('\n'),
  )
}

export const sealed = (
  kind: 'question' | 'answer',
  { from, to, action, request, time }: Envelope,
  body: Uint8Array,
  { sign }: Pick<Proof, 'sign'>,
): Record<string, string> => ({
  [`${prefix}from`]: from,
  [`${prefix}to`]: to,
  [`${prefix}action`]: action,
  [`${prefix}request`]: request,
  [`${prefix}time`]: String(time),
  [`${prefix}signature`]: Buffer.from(sign(statement(kind, { from, to, action, request, time }, body))).toString(
    'base64url',
  ),
})

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>
const word = /^[\w-]{1,100}$/

/** The envelope in some headers, not yet believed; undefined if it is none. */
export const envelopeIn = (headers: Headers): (Envelope & { readonly signature: Buffer }) | undefined => {
  const read = (name: string): string => {
    const value = headers[`${prefix}${name}`]
    return typeof value === 'string' && word.test(value) ? value : ''
  }
  const [from, to, action, request, time, signature] = [
    read('from'),
    read('to'),
    read('action'),
    read('request'),
    read('time'),
    read('signature'),
  ]
  if (!from || !to || !action || !request || !/^\d{1,15}$/.test(time) || !signature) return undefined
  return { from, to, action, request, time: Number(time), signature: Buffer.from(signature, 'base64url') }
}

/** Whether the region that the envelope names signed just this. */
export const genuine = (
  kind: 'question' | 'answer',
  envelope: Envelope & { readonly signature: Buffer },
  body: Uint8Array,
  identity: string,
  { verify }: Pick<Proof, 'verify'>,
): boolean => verify(identity, statement(kind, envelope, body), envelope.signature)
