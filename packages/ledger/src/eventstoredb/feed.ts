import { type Listener, LedgerUnreachable, category } from '../event-log.ts'
import type { Connection } from './connection.ts'
import { listeners } from './listeners.ts'
import type { Reading } from './reading.ts'
import { counted, entry } from './records.ts'
import { ofCategories, subscription } from './requests.ts'
import { pause } from './within.ts'

interface Options {
  readonly connection: Connection
  readonly reading: Reading
  /** Where the log ended when it was opened. */
  readonly start: number
  /** Milliseconds. */
  readonly staleness: number
  readonly now: () => number
  readonly signal: AbortSignal
  readonly onFault: (fault: unknown) => void
}

const pageSize = 512
const firstPause = 100
const longestPause = 5000
/** An append waits so many milliseconds at most for the subscription to bring its facts, before it fetches them. */
const patienceWithFeed = 100

/**
 * Tells listeners what is committed, and proves how fresh that is.
 *
 * A subscription brings facts at once, but proves nothing: it may be cut off, or stall, and nobody is told. The proof is `catchUp`, which
 * reads the log from where the listeners are to its end: what was committed before it began has then been told. It runs four
 * times within the bound, so it finds little to read, as the subscription has moved on what there is; and whoever asks
 * when the last proof is older than the bound waits for another.
 */
export const feed = ({ connection, reading, start, staleness, now, signal, onFault }: Options) => {
  const audience = listeners(start, onFault)
  /** Nothing committed later stands at or before it. */
  let horizon = start
  let provenAt = -Infinity
  let catching: Promise<void> | undefined
  /** The subscription of now; another set of categories needs another. */
  let subscribed: { readonly categories: string; readonly ending: AbortController } | undefined
  let wake: (() => void) | undefined
  let silentFault = false

  /** Told once for each time that the ledger goes away. */
  const report = (fault: unknown) => {
    if (!silentFault && !signal.aborted) onFault(fault)
    silentFault = true
  }

  const pages = async (): Promise<void> => {
    for (;;) {
      const began = now()
      const from = audience.heard()
      const { entries, last } = await reading.page(from, pageSize)
      // The record at the end of what was heard is there for ever, or the log is not the one it was.
      if (from > 0 && entries.length === 0)
        throw new LedgerUnreachable(
          `the ledger ends before ${from}, up to where it has been read: it was replaced by an older one`,
        )
      const wanted = audience.categories()
      const facts = entries.filter(({ stream }) => wanted.has(category(stream))).flatMap(({ fact }) => fact() ?? [])
      audience.deliver(facts, entries.at(-1)?.position ?? 0)
      if (!last) continue
      provenAt = began
      silentFault = false
      return
    }
  }
  const catchUp = (): Promise<void> => (catching ??= pages().finally(() => (catching = undefined)))

  /** The last proof holds for whoever asks at `asked`: it began then or later, or less than the bound before. */
  const proven = (asked: number): boolean => provenAt <= now() && (provenAt >= asked || asked - provenAt < staleness)
  const proof = async (): Promise<void> => {
    const asked = now()
    while (!proven(asked)) await catchUp()
  }

  const follow = async (categories: readonly string[], ending: AbortSignal): Promise<void> => {
    const request = subscription(audience.heard(), ofCategories(categories))
    for await (const response of connection.read(request, { signal: ending, idle: Infinity })) {
      if (ending.aborted) return
      const event = response.getEvent()?.getEvent()
      const checkpoint = response.getCheckpoint()
      if (event) {
        const { fact, position } = entry(event)
        audience.deliver([fact() ?? []].flat(), position)
      } else if (checkpoint) audience.deliver([], counted(checkpoint.getCommitPosition()))
      // The server begins behind the first record that it finds at our position or later. Should ours be gone, scavenged, it leaves one out:
      // what is there by now is therefore read, and only then heard.
      else if (response.hasConfirmation()) await catchUp()
    }
  }

  /** One subscription after the other, as the client never subscribes again by itself. */
  const subscribing = async (): Promise<void> => {
    let wait = firstPause
    while (!signal.aborted) {
      const categories = [...audience.categories()]
      if (categories.length === 0) {
        await new Promise<void>((resolve) => (wake = resolve))
        continue
      }
      const ending = new AbortController()
      subscribed = { categories: categories.join(), ending }
      const began = now()
      try {
        await follow(categories, AbortSignal.any([signal, ending.signal]))
      } catch (error) {
        if (!ending.signal.aborted) report(error)
      }
      if (ending.signal.aborted) continue
      if (now() - began > longestPause) wait = firstPause
      await pause(wait, signal)
      wait = Math.min(longestPause, wait * 2)
    }
  }

  const probing = async (): Promise<void> => {
    while (!signal.aborted) {
      await pause(Math.max(staleness / 4, 10), signal)
      if (!signal.aborted && audience.categories().size > 0) await catchUp().catch(report)
    }
  }

  /** The subscription is to bring just what is listened to. */
  const adjust = () => {
    wake?.()
    if (subscribed && subscribed.categories !== [...audience.categories()].join()) subscribed.ending.abort()
  }

  const ended = Promise.all([subscribing(), probing()])
  return {
    subscribe: (categories: readonly string[], listener: Listener): Disposable => {
      const remove = audience.add(categories, listener, horizon)
      adjust()
      return {
        [Symbol.dispose]: () => {
          remove()
          adjust()
        },
      }
    },
    /** Waits until listeners know of what was just appended. Should the ledger go away meanwhile, the append stands none the less. */
    settled: async (stream: string, position: number): Promise<void> => {
      horizon = Math.max(horizon, position)
      if (!audience.categories().has(category(stream))) return
      const reached = audience.reached(position)
      if (!reached) return
      const late = new AbortController()
      await Promise.race([reached, pause(patienceWithFeed, AbortSignal.any([signal, late.signal]))])
      late.abort()
      while (audience.heard() < position && !signal.aborted) {
        try {
          await catchUp()
        } catch (error) {
          return report(error)
        }
      }
    },
    // A clock that was set back to before the last proof makes it none.
    fresh: (): undefined | Promise<void> => (proven(now()) || audience.categories().size === 0 ? undefined : proof()),
    ended: async (): Promise<void> => {
      wake?.()
      await ended
    },
  }
}
