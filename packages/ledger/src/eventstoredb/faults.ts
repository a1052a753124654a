import { LedgerUnreachable } from '../event-log.ts'

/** What gRPC rejects with: its status code, and among the trailing metadata what kind of exception it was to the server. */
interface GrpcError extends Error {
  readonly code?: number
  readonly details?: string
  readonly metadata?: { get(name: string): readonly (string | Buffer)[] }
  /** The client's own errors have their kind here. */
  readonly type?: string
}

const kind = (error: GrpcError): string => error.type ?? String(error.metadata?.get('exception')[0] ?? '')

/** The stream was closed by a tombstone. */
export const erased = (error: unknown): boolean =>
  error instanceof Error && kind(error as GrpcError) === 'stream-deleted'

const permissionDenied = 7
const unauthenticated = 16
const invalidArgument = 3
const final: ReadonlySet<number> = new Set([permissionDenied, unauthenticated, invalidArgument])

/** The port's word for a failure of the server, of the way to it, or of the client. What was said stays its cause. */
export const translated = (error: unknown): Error => {
  if (error instanceof LedgerUnreachable) return error
  const { details, message } = error as GrpcError
  if (kind(error as GrpcError) === 'maximum-append-size-exceeded')
    return new RangeError(`the ledger does not take so much at once: ${message}`)
  return new LedgerUnreachable(`the ledger cannot be reached: ${details ?? message}`, { cause: error })
}

/** Nothing was done, and trying again would change nothing: the server denies access, or refuses what was asked. */
export const isFinal = (error: unknown): boolean => {
  if (!(error instanceof LedgerUnreachable)) return true
  const cause = error.cause as GrpcError | undefined
  if (!cause) return false
  return kind(cause) === 'access-denied' || (cause.code !== undefined && final.has(cause.code))
}
