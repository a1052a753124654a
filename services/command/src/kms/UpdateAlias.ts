import { updateAlias } from '../aliases.ts'
import { operation } from '../operation.ts'
import { aliasName, keyId } from './shapes.ts'

export const UpdateAlias = operation({
  authorize: { action: 'kms:UpdateAlias', on: 'TargetKeyId' },
  readOnly: false,
  input: { AliasName: aliasName(), TargetKeyId: keyId() },
  async run({ AliasName }, call) {
    await updateAlias(call, AliasName)
    return {}
  },
})
