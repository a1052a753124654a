import { keyStream } from '@keyledger/keys'
import type { World } from '../world.ts'

/** Younger material may belong to a command that is still under way, milliseconds. */
const grace = 3600_000

/** The sequence of the youngest material there is. */
export const lastMade = async ({ vault }: World): Promise<number> => {
  for (let last = 0; ;) {
    const made = await vault.made(last, Infinity)
    if (made.length === 0) return last
    last = made.at(-1)!.sequence
  }
}

/**
 * Destroys material that no event names: its command died between making it and appending. Goes on from the sequence
 * `after` and resolves to the last one looked at, so that each material is looked at once.
 */
export const SweepOrphans = async (
  { vault, keys, now }: World,
  after: number,
  signal: AbortSignal,
): Promise<number> => {
  let last = after
  while (!signal.aborted) {
    const made = await vault.made(last, now() - grace)
    if (made.length === 0) return last
    for (const { sequence, key, materialId } of made) {
      const { region, account, keyId } = key
      const state = await keys.find(keyStream({ region, account, id: keyId }))
      if (state.exists === 'no') await vault.destroy(key)
      else if (!state.materials.some(({ id }) => id === materialId)) await vault.discard(region, materialId)
      last = sequence
    }
  }
  return last
}
