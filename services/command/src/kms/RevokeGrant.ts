import { decide, grants, grantsStream } from '@keyledger/keys'
import { boolean } from '@keyledger/wire'
import { acceptableGrantId } from '../grants.ts'
import { envelope } from '../keys.ts'
import { operation } from '../operation.ts'
import { refuseDryRun } from '../use.ts'
import { grantId, keyId } from './shapes.ts'

export const RevokeGrant = operation({
  authorize: { action: 'kms:RevokeGrant', on: 'KeyId', crossAccount: true },
  readOnly: false,
  input: { KeyId: keyId(), GrantId: grantId(), DryRun: boolean().optional() },
  async run({ GrantId, DryRun }, call) {
    const { key, world } = call
    const revoke = { type: 'RevokeGrant', grantId: acceptableGrantId(GrantId) } as const
    const stream = grantsStream(key)
    if (DryRun) decide(grants, await world.grants.find(stream), revoke)
    refuseDryRun(DryRun)
    await world.grants.handle(stream, revoke, envelope(call, key.account))
    return {}
  },
})
