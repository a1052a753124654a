import { change } from '../keys.ts'
import { operation } from '../operation.ts'
import { keyId } from './shapes.ts'

export const DisableKey = operation({
  authorize: { action: 'kms:DisableKey', on: 'KeyId' },
  readOnly: false,
  input: { KeyId: keyId() },
  async run(_, call) {
    await change(call, { type: 'DisableKey' })
    return {}
  },
})
