import { change } from '../keys.ts'
import { operation } from '../operation.ts'
import { keyId, tagKeys } from './shapes.ts'

export const UntagResource = operation({
  authorize: { action: 'kms:UntagResource', on: 'KeyId' },
  readOnly: false,
  input: { KeyId: keyId(), TagKeys: tagKeys() },
  async run({ TagKeys }, call) {
    await change(call, { type: 'UntagResource', tagKeys: TagKeys })
    return {}
  },
})
