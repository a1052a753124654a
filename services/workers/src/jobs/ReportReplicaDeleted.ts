import { Later, Refusal } from '@keyledger/messaging'
import { asked } from '../asking.ts'
import type { KeyJob } from '../world.ts'
import { DestroyKey } from './DestroyKey.ts'

/** Regions that name each other as the primary are still being told; so many are no accident. */
const mostHops = 16

/**
 * Tells the primary that this replica is deleted, for the primary's own deletion may wait for that, and another replica may be
 * made in this region. Therefore not before all that was left of this one is destroyed.
 */
export const ReportReplicaDeleted: KeyJob = async (stream, place, world, due, signal) => {
  const { region: from, account, id: keyId } = place
  const key = await world.keys.find(stream)
  // Another replica is here: so the primary knows.
  if (key.exists !== 'deleted' || !key.replication) return
  await DestroyKey(stream, place, world, due, signal)
  const { primary, incarnation } = key.replication
  const message = { account, keyId, incarnation }
  let to = primary.region
  for (let hops = 0; hops < mostHops; hops++) {
    const answer = await told(() => asked(world, from, to, 'ReplicaDeleted', message, signal), to)
    if (answer.primary === undefined) return
    to = answer.primary
  }
  throw new Later(`no region says that it has the primary of ${keyId}`)
}

/** A primary that is handing over to another region knows better later. */
const told = async (ask: () => Promise<unknown>, to: string): Promise<{ readonly primary?: string }> => {
  try {
    return (await ask()) as { readonly primary?: string }
  } catch (error) {
    if (error instanceof Refusal && error.code === 'KMSInvalidStateException')
      throw new Later(`${to} is handing over to another region`, { cause: error })
    throw error
  }
}
