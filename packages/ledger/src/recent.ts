/** A map that holds at most `capacity` entries and forgets what was not asked for lately. */
export interface Recent<K, V> {
  get(key: K): V | undefined
  set(key: K, value: V): void
  delete(key: K): void
}

/**
 * Two generations: what is asked for moves to the young one; when that is half the capacity it becomes the old one, and
 * what nobody asked for in between goes. A hit among the young is one look-up: moving an entry to the end of one large Map
 * at every hit would make the Map rebuild itself, for milliseconds, again and again.
 */
export const recent = <K, V>(capacity: number): Recent<K, V> => {
  const generation = Math.max(1, Math.floor(capacity / 2))
  let young = new Map<K, V>()
  let old = new Map<K, V>()
  const set = (key: K, value: V) => {
    if (young.size >= generation && !young.has(key)) {
      old = young
      young = new Map()
    }
    young.set(key, value)
  }
  return {
    get: (key) => {
      const value = young.get(key)
      if (value !== undefined) return value
      const older = old.get(key)
      if (older !== undefined) {
        old.delete(key)
        set(key, older)
      }
      return older
    },
    set,
    delete: (key) => {
      young.delete(key)
      old.delete(key)
    },
  }
}
