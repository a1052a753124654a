import { boolean } from '@keyledger/wire'
import { acceptableKeyPolicy, onlyDefaultPolicy } from '../key-policy.ts'
import { change } from '../keys.ts'
import { operation } from '../operation.ts'
import { keyId, policy, policyName } from './shapes.ts'

export const PutKeyPolicy = operation({
  authorize: { action: 'kms:PutKeyPolicy', on: 'KeyId' },
  readOnly: false,
  input: {
    KeyId: keyId(),
    PolicyName: policyName().optional(),
    Policy: policy(),
    BypassPolicyLockoutSafetyCheck: boolean().optional(),
  },
  async run({ PolicyName, Policy, BypassPolicyLockoutSafetyCheck }, call) {
    onlyDefaultPolicy(PolicyName)
    const accepted = acceptableKeyPolicy(call, call.key, Policy, BypassPolicyLockoutSafetyCheck)
    await change(call, { type: 'PutKeyPolicy', ...accepted })
    return {}
  },
})
