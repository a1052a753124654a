import { fault, keyArn, keyStream } from '@keyledger/keys'
import { shownPolicy } from '../principals.ts'
import type { LinkRow } from './index.ts'
import { describeReplicaMessage } from './messages.ts'

/** As many as authorization looks at, and one more. */
const mostAliases = 51

/**
 * A replica's own properties, for the primary that is asked to make it the primary: its key policy has a say in that. Nobody else
 * is told.
 */
export const DescribeReplica: LinkRow = async (message, { from, to }, world) => {
  const { account, keyId } = describeReplicaMessage.parse(message)
  const key = await world.keys.find(keyStream({ region: to, account, id: keyId }))
  if (key.exists !== 'yes' || key.multiRegion !== 'REPLICA' || key.replication?.primary.region !== from)
    throw fault('notFound', keyArn(to, account, keyId))
  const { state, createdAt, tags } = key
  const policy = shownPolicy(world.identities, key.policy, key.principals)
  const aliases = world.lists.aliases(to, account, { keyId, limit: mostAliases }).map(({ name }) => name)
  return { state, createdAt, policy, tags, aliases }
}
