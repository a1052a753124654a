import { IamFault } from '@keyledger/iam'
import { Fault } from '@keyledger/keys'
import { type Door, WireFault } from '@keyledger/wire'
import { type Slots, recorder } from './recorder.ts'
import { serviceOf } from './services.ts'
import { walk } from './walk.ts'
import type { World } from './world.ts'

interface Options {
  readonly world: World
  /** The regions served here; the first is home to requests that name none. */
  readonly regions: readonly string[]
  /** The ledger's: undefined when what is remembered may be decided on. */
  readonly fresh: () => undefined | Promise<void>
  /** Told of every failure that is not a refusal: the caller hears no more than that it was ours. */
  readonly onFault: (fault: unknown, about: { readonly requestId: string; readonly operation: string }) => void
}

/** What stands behind the server: {@link walk}; and whatever refuses, the record says so before the answer does. */
export const door = ({ onFault, ...options }: Options): Door<Slots> => {
  const { world, regions } = options

  const refusal: Door<Slots>['refusal'] = (error, x) => {
    const known = error instanceof Fault || error instanceof IamFault || error instanceof WireFault
    const service = serviceOf(x)
    const { code, status, message } = known ? error : { code: service.failure, status: 500, message: '' }
    if (!known) onFault(error, { requestId: x.requestId, operation: x.slots.eventName ?? 'Unknown' })
    // What the caller is not told, the trail is.
    x.slots.error = { code, message: known && error.cause instanceof Fault ? error.cause.message : message }
    delete x.slots.output
    return service.protocol.refusal({ code, status, message }, x)
  }

  const recorded = recorder(world, regions[0]!)
  // A ledger that could not be read for a decision cannot be written to either: its own patience, once more for each of those who
  // wait, would only keep them from hearing that nothing was done.
  const record: Door<Slots>['record'] = (x) => (x.slots.undecided ? undefined : recorded(x))

  return { answer: walk(options), refusal, record }
}
