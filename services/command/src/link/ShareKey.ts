import { verifySignature } from '@keyledger/crypto'
import {
  type Birth,
  type Key,
  type PrincipalIds,
  type Shared,
  fault,
  grantsStream,
  handoverText,
  judged,
  keyStream,
  wayFrom,
} from '@keyledger/keys'
import { internalEnvelope, recordInternal } from '../internal.ts'
import type { World } from '../world.ts'
import type { LinkRow } from './index.ts'
import { type ShareAnswer, shareMessage } from './messages.ts'

interface Place {
  readonly region: string
  readonly account: string
  readonly id: string
}

/** The epoch from which on the handovers are known to be signed by whom they say. Throws if one is not. */
const provenFrom = ({ regions }: World, { account, id }: Place, key: Key, shared: Shared): number => {
  // Of a key that is not here nothing is known that could be held against them; what is old is not believed anyway.
  if (!key.replication) return Infinity
  if (shared.epoch <= key.replication.epoch) return key.replication.epoch
  for (const handover of wayFrom(key.replication, shared)) {
    const identity = regions.identity(handover.from)
    const text = Buffer.from(handoverText(account, id, handover))
    const proof = Buffer.from(handover.proof, 'base64url')
    if (identity === undefined || !verifySignature(identity, text, proof))
      throw fault('shareRefused', `${handover.from} did not hand over to ${handover.to}`)
  }
  return key.replication.epoch
}

/** Whom the policy names, by the ids they have here: in another region's house the same people have others. */
const here = ({ identities }: World, { principals }: Birth): PrincipalIds | undefined =>
  principals && Object.fromEntries(Object.entries(principals).map(([arn, id]) => [arn, identities.uniqueId(arn) ?? id]))

/** What of the shared materials this region's vault does not have as this key's. */
const missing = async ({ vault }: World, { region, account, id }: Place, shared: Shared): Promise<string[]> => {
  const lacking: string[] = []
  for (const material of shared.materials) {
    const of = await vault.locate(region, material.id)
    if (of?.account !== account || of.keyId !== id) lacking.push(material.id)
  }
  return lacking
}

/**
 * The primary tells what is shared: at first contact a replica comes to be, later it takes what is newer, and is made the
 * primary itself by the primary's own word. Materials travel sealed, and only those that an answer before has found missing.
 */
export const ShareKey: LinkRow = async (message, { from, to }, world): Promise<ShareAnswer> => {
  const { account, keyId, shared, sealed } = shareMessage.parse(message)
  if (world.identities.account(account)?.id === undefined) throw fault('shareRefused', `${account} has no keys here`)
  const place = { region: to, account, id: keyId }
  const stream = keyStream(place)
  const first = await world.keys.find(stream)
  const sharing = { from, region: to, shared, provenFrom: provenFrom(world, place, first, shared) }
  const judgement = judged(first, sharing)
  if (judgement.as === 'deleted') return { deleted: judgement.incarnation }

  let key = first
  if (judgement.as === 'creation') {
    // Of a replica that was here before nothing must hold for this one.
    if (first.exists === 'deleted') {
      const end = { type: 'EndGrants', incarnation: judgement.incarnation } as const
      await world.grants.handle(grantsStream(place), end, internalEnvelope(world, place))
    }
    const principals = here(world, judgement.birth)
    const create = { type: 'CreateReplica', account, keyId, principals, ...sharing } as const
    key = await world.keys.handle(stream, create, internalEnvelope(world, place))
    await recordInternal(world, 'CreateKey', key)
  }

  const lacking = await missing(world, place, shared)
  if (lacking.length > 0) {
    const ids = new Set(sealed?.materials)
    if (!sealed || lacking.some((id) => !ids.has(id))) return { missing: lacking }
    // Durable, and found to be what their ids say, before the ledger names them.
    await world.vault.receive(from, sealed.box, { region: to, account, keyId }, sealed.materials)
  }
  const receive = { type: 'ReceiveSharedState', now: world.now(), ...sharing } as const
  const after = await world.keys.handle(stream, receive, internalEnvelope(world, place))
  if (after.replication?.version !== key.replication?.version || after.multiRegion !== key.multiRegion)
    await recordInternal(
      world,
      after.multiRegion === 'PRIMARY' ? 'UpdatePrimaryRegion' : 'SynchronizeMultiRegionKey',
      after,
    )
  // The sweep of orphans may have taken them just before they were named: then they are sent once more.
  const lost = await missing(world, place, shared)
  return lost.length > 0 ? { missing: lost } : {}
}
