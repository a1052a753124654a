import { change } from '../keys.ts'
import { operation } from '../operation.ts'
import { keyId } from './shapes.ts'

export const EnableKey = operation({
  authorize: { action: 'kms:EnableKey', on: 'KeyId' },
  readOnly: false,
  input: { KeyId: keyId() },
  async run(_, call) {
    await change(call, { type: 'EnableKey' })
    return {}
  },
})
