import { rotationDue } from '@keyledger/keys'
import { recordServiceEvent } from '../service-event.ts'
import { type KeyJob, envelope } from '../world.ts'

/** The automatic rotation. Material first, as everywhere; what the decision then does not want is destroyed again. */
export const RotateKeyMaterial: KeyJob = async (stream, { region, account, id }, world) => {
  const { keys, vault, now } = world
  const before = await keys.find(stream)
  if (!rotationDue(before, now())) return
  const { materialId } = await vault.generate({ region, account, keyId: id })
  const after = await keys.handle(
    stream,
    { type: 'RotateKeyMaterial', now: now(), materialId },
    envelope(world, { region, account }),
  )
  if (after.materials.at(-1)?.id !== materialId) return vault.discard(region, materialId)
  await recordServiceEvent(world, 'RotateKey', after, {
    keyId: id,
    rotationType: 'AUTOMATIC',
    keyOrigin: after.origin,
    previousKeyMaterialId: after.rotations.at(-1)?.previousMaterialId,
    currentKeyMaterialId: materialId,
  })
}
