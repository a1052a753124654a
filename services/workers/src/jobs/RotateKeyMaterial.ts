import { type Key, rotationDue } from '@keyledger/keys'
import { recordServiceEvent } from '../service-event.ts'
import { type KeyJob, type World, envelope } from '../world.ts'

/** The automatic rotation. Material first, as everywhere; what the decision then does not want is destroyed again. */
export const RotateKeyMaterial: KeyJob = async (stream, { region, account, id }, world, { at }) => {
  const { keys, vault } = world
  // The job's own time: a clock set back between its start and here must not make it seem too early.
  const now = Math.max(world.now(), at)
  const before = await keys.find(stream)
  if (!rotationDue(before, now)) return retell(world, before, at)
  const { materialId } = await vault.generate({ region, account, keyId: id })
  const after = await keys.handle(
    stream,
    { type: 'RotateKeyMaterial', now, materialId },
    envelope(world, { region, account }),
  )
  if (after.materials.at(-1)?.id !== materialId) return vault.discard(region, materialId)
  await tell(world, after)
}

/** An earlier run rotated and died before it could say so: twice on the trail is better than never. */
const retell = async (world: World, key: Key, due: number): Promise<void> => {
  const last = key.rotations.at(-1)
  if (last?.type === 'AUTOMATIC' && last.date >= due) await tell(world, key)
}

const tell = (world: World, key: Key): Promise<void> =>
  recordServiceEvent(world, 'RotateKey', key, {
    keyId: key.id,
    rotationType: 'AUTOMATIC',
    keyOrigin: key.origin,
    previousKeyMaterialId: key.rotations.at(-1)?.previousMaterialId,
    currentKeyMaterialId: key.rotations.at(-1)?.materialId,
  })
