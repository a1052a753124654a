import { type Lists, type World, issuers, linkActions } from '@keyledger/command'
import { verifySignature } from '@keyledger/crypto'
import { trail } from '@keyledger/ledger'
import { type LinkActions, httpLink, links, ownLink } from '@keyledger/messaging'
import type { Shared } from '../roles/shared.ts'

/** What handlers reach, and what of it other regions may ask for. */
export interface Inhabited {
  readonly world: World
  readonly actions: LinkActions
}

/**
 * Puts together what the front door and the workers of this process reach. The regions that are served here are asked here;
 * the others over the link, each known by the key that its operator told.
 */
export const inhabited = ({ settings, ground, watch, parts }: Shared, lists: Lists): Inhabited => {
  const { log, house } = ground
  if (!house) throw new TypeError('nobody reaches anything without the vault')
  const { clock, id, peers, regions: own } = settings
  const { keys, aliases, grants, vault, people } = house
  const now = () => clock.now()
  const sign = (message: Uint8Array) => vault.sign(message)
  const far = parts.use(httpLink({ peers, sign, verify: verifySignature, now, id }))
  const pinned = new Map(peers.map(({ region, identity }) => [region, identity]))
  const world: World = {
    keys,
    aliases,
    grants,
    identities: people,
    issuers: issuers({ issuers: settings.issuers, now, onFault: watch.faults('command') }),
    vault,
    lists,
    regions: {
      own,
      identity: (region) => (own.includes(region) ? vault.identity : pinned.get(region)),
      // A region of this house answers by the very world that holds this: what it is asked comes when both are there.
      link: { ask: (...question) => link.ask(...question) },
    },
    trail: trail(log),
    now,
    id,
  }
  const actions = linkActions(world, () => log.fresh())
  const link = links(own, ownLink({ regions: own, actions }), far)
  return { world, actions }
}
