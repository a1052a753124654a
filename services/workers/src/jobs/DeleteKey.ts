import { recordServiceEvent } from '../service-event.ts'
import { type KeyJob, envelope } from '../world.ts'

/** The end of the deletion window. The key decides again: a cancellation that crossed this job has won. */
export const DeleteKey: KeyJob = async (stream, place, world) => {
  const before = await world.keys.find(stream)
  if (before.exists !== 'yes') return
  const after = await world.keys.handle(stream, { type: 'DeleteKey', now: world.now() }, envelope(world, place))
  if (after.exists === 'deleted') await recordServiceEvent(world, 'DeleteKey', after, { keyId: place.id })
}
