import { change } from '../keys.ts'
import { operation } from '../operation.ts'
import { description, keyId } from './shapes.ts'

export const UpdateKeyDescription = operation({
  authorize: { action: 'kms:UpdateKeyDescription', on: 'KeyId' },
  readOnly: false,
  input: { KeyId: keyId(), Description: description() },
  async run({ Description }, call) {
    await change(call, { type: 'UpdateKeyDescription', description: Description })
    return {}
  },
})
