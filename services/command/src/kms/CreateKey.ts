import { defaultKeyPolicy } from '@keyledger/iam'
import { key, keyArn } from '@keyledger/keys'
import { boolean, enumeration, string } from '@keyledger/wire'
import { authorizeByIdentity } from '../authorize.ts'
import { acceptableKeyPolicy } from '../key-policy.ts'
import { keyMetadata } from '../key-metadata.ts'
import { changeWithNewMaterial, specAndUsage } from '../keys.ts'
import { operation } from '../operation.ts'
import { customerMasterKeySpec, description, keySpec, keyUsage, policy, tags } from './shapes.ts'

export const CreateKey = operation({
  authorize: { action: 'kms:CreateKey' },
  readOnly: false,
  input: {
    Policy: policy().optional(),
    Description: description().default(''),
    KeyUsage: keyUsage().optional(),
    CustomerMasterKeySpec: customerMasterKeySpec().optional(),
    KeySpec: keySpec().optional(),
    Origin: enumeration(['AWS_CLOUDHSM', 'AWS_KMS', 'EXTERNAL', 'EXTERNAL_KEY_STORE']).default('AWS_KMS'),
    CustomKeyStoreId: string({ min: 1, max: 64 }).optional(),
    BypassPolicyLockoutSafetyCheck: boolean().optional(),
    Tags: tags().default([]),
    MultiRegion: boolean().default(false),
    XksKeyId: string({ min: 1, max: 128, pattern: '^[a-zA-Z0-9-_.]+$' }).optional(),
  },
  // CloudTrail shows what the key is made with, and the kind under its old name as well.
  shown: (input) => {
    const KeySpec = input.KeySpec ?? input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT'
    const KeyUsage = input.KeyUsage ?? (KeySpec === 'SYMMETRIC_DEFAULT' ? 'ENCRYPT_DECRYPT' : undefined)
    const BypassPolicyLockoutSafetyCheck = input.BypassPolicyLockoutSafetyCheck ?? false
    return { ...input, KeySpec, CustomerMasterKeySpec: KeySpec, KeyUsage, BypassPolicyLockoutSafetyCheck }
  },
  async run(input, call) {
    const { region, principal, time, world } = call
    const { spec, usage } = specAndUsage(input)
    const id = input.MultiRegion ? `mrk-${world.id().replaceAll('-', '')}` : world.id()
    const account = principal.accountId
    const owner = { ...key.initial, region, account, id, arn: keyArn(region, account, id), spec, usage }
    if (input.Tags.length > 0) authorizeByIdentity(call, 'kms:TagResource', owner.arn)
    const accepted =
      input.Policy === undefined
        ? { policy: defaultKeyPolicy(account) }
        : acceptableKeyPolicy(call, owner, input.Policy, input.BypassPolicyLockoutSafetyCheck)
    const created = await changeWithNewMaterial(call, owner, (materialId) => ({
      type: 'CreateKey',
      now: time,
      region,
      account,
      keyId: id,
      spec,
      usage,
      origin: 'AWS_KMS',
      description: input.Description,
      ...accepted,
      tags: input.Tags,
      multiRegion: input.MultiRegion,
      materialId,
    }))
    return { KeyMetadata: keyMetadata(created) }
  },
})
