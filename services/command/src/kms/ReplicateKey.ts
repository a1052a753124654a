import { boolean } from '@keyledger/wire'
import { operation } from '../operation.ts'
import { replicate } from '../replication.ts'
import { description, keyId, policy, region, tags } from './shapes.ts'

/** Asynchronous, as on AWS: the answer leaves before the other Region has heard of the replica. */
export const ReplicateKey = operation({
  authorize: { action: 'kms:ReplicateKey', on: 'KeyId' },
  readOnly: false,
  input: {
    KeyId: keyId(),
    ReplicaRegion: region(),
    Policy: policy().optional(),
    BypassPolicyLockoutSafetyCheck: boolean().optional(),
    Description: description().default(''),
    Tags: tags().default([]),
  },
  shown: (input) => ({
    ...input,
    BypassPolicyLockoutSafetyCheck: input.BypassPolicyLockoutSafetyCheck ?? false,
  }),
  run: (input, call) => replicate(call, input),
})
