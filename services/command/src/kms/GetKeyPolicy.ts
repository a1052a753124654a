import { onlyDefaultPolicy } from '../key-policy.ts'
import { operation } from '../operation.ts'
import { shownPolicy } from '../principals.ts'
import { keyId, policyName } from './shapes.ts'

export const GetKeyPolicy = operation({
  authorize: { action: 'kms:GetKeyPolicy', on: 'KeyId' },
  readOnly: true,
  input: { KeyId: keyId(), PolicyName: policyName().optional() },
  run({ PolicyName }, { key, world }) {
    onlyDefaultPolicy(PolicyName)
    return { Policy: shownPolicy(world.identities, key.policy, key.principals), PolicyName: 'default' }
  },
})
