import { usable } from '@keyledger/keys'
import { epoch } from '../key-metadata.ts'
import { operation } from '../operation.ts'
import { keyId } from './shapes.ts'

/** While the key waits for its deletion the status reads false; a cancellation brings it back. */
export const GetKeyRotationStatus = operation({
  authorize: { action: 'kms:GetKeyRotationStatus', on: 'KeyId', crossAccount: true },
  readOnly: true,
  input: { KeyId: keyId() },
  run(_, { key }) {
    usable(key, 'GetKeyRotationStatus')
    const { rotation } = key
    const leaving = key.deletionDate !== undefined || key.windowInDays !== undefined
    if (!rotation || leaving) return { KeyId: key.arn, KeyRotationEnabled: false }
    return {
      KeyId: key.arn,
      KeyRotationEnabled: true,
      RotationPeriodInDays: rotation.periodInDays,
      NextRotationDate: epoch(rotation.nextDate),
    }
  },
})
