import { createAlias } from '../aliases.ts'
import { operation } from '../operation.ts'
import { aliasName, keyId } from './shapes.ts'

export const CreateAlias = operation({
  authorize: { action: 'kms:CreateAlias', on: 'TargetKeyId' },
  readOnly: false,
  input: { AliasName: aliasName(), TargetKeyId: keyId() },
  async run({ AliasName }, call) {
    await createAlias(call, AliasName)
    return {}
  },
})
