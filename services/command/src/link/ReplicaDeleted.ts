import { fault, keyStream } from '@keyledger/keys'
import { internalEnvelope } from '../internal.ts'
import type { LinkRow } from './index.ts'
import { replicaDeletedMessage } from './messages.ts'

/**
 * The asking region's replica is deleted. Each region speaks for its own replica alone; a key that is no primary (any more)
 * answers who is.
 */
export const ReplicaDeleted: LinkRow = async (message, { from, to }, world) => {
  const { account, keyId, incarnation } = replicaDeletedMessage.parse(message)
  const place = { region: to, account, id: keyId }
  const key = await world.keys.find(keyStream(place))
  if (!key.replication) throw fault('notFound', `${keyId} of ${account}`)
  // Also one that is deleted itself: it knew a later primary than whoever asks.
  if (key.multiRegion === 'REPLICA') return { primary: key.replication.primary.region }
  const command = { type: 'RemoveReplica', now: world.now(), region: from, incarnation } as const
  await world.keys.handle(keyStream(place), command, internalEnvelope(world, place))
  return {}
}
