import { boolean } from '@keyledger/wire'
import { operation } from '../operation.ts'
import { retireGrant } from '../retirement.ts'
import { grantId, grantToken, keyId } from './shapes.ts'

/** By the grant's token, or by its id and its key's ARN. The grant itself says who may. */
export const RetireGrant = operation({
  authorize: { action: 'kms:RetireGrant', crossAccount: true, itself: true },
  readOnly: false,
  input: {
    GrantToken: grantToken().optional(),
    KeyId: keyId().optional(),
    GrantId: grantId().optional(),
    DryRun: boolean().optional(),
  },
  async run({ DryRun, ...named }, call) {
    await retireGrant(call, named, DryRun)
    return {}
  },
})
