import { boolean } from '@keyledger/wire'
import { operation } from '../operation.ts'
import { opened, refuseDryRun, refuseRecipient } from '../use.ts'
import {
  ciphertext,
  dryRunModifiers,
  encryptionAlgorithm,
  encryptionContext,
  grantTokens,
  keyId,
  recipient,
} from './shapes.ts'

/** The blob names its key; a KeyId, where given, must name the same one. */
export const Decrypt = operation({
  authorize: { action: 'kms:Decrypt', crossAccount: true, itself: true },
  readOnly: true,
  input: {
    CiphertextBlob: ciphertext().optional(),
    EncryptionContext: encryptionContext(),
    GrantTokens: grantTokens(),
    KeyId: keyId().optional(),
    EncryptionAlgorithm: encryptionAlgorithm().default('SYMMETRIC_DEFAULT'),
    Recipient: recipient(),
    DryRun: boolean().optional(),
    DryRunModifiers: dryRunModifiers(),
  },
  async run(input, call) {
    refuseRecipient(input.Recipient)
    const { key, materialId, Plaintext } = await opened(call, {
      operation: 'Decrypt',
      action: 'kms:Decrypt',
      keyId: input.KeyId,
      blob: input.CiphertextBlob,
      context: input.EncryptionContext,
      algorithm: input.EncryptionAlgorithm,
      dryRun: input.DryRun,
      ignoreCiphertext: input.DryRunModifiers?.includes('IGNORE_CIPHERTEXT'),
    })
    // What a dry run opens is for nobody's eyes.
    if (input.DryRun) Plaintext.fill(0)
    refuseDryRun(input.DryRun)
    return {
      KeyId: key.arn,
      Plaintext,
      EncryptionAlgorithm: input.EncryptionAlgorithm,
      KeyMaterialId: materialId,
    }
  },
})
