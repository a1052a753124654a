import type { TransportKey } from '@keyledger/crypto'
import { type Shared, sharedWith } from '@keyledger/keys'
import { Later, Refusal } from '@keyledger/messaging'
import { asked } from '../asking.ts'
import { type KeyJob, type World, envelope } from '../world.ts'

/** What a region answers when it is told what is shared. */
interface Answer {
  /** Materials that it has not got. */
  readonly missing?: readonly string[]
  /** The incarnation of its replica, which is deleted. */
  readonly deleted?: number
}
interface Sealed {
  readonly materials: readonly string[]
  readonly box: string
}

/** Once without materials, once with those that were missing, and again if others came between or these were refused. */
const tries = 6

/**
 * Tells one region all that its replica shares, as it is now: so one telling is as good as many, and the last is enough. The
 * materials it lacks are sealed to its own transport key.
 */
export const ShareKey: KeyJob = async (stream, place, world, { detail: to }, signal) => {
  const { region: from, account, id: keyId } = place
  const ask = (action: string, message: unknown) => asked(world, from, to, action, message, signal)

  const sealed = async (materials: readonly string[]): Promise<Sealed> => {
    const identity = world.identityOf(to)
    if (identity === undefined) throw new Later(`${to} is no region that is known here`)
    const key = (await ask('TransportKey', null)) as TransportKey
    return { materials, box: await world.vault.sealFor(identity, key, { region: from, account, keyId }, materials) }
  }

  let bring: Sealed | undefined
  for (let tried = 0; tried < tries; tried++) {
    const shared = sharedWith(await world.keys.find(stream), to)
    if (!shared) return
    try {
      const answer = (await ask('ShareKey', { account, keyId, shared, ...(bring && { sealed: bring }) })) as Answer
      const { missing } = answer
      if (!missing) return await settle(stream, place, world, to, shared, answer)
      // What nobody told of is nothing that could be missing.
      bring = await sealed(shared.materials.map(({ id }) => id).filter((id) => missing.includes(id)))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      // More is known there than we could tell: whoever told them tells us as well.
      if (error.code === 'ShareOutdated') return
      // Sealed to a transport key that was retired on the way, say: sealed once more, and to the one of now.
      if (error.code !== 'MaterialRefused' || !bring || tried === tries - 1) throw error
      bring = undefined
    }
  }
  throw new Later(`${to} does not get all materials of ${keyId}: they change too often`)
}

const settle = async (
  stream: string,
  place: { readonly region: string; readonly account: string },
  world: World,
  region: string,
  { primary, epoch }: Shared,
  { deleted: incarnation }: Answer,
): Promise<void> => {
  if (incarnation !== undefined)
    await world.keys.handle(
      stream,
      { type: 'RemoveReplica', now: world.now(), region, incarnation },
      envelope(world, place),
    )
  else if (primary.region === region)
    await world.keys.handle(stream, { type: 'CompletePrimaryRegionUpdate', region, epoch }, envelope(world, place))
}
