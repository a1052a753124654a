import type { Answer, Exchange } from './exchange.ts'

/** What any refusal says, whoever made it: WireFault or a service's own. */
export interface Refusal {
  readonly code: string
  readonly status: number
  readonly message: string
}

/** One of AWS's protocols: how a request names its operation and input, and how results and refusals are written. */
export interface Protocol {
  /** The operation asked for, unjudged: it may name none that exists, or be `__proto__`. Throws a WireFault. */
  operation(x: Exchange): string
  /** The input as it came, for a shape to judge. Throws a WireFault. */
  input(x: Exchange): Readonly<Record<string, unknown>>
  /** undefined for an operation without output. Byte arrays among the members become base64. */
  success(operation: string, result: object | undefined, x: Exchange): Answer
  refusal(refusal: Refusal, x: Exchange): Answer
}
