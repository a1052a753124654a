/**
 * The entries used of late, at most `capacity` of them. Least-recently-used by second chance (CLOCK): a hit only marks
 * its entry, and a hand that goes round evicts the first entry not used since it last came by. Keeping strict order
 * would move an entry at every hit, and a map of 250,000 that is always rewritten stops the world to clean itself up.
 */
export interface Cache<V> {
  find(key: string): V | undefined
  put(key: string, value: V): void
  drop(key: string): void
  /** For what happens seldom: goes over all of them. */
  dropWhere(matches: (key: string, value: V) => boolean): void
  clear(): void
  readonly size: number
}

/** Where a hit leaves its mark: in the entry, as a wrapper for each of 250,000 would cost 10 MB. */
export interface Cached {
  used: boolean
}

// Bounds one eviction when everything is in use.
const chances = 8

export const cache = <V extends Cached>(capacity: number): Cache<V> => {
  const entries = new Map<string, V>()
  // Kept from one eviction to the next, as a new iterator would first walk over every hole that evictions left behind.
  let hand: MapIterator<[string, V]> | undefined

  const evict = () => {
    for (let left = chances; ; left--) {
      hand ??= entries.entries()
      const { value: entry, done } = hand.next()
      if (done) hand = undefined
      else if (entry[1].used && left > 0) entry[1].used = false
      else return entries.delete(entry[0])
    }
  }

  return {
    find(key) {
      const value = entries.get(key)
      if (value) value.used = true
      return value
    },
    put(key, value) {
      if (entries.size >= capacity && !entries.has(key)) evict()
      entries.set(key, value)
    },
    drop: (key) => void entries.delete(key),
    dropWhere(matches) {
      for (const [key, value] of entries) if (matches(key, value)) entries.delete(key)
    },
    clear() {
      entries.clear()
      hand = undefined
    },
    get size() {
      return entries.size
    },
  }
}
