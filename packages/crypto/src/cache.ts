/**
 * The entries used of late, at most `capacity` of them. Least-recently-used by second chance (CLOCK): a hit only marks
 * its entry, and a hand that goes round evicts the first entry not used since it last came by. Keeping strict order
 * would move an entry at every hit, and a map of 250,000 that is always rewritten stops the world to clean itself up.
 */
export interface Cache<V> {
  find(key: string): V | undefined
  put(key: string, value: V): void
  /** Answers what was dropped. */
  drop(key: string): V | undefined
  /** As `drop`. For what happens seldom: goes over all of them. */
  dropWhere(matches: (key: string, value: V) => boolean): V[]
  readonly size: number
}

/** Where a hit leaves its mark: in the entry, as a wrapper for each of 250,000 would cost 10 MB. */
export interface Cached {
  used: boolean
}

// Bounds one eviction when everything is in use.
const chances = 8

export const cache = <V extends Cached>(capacity: number): Cache<V> => caches<V>(capacity)()

/**
 * Makes caches that have one capacity between them and one hand that goes round all of them: each has as much of it as
 * it uses, and none can be told how much that will be.
 */
export const caches = <V extends Cached>(capacity: number): (() => Cache<V>) => {
  const all: Map<string, V>[] = []
  let size = 0

  function* round() {
    for (const entries of all) for (const [key, value] of entries) yield { entries, key, value }
  }
  // Kept from one eviction to the next, as a new iterator would first walk over every hole that evictions left behind.
  let hand = round()

  const remove = (entries: Map<string, V>, key: string) => {
    if (entries.delete(key)) size--
  }

  const evict = () => {
    for (let left = chances; ; left--) {
      const { value: entry, done } = hand.next()
      if (done) hand = round()
      else if (entry.value.used && left > 0) entry.value.used = false
      else return remove(entry.entries, entry.key)
    }
  }

  return () => {
    const entries = new Map<string, V>()
    all.push(entries)
    return {
      find(key) {
        const value = entries.get(key)
        if (value) value.used = true
        return value
      },
      put(key, value) {
        if (!entries.has(key)) {
          if (size >= capacity) evict()
          size++
        }
        entries.set(key, value)
      },
      drop(key) {
        const value = entries.get(key)
        remove(entries, key)
        return value
      },
      dropWhere(matches) {
        const dropped: V[] = []
        for (const [key, value] of entries)
          if (matches(key, value)) {
            remove(entries, key)
            dropped.push(value)
          }
        return dropped
      },
      get size() {
        return entries.size
      },
    }
  }
}
