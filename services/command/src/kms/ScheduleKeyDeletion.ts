import { integer } from '@keyledger/wire'
import { epoch } from '../key-metadata.ts'
import { change } from '../keys.ts'
import { operation } from '../operation.ts'
import { keyId } from './shapes.ts'

export const ScheduleKeyDeletion = operation({
  authorize: { action: 'kms:ScheduleKeyDeletion', on: 'KeyId' },
  readOnly: false,
  input: { KeyId: keyId(), PendingWindowInDays: integer({ min: 7, max: 30 }).default(30) },
  async run({ PendingWindowInDays }, call) {
    const key = await change(call, {
      type: 'ScheduleKeyDeletion',
      now: call.time,
      windowInDays: PendingWindowInDays,
    })
    return {
      KeyId: key.arn,
      DeletionDate: key.deletionDate === undefined ? undefined : epoch(key.deletionDate),
      KeyState: key.state,
      PendingWindowInDays,
    }
  },
})
