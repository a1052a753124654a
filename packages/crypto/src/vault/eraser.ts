import type { Deletion } from './erasing.ts'

/** What a deletion left to do: to erase up to this number. Its own wraps are remembered here and nowhere else. */
export interface Erasure {
  readonly upTo: number
  readonly deletion?: Deletion | undefined
}
export type Erase = (erasure: Erasure) => Promise<void>

/** Deletions that became durable together are erased together: one pass over the file serves them all. */
export const eraser = (run: (upTo: number, known: readonly Deletion[]) => Promise<unknown>): Erase => {
  let next: { upTo: number; known: Deletion[]; done: Promise<unknown> } | undefined

  const begin = () => {
    const erasures = { upTo: 0, known: [] as Deletion[] }
    // One microtask later: by then every deletion of the same commit has come here.
    const done = Promise.resolve().then(() => {
      next = undefined
      return run(erasures.upTo, erasures.known)
    })
    return Object.assign(erasures, { done })
  }

  return async ({ upTo, deletion }) => {
    next ??= begin()
    next.upTo = Math.max(next.upTo, upTo)
    if (deletion) next.known.push(deletion)
    await next.done
  }
}
