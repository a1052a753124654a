import { type Listener, type Recorded, category } from '../event-log.ts'

interface Entry {
  readonly categories: ReadonlySet<string>
  readonly listener: Listener
  /** It hears of what stands behind this position. */
  readonly after: number
}

/** Those who hear of facts, and how far they have heard. What stands at or before that is not told again. */
export const listeners = (start: number, onFault: (fault: unknown) => void) => {
  const entries = new Set<Entry>()
  let all: ReadonlySet<string> = new Set()
  let waiting: { readonly position: number; readonly resolve: () => void }[] = []
  let heard = start

  const tell = ({ categories, listener, after }: Entry, facts: readonly Recorded[]) => {
    const own = facts.filter(({ stream, position }) => position > after && categories.has(category(stream)))
    if (own.length === 0) return
    try {
      listener(own)
    } catch (error) {
      onFault(error)
    }
  }

  const count = () => (all = new Set([...entries].flatMap(({ categories }) => [...categories]).toSorted()))

  return {
    /** Everything up to this position has been told. */
    heard: (): number => heard,
    categories: (): ReadonlySet<string> => all,
    /**
     * Tells what is new of `facts`, which are all that there are (of the categories listened to) from somewhere at or before `heard`
     * up to the position `upTo`, in order. Both sources of facts come through here, so neither can be ahead of the other.
     */
    deliver: (facts: readonly Recorded[], upTo: number): void => {
      if (upTo <= heard) return
      const fresh = facts.filter(({ position }) => position > heard)
      heard = upTo
      if (fresh.length > 0) for (const entry of entries) tell(entry, fresh)
      const still: typeof waiting = []
      for (const one of waiting) {
        if (one.position <= heard) one.resolve()
        else still.push(one)
      }
      waiting = still
    },
    /** Resolves when everything up to the position has been told. */
    reached: (position: number): Promise<void> | undefined =>
      position <= heard ? undefined : new Promise((resolve) => void waiting.push({ position, resolve })),
    add: (categories: readonly string[], listener: Listener, after: number): (() => void) => {
      // An entry of its own: the same listener may subscribe twice.
      const entry = { categories: new Set(categories), listener, after: Math.max(after, heard) }
      entries.add(entry)
      count()
      return () => {
        entries.delete(entry)
        count()
      }
    },
  }
}
export type Listeners = ReturnType<typeof listeners>
