import type { IncomingHttpHeaders } from 'node:http'

/** Ends a stage, or a wait that is none; the next begins here. */
export type Mark = (stage?: string) => void

/** What is known of the TLS session a request came over; names as IANA has them. Node does not tell a server the group. */
export interface Tls {
  readonly version: string
  readonly cipher: string
}

/**
 * One request and what becomes known of it. The body is complete and within its limit, or empty when the request was
 * refused before its body was read.
 */
export interface Exchange<Slots extends object = Record<string, unknown>> {
  readonly method: string
  /** Path and query as they came, percent-encoding untouched. */
  readonly path: string
  readonly query: string
  readonly httpVersion: string
  /** Node's: lower-case names; of a header that may come once, the first; of others, joined by `, `. */
  readonly headers: IncomingHttpHeaders
  /** As received: name, value, name, value ... */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  readonly requestId: string
  readonly remoteAddress: string
  /** Milliseconds since the epoch when the request was complete. */
  readonly time: number
  /** undefined over plain HTTP. */
  readonly tls: Tls | undefined
  /** What the door learns on the way (who asks, which operation ...), for its own refusal and record. */
  readonly slots: Partial<Slots>
  /**
   * Ends a stage under that name: `x.mark?.('signature')`; without a name, ends what is nobody's stage, as waiting is. Undefined
   * unless the server was given `stages`.
   */
  readonly mark: Mark | undefined
}

/** Content-length, date, the request id and cache-control are the server's; content-type and others come from here. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

/**
 * What stands behind a server. The server calls `answer`, or `refusal` with whatever that threw, then `record`, and sends
 * the answer only when `record` is done: nothing leaves that is not on the trail. If `record` fails, what leaves,
 * unrecorded, is `refusal` of a plain Error whose cause is that failure.
 */
export interface Door<Slots extends object = Record<string, unknown>> {
  answer(x: Exchange<Slots>): Answer | Promise<Answer>
  /** Total: must not throw. A WireFault is one of the protocol's own; anything else unknown is an internal failure. */
  refusal(error: unknown, x: Exchange<Slots>): Answer
  record(x: Exchange<Slots>, answer: Answer): void | Promise<void>
}
