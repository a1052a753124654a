import { operation } from '../operation.ts'
import { changeAccount, roleResource } from './own-account.ts'
import { roleName } from './shapes.ts'

/** Its sessions end with it: they are the role's by its unique id. */
export const DeleteRole = operation({
  authorize: { action: 'iam:DeleteRole', resource: roleResource },
  readOnly: false,
  input: { RoleName: roleName() },
  async run({ RoleName }, call) {
    await changeAccount(call, { type: 'DeleteRole', roleName: RoleName })
    return {}
  },
})
