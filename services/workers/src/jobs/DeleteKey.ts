import { recordServiceEvent } from '../service-event.ts'
import { type KeyJob, envelope } from '../world.ts'

/** The end of the deletion window. The key decides again: a cancellation that crossed this job has won. */
export const DeleteKey: KeyJob = async (stream, place, world, { at }) => {
  // The job's own time: a clock set back between its start and here must not make it seem too early.
  const now = Math.max(world.now(), at)
  const after = await world.keys.handle(stream, { type: 'DeleteKey', now }, envelope(world, place))
  // Also when an earlier run deleted it and died before it could say so: twice on the trail is better than never.
  if (after.exists === 'deleted') await recordServiceEvent(world, 'DeleteKey', after, { keyId: place.id })
}
