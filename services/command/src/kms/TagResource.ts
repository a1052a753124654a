import { change } from '../keys.ts'
import { operation } from '../operation.ts'
import { keyId, tags } from './shapes.ts'

export const TagResource = operation({
  authorize: { action: 'kms:TagResource', on: 'KeyId' },
  readOnly: false,
  input: { KeyId: keyId(), Tags: tags() },
  async run({ Tags }, call) {
    await change(call, { type: 'TagResource', tags: Tags })
    return {}
  },
})
