import { deleteAlias } from '../aliases.ts'
import { operation } from '../operation.ts'
import { aliasName } from './shapes.ts'

export const DeleteAlias = operation({
  authorize: { action: 'kms:DeleteAlias', itself: true },
  readOnly: false,
  input: { AliasName: aliasName() },
  async run({ AliasName }, call) {
    await deleteAlias(call, AliasName)
    return {}
  },
})
