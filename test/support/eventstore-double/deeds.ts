import { setTimeout as after } from 'node:timers/promises'

export type Method = 'append' | 'batchAppend' | 'delete' | 'tombstone' | 'read' | 'subscribe'
export interface Call {
  readonly method: Method
  /** Of the calls of this method, from 1. */
  readonly number: number
  /** Undefined where the call is for `$all`. */
  readonly stream: string | undefined
  /** From where `$all` is read. */
  readonly position: number
}

/**
 * What the server does with a call. `stall`: nothing, not even an answer. `lose`: what was asked, yet never answers. `refuse`: answers
 * UNAVAILABLE, having done nothing. `break`: does it, then breaks the call off instead of answering. `deny`: access denied.
 * `expire`: answers that its own time was up, having done nothing. `twice`: answers twice. `late`: does it at once, answers after so many ms. `delay`: does it only after so many ms, even if
 * the client has gone meanwhile.
 */
export type Deed =
  | 'serve'
  | 'stall'
  | 'lose'
  | 'refuse'
  | 'break'
  | 'deny'
  | 'expire'
  | 'twice'
  | { readonly late: number }
  | { readonly delay: number }

/** Decides what becomes of each call, and counts them. */
export const conduct = () => {
  const counts = new Map<Method, number>()
  let rule: (call: Call) => Deed = () => 'serve'
  return {
    /** From now on every call is dealt with as the rule says. */
    by: (next: (call: Call) => Deed): void => void (rule = next),
    well: (): void => void (rule = () => 'serve'),
    /** How many calls of a method there were. */
    calls: (method: Method): number => counts.get(method) ?? 0,
    of: (method: Method, stream: string | undefined, position = 0): Deed => {
      const number = (counts.get(method) ?? 0) + 1
      counts.set(method, number)
      return rule({ method, number, stream, position })
    },
  }
}
export type Conduct = ReturnType<typeof conduct>

interface Answering<A> {
  readonly deed: Deed
  readonly act: () => A
  readonly answer: (value: A) => void
  readonly fail: (kind: 'unavailable' | 'denied' | 'expired') => void
}

/** Does and answers one call as its deed says. */
export const perform = async <A>({ deed, act, answer, fail }: Answering<A>): Promise<void> => {
  if (deed === 'stall') return
  if (deed === 'refuse') return fail('unavailable')
  if (deed === 'deny') return fail('denied')
  if (deed === 'expire') return fail('expired')
  if (typeof deed === 'object' && 'delay' in deed) await after(deed.delay)
  const value = act()
  if (deed === 'lose') return
  if (deed === 'break') return fail('unavailable')
  if (typeof deed === 'object' && 'late' in deed) await after(deed.late)
  answer(value)
  if (deed === 'twice') answer(value)
}
