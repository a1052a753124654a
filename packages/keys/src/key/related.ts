import { fault } from '../fault.ts'
import type { KeySpec, KeyUsage } from '../key-spec.ts'
import type { AutomaticRotation, Key, KeyMaterial, Origin, PrincipalIds, Rotation, Tag } from './state.ts'

/** What a replica has of its own from its first day: its Region is told once, and from then on it is that Region's. */
export interface Birth {
  readonly createdAt: number
  readonly description: string
  readonly policy: string
  /** Unique ids of those whom the policy names, as they are in the primary's Region. */
  readonly principals?: PrincipalIds
  readonly tags: readonly Tag[]
}

/** A key in one of its Regions. No two that ever were have the same incarnation, so a report of an old one harms no new one. */
export interface Related {
  readonly region: string
  readonly incarnation: number
  /** Only with the primary, and with whom it tells. */
  readonly birth?: Birth
}

/** A primary's word that another Region is primary from this epoch on. */
export interface Handover {
  readonly epoch: number
  readonly from: string
  readonly to: string
  /** `from`'s signature over {@link handoverText}. */
  readonly proof: string
}

/** Where the related keys are, and whose word counts. */
export interface Lineage {
  /** Changes of the primary Region since the key was made. */
  readonly epoch: number
  /** Changes of what is shared, of all epochs; of two states the one with the higher epoch, then version, is newer. */
  readonly version: number
  readonly primary: Related
  /** In the order in which they were made. */
  readonly replicas: readonly Related[]
  /** The highest incarnation that was ever given. */
  readonly incarnations: number
  /** All there were, the last one made the primary. */
  readonly handovers: readonly Handover[]
}

/** What a multi-Region key knows of the others. */
export interface Replication extends Lineage {
  /** Of the key in this Region. */
  readonly incarnation: number
  /** What this primary has promised and the other Region has not yet taken. */
  readonly updating: Handover | undefined
}

/** All that related keys have in common (KMS developer guide, "Shared properties"): told as a whole, so the last word is enough. */
export interface Shared extends Lineage {
  readonly spec: KeySpec
  readonly usage: KeyUsage
  readonly origin: Origin
  readonly materials: readonly KeyMaterial[]
  readonly rotations: readonly Rotation[]
  readonly rotation?: AutomaticRotation
  readonly onDemandRotations: number
}

const none: readonly never[] = Object.freeze([])

/** A new primary, alone in the world. */
export const alone = (region: string): Replication => ({
  epoch: 0,
  version: 0,
  primary: { region, incarnation: 0 },
  replicas: none,
  incarnations: 0,
  handovers: none,
  incarnation: 0,
  updating: undefined,
})

export const unborn = ({ region, incarnation }: Related): Related => ({ region, incarnation })

/** One more change of what is shared; a key of a single Region shares nothing. */
export const changed = ({ replication }: Key): Replication | undefined =>
  replication && { ...replication, version: replication.version + 1 }

/** Whom a change of what is shared has to be told: beside the event, for its reactions. */
export const told = ({ replication }: Key): { readonly share?: readonly string[] } =>
  replication && replication.replicas.length > 0 ? { share: replication.replicas.map(({ region }) => region) } : {}

/** What a primary signs: fields of which none can hold a line feed. */
export const handoverText = (account: string, keyId: string, { epoch, from, to }: Omit<Handover, 'proof'>): string =>
  `keyledger handover of a multi-Region key, 1\n${account}\n${keyId}\n${epoch}\n${from}\n${to}\n`

/** The lineage once the handover is taken: the old primary stands where the new one stood. */
export const handedOver = (replication: Replication, handover: Handover): Lineage => {
  const { version, primary, replicas, incarnations, handovers } = replication
  const heir = replicas.find(({ region }) => region === handover.to)
  return {
    epoch: handover.epoch,
    version,
    primary: heir ? unborn(heir) : primary,
    replicas: replicas.map((one) => (one.region === handover.to ? unborn(primary) : one)),
    incarnations,
    handovers: [...handovers, handover],
  }
}

/**
 * What a primary has to tell one of its replicas; undefined if this key is no primary (any more), or has none there. Births
 * go to the replica they are of, and to the heir of the primary, who may have to bring others into the world.
 */
export const sharedWith = (key: Key, region: string): Shared | undefined => {
  const { replication } = key
  if (key.exists !== 'yes' || key.multiRegion !== 'PRIMARY' || !replication) return undefined
  if (!replication.replicas.some((one) => one.region === region)) return undefined
  const { epoch, version, primary, replicas, incarnations, handovers, updating } = replication
  const others = replicas.map((one) => (one.region === region ? one : unborn(one)))
  const lineage =
    updating?.to === region
      ? handedOver(replication, updating)
      : { epoch, version, primary, replicas: others, incarnations, handovers }
  const { spec, usage, origin, materials, rotations, rotation, onDemandRotations } = key
  return { ...lineage, spec, usage, origin, materials, rotations, ...(rotation && { rotation }), onDemandRotations }
}

