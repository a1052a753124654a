import { change } from '../keys.ts'
import { operation } from '../operation.ts'
import { keyId } from './shapes.ts'

export const DisableKeyRotation = operation({
  authorize: { action: 'kms:DisableKeyRotation', on: 'KeyId' },
  readOnly: false,
  input: { KeyId: keyId() },
  async run(_, call) {
    await change(call, { type: 'DisableKeyRotation' })
    return {}
  },
})
