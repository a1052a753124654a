import { epoch } from '../key-metadata.ts'
import { operation } from '../operation.ts'
import { keyId } from './shapes.ts'

/**
 * Answered from the trail. Every use since the key was made is on it, so tracking starts with the key. Of a use whose record
 * is there no more only the time is told: an empty answer would say that the key was never used.
 */
export const GetKeyLastUsage = operation({
  authorize: { action: 'kms:GetKeyLastUsage', on: 'KeyId' },
  readOnly: true,
  input: { KeyId: keyId() },
  async run(_, { key, world }) {
    const last = await world.lists.lastUsage(key.arn)
    return {
      KeyId: key.arn,
      KeyLastUsage: last
        ? {
            Operation: last.operation,
            Timestamp: epoch(last.time),
            CloudTrailEventId: last.eventId,
            KmsRequestId: last.requestId,
          }
        : {},
      TrackingStartDate: epoch(key.createdAt),
      KeyCreationDate: epoch(key.createdAt),
    }
  },
})
