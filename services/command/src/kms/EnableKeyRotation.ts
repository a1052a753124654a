import { integer } from '@keyledger/wire'
import { change } from '../keys.ts'
import { operation } from '../operation.ts'
import { keyId } from './shapes.ts'

export const EnableKeyRotation = operation({
  authorize: { action: 'kms:EnableKeyRotation', on: 'KeyId' },
  readOnly: false,
  input: { KeyId: keyId(), RotationPeriodInDays: integer({ min: 90, max: 2560 }).optional() },
  async run({ RotationPeriodInDays }, call) {
    await change(call, { type: 'EnableKeyRotation', now: call.time, periodInDays: RotationPeriodInDays })
    return {}
  },
})