/** What to do with what another Region shared. */
export type Judgement =
  | { readonly as: 'creation'; readonly incarnation: number; readonly birth: Birth }
  | { readonly as: 'news' | 'promotion' | 'known' }
  /** The replica it is for is deleted: its primary is to know. */
  | { readonly as: 'deleted'; readonly incarnation: number }

export interface Sharing {
  /** The Region that speaks, as its signature says. */
  readonly from: string
  /** The Region that hears. */
  readonly region: string
  readonly shared: Shared
  /** Handovers after this epoch have been found to be signed by their primaries; Infinity: none was looked at. */
  readonly provenFrom: number
}

const refuse = (why: string) => fault('shareRefused', why)

/** The handovers that lead from what a Region knows to what it is told. Throws if they do not. */
export const wayFrom = ({ epoch, primary }: Lineage, shared: Shared): readonly Handover[] => {
  const way = shared.handovers.filter((one) => one.epoch > epoch)
  let at = { epoch, region: primary.region }
  for (const one of way) {
    if (one.epoch !== at.epoch + 1 || one.from !== at.region) throw refuse('the handovers have a gap')
    at = { epoch: one.epoch, region: one.to }
  }
  if (at.epoch !== shared.epoch || at.region !== shared.primary.region)
    throw refuse(`${shared.primary.region} is not the primary of epoch ${shared.epoch}`)
  return way
}

/** A primary speaks for itself, but for the one message in which its predecessor hands over to it. */
const speaks = ({ from, region, shared }: Sharing): void => {
  const { primary, handovers, epoch } = shared
  const last = handovers.at(-1)
  const mayHandOver = last?.to === region && last.from === from && last.epoch === epoch
  if (primary.region === region ? !mayHandOver : primary.region !== from)
    throw refuse(`${from} may not speak for ${primary.region}`)
}

const ownEntry = ({ primary, replicas }: Lineage, region: string): Related | undefined =>
  primary.region === region ? primary : replicas.find((one) => one.region === region)

const created = (entry: Related | undefined): Judgement => {
  if (!entry?.birth) throw refuse('there is no such replica here')
  return { as: 'creation', incarnation: entry.incarnation, birth: entry.birth }
}

const sameKind = (key: Key, shared: Shared): void => {
  const { spec, usage, origin } = shared
  if (key.spec !== spec || key.usage !== usage || key.origin !== origin) throw refuse('it is of another kind here')
}

/** From the primary that this Region knows, or by handovers that lead on from it. Throws for anybody else. */
const byPrimary = (mine: Replication, { region, shared, provenFrom }: Sharing): void => {
  const way = wayFrom(mine, shared)
  if (way.length > 0 && provenFrom > mine.epoch) throw refuse('the handovers are not proven')
  // A primary believes of others only what it promised itself.
  if (mine.primary.region === region && way.length > 0 && way[0]!.proof !== mine.updating?.proof)
    throw refuse(`${region} is the primary`)
}

/**
 * May this be believed, and what is to be done about it? Decided on what is known here alone; whoever is not the primary by
 * that, or leads no proven way from it, is refused. The first word about a key that is not here is believed: there
 * is nothing yet to hold it against.
 */
export const judged = (key: Key, sharing: Sharing): Judgement => {
  const { from, region, shared } = sharing
  speaks(sharing)
  const entry = ownEntry(shared, region)
  if (key.exists === 'no') return created(shared.primary.region === region ? undefined : entry)
  const mine = key.replication
  if (!mine) throw refuse('it is no multi-Region key here')
  sameKind(key, shared)
  const taken = mine.handovers.some((one) => one.epoch === shared.epoch && one.to === region && one.from === from)
  if (shared.primary.region === region && taken) return { as: 'known' }
  if (shared.epoch < mine.epoch) throw fault('shareOutdated')
  byPrimary(mine, sharing)
  if (key.exists === 'deleted') {
    if (!entry || entry.incarnation <= mine.incarnation) return { as: 'deleted', incarnation: mine.incarnation }
    return created(entry)
  }
  if (entry?.incarnation !== mine.incarnation) throw fault('shareOutdated')
  if (shared.epoch === mine.epoch && shared.version <= mine.version) return { as: 'known' }
  if (key.materials.some(({ id }, index) => shared.materials[index]?.id !== id))
    throw refuse('its materials are others')
  return { as: shared.primary.region === region ? 'promotion' : 'news' }
}
