/**
 * A table of thousands by names from outside, replaced and not changed: a change copies one shelf of many, so that an
 * account of 5,000 users is folded in milliseconds. In no order.
 */
export interface Names<V> {
  readonly size: number
  readonly shelves: readonly (ReadonlyMap<string, V> | undefined)[]
}

const shelves = 256

export const noNames: Names<never> = Object.freeze({ size: 0, shelves: Object.freeze(Array(shelves).fill(undefined)) })

/** FNV-1a. Whoever makes up names for one shelf makes their own account slower, by far less than it is of use to them. */
const shelfOf = (name: string): number => {
  let hash = 0x811c9dc5
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  return (hash >>> 24) % shelves
}

export const named = <V>({ shelves }: Names<V>, name: string): V | undefined => shelves[shelfOf(name)]?.get(name)

const replaced = <V>(names: Names<V>, name: string, change: (shelf: Map<string, V>) => void): Names<V> => {
  const at = shelfOf(name)
  const before = names.shelves[at]
  const shelf = new Map(before)
  change(shelf)
  const size = names.size + shelf.size - (before?.size ?? 0)
  return { size, shelves: names.shelves.with(at, shelf.size === 0 ? undefined : shelf) }
}

export const withName = <V>(names: Names<V>, name: string, value: V): Names<V> =>
  replaced(names, name, (shelf) => void shelf.set(name, value))
export const withoutName = <V>(names: Names<V>, name: string): Names<V> =>
  replaced(names, name, (shelf) => void shelf.delete(name))

/** Everything in it, by name. */
export function* entriesOf<V>({ shelves }: Names<V>): Generator<readonly [name: string, value: V]> {
  for (const shelf of shelves) if (shelf) yield* shelf
}
