import shared from '@eventstore/db-client/generated/shared_pb.js'
import type streams from '@eventstore/db-client/generated/streams_pb.js'
import { LedgerUnreachable } from '../event-log.ts'
import { counted } from './records.ts'

/** Where the last event of an append stands; or where the stream is instead of where it was expected. */
export type Answer =
  { readonly revision: number; readonly position: number | undefined } | { readonly actual: number | 'none' | 'erased' }

const words = 'event_store.client.'
type Details = NonNullable<ReturnType<NonNullable<ReturnType<streams.BatchAppendResp['getError']>>['getDetails']>>

/** What the kinds of refusal mean; of those that are not named, the server's timeouts among them, the outcome is unknown. */
const refusals: Readonly<Record<string, (details: Details) => Answer>> = {
  WrongExpectedVersion: (details) => {
    const wrong = details.unpack(shared.WrongExpectedVersion.deserializeBinary, `${words}WrongExpectedVersion`)
    const told = wrong?.hasCurrentStreamRevision() ? Number(wrong.getCurrentStreamRevision()) : -1
    // The server counts from the end where there is none.
    return { actual: Number.isSafeInteger(told) && told >= 0 ? told : 'none' }
  },
  StreamDeleted: () => ({ actual: 'erased' }),
  MaximumAppendSizeExceeded: () => {
    throw new RangeError('the ledger does not take so much at once')
  },
  AccessDenied: () => {
    const cause = Object.assign(new Error('access denied'), { type: 'access-denied' })
    throw new LedgerUnreachable('the ledger denies access', { cause })
  },
}

/** What the server answered to an append; throws what it refused it with. */
export const answered = (response: streams.BatchAppendResp): Answer => {
  const error = response.getError()
  const success = response.getSuccess()
  if (success) {
    // The server does not always know where it was that it found an append done already.
    const position = success.hasPosition() ? success.getPosition()!.getCommitPosition() : undefined
    const revision = counted(success.getCurrentRevision())
    return { revision, position: position === undefined ? undefined : counted(position) }
  }
  const details = error?.getDetails()
  const kind = details?.getTypeName().slice(words.length) ?? ''
  const known = details && Object.hasOwn(refusals, kind) ? refusals[kind] : undefined
  if (!known)
    throw new LedgerUnreachable(`the ledger could not append: ${error?.getMessage() || kind || 'no reason given'}`)
  return known(details!)
}
