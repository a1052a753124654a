import { seal } from '@keyledger/crypto'
import { boolean } from '@keyledger/wire'
import { operation } from '../operation.ts'
import { currentMaterial, opened, refuseDryRun, usableFor } from '../use.ts'
import { ciphertext, dryRunModifiers, encryptionAlgorithm, encryptionContext, grantTokens, keyId } from './shapes.ts'

/** Opens under the source key and seals under the destination's current material; the plaintext never leaves. */
export const ReEncrypt = operation({
  authorize: { action: 'kms:ReEncryptTo', on: 'DestinationKeyId', alias: true },
  readOnly: true,
  input: {
    CiphertextBlob: ciphertext().optional(),
    SourceEncryptionContext: encryptionContext(),
    SourceKeyId: keyId().optional(),
    DestinationKeyId: keyId(),
    DestinationEncryptionContext: encryptionContext(),
    SourceEncryptionAlgorithm: encryptionAlgorithm().default('SYMMETRIC_DEFAULT'),
    DestinationEncryptionAlgorithm: encryptionAlgorithm().default('SYMMETRIC_DEFAULT'),
    GrantTokens: grantTokens(),
    DryRun: boolean().optional(),
    DryRunModifiers: dryRunModifiers(),
  },
  async run(input, call) {
    const destination = call.key
    // CloudTrail names the source before the destination, which the door has noted already.
    call.resources.length = 0
    const source = await opened(call, {
      operation: 'ReEncrypt',
      action: 'kms:ReEncryptFrom',
      keyId: input.SourceKeyId,
      blob: input.CiphertextBlob,
      context: input.SourceEncryptionContext,
      algorithm: input.SourceEncryptionAlgorithm,
      dryRun: input.DryRun,
      ignoreCiphertext: input.DryRunModifiers?.includes('IGNORE_CIPHERTEXT'),
    }).finally(() => call.resources.push(destination.arn))
    try {
      usableFor(destination, 'ReEncrypt', input.DestinationEncryptionAlgorithm)
      refuseDryRun(input.DryRun)
      using material = await currentMaterial(call, destination)
      return {
        CiphertextBlob: seal(material, destination.id, source.Plaintext, input.DestinationEncryptionContext),
        SourceKeyId: source.key.arn,
        KeyId: destination.arn,
        SourceEncryptionAlgorithm: input.SourceEncryptionAlgorithm,
        DestinationEncryptionAlgorithm: input.DestinationEncryptionAlgorithm,
        SourceKeyMaterialId: source.materialId,
        DestinationKeyMaterialId: material.materialId,
      }
    } finally {
      source.Plaintext.fill(0)
    }
  },
})
