import { seal } from '@keyledger/crypto'
import { blob, boolean } from '@keyledger/wire'
import { refuseDryRun, usableFor, withCurrentMaterial } from '../use.ts'
import { operation } from '../operation.ts'
import { encryptionAlgorithm, encryptionContext, grantTokens, keyId } from './shapes.ts'

export const Encrypt = operation({
  authorize: { action: 'kms:Encrypt', on: 'KeyId', alias: true, crossAccount: true },
  readOnly: true,
  input: {
    KeyId: keyId(),
    Plaintext: blob({ min: 1, max: 4096, sensitive: true }),
    EncryptionContext: encryptionContext(),
    GrantTokens: grantTokens(),
    EncryptionAlgorithm: encryptionAlgorithm().default('SYMMETRIC_DEFAULT'),
    DryRun: boolean().optional(),
  },
  run({ Plaintext, EncryptionContext, EncryptionAlgorithm, DryRun }, call) {
    const { key } = call
    usableFor(key, 'Encrypt', EncryptionAlgorithm)
    refuseDryRun(DryRun)
    return withCurrentMaterial(call, key, (material) => ({
      CiphertextBlob: seal(material, key.id, Plaintext, EncryptionContext),
      KeyId: key.arn,
      EncryptionAlgorithm,
    }))
  },
})
