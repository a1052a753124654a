import { seal } from '@keyledger/crypto'
import { boolean } from '@keyledger/wire'
import { authorize } from '../authorize.ts'
import { namedKey } from '../keys.ts'
import { operation } from '../operation.ts'
import { isUnder, opened, refuseDryRun, usableFor, withCurrentMaterial } from '../use.ts'
import { ciphertext, dryRunModifiers, encryptionAlgorithm, encryptionContext, grantTokens, keyId } from './shapes.ts'

/** Opens under the source key and seals under the destination's current material; the plaintext never leaves. */
export const ReEncrypt = operation({
  authorize: { action: 'kms:ReEncryptTo', itself: true },
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
    const action = 'kms:ReEncryptTo'
    const destination = await namedKey(call, { action, alias: true, crossAccount: true }, input.DestinationKeyId)
    const sameKey = await isUnder(call, input.CiphertextBlob, destination)
    await authorize(call, action, destination, { encryptionContext: input.DestinationEncryptionContext, sameKey })
    // CloudTrail names the source before the destination, which has been noted already.
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
      sameKey,
    }).finally(() => call.resources.push(destination.arn))
    try {
      usableFor(destination, 'ReEncrypt', input.DestinationEncryptionAlgorithm)
      refuseDryRun(input.DryRun)
      return await withCurrentMaterial(call, destination, (material) => ({
        CiphertextBlob: seal(material, destination.id, source.Plaintext, input.DestinationEncryptionContext),
        SourceKeyId: source.key.arn,
        KeyId: destination.arn,
        SourceEncryptionAlgorithm: input.SourceEncryptionAlgorithm,
        DestinationEncryptionAlgorithm: input.DestinationEncryptionAlgorithm,
        SourceKeyMaterialId: source.materialId,
        DestinationKeyMaterialId: material.materialId,
      }))
    } finally {
      source.Plaintext.fill(0)
    }
  },
})
