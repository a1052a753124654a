import { change } from '../keys.ts'
import { operation } from '../operation.ts'
import { keyId } from './shapes.ts'

export const CancelKeyDeletion = operation({
  authorize: { action: 'kms:CancelKeyDeletion', on: 'KeyId' },
  readOnly: false,
  input: { KeyId: keyId() },
  async run(_, call) {
    const key = await change(call, { type: 'CancelKeyDeletion' })
    return { KeyId: key.arn }
  },
})
