import { seal } from '@keyledger/crypto'
import { blob, boolean } from '@keyledger/wire'
import { currentMaterial, refuseDryRun, usableFor } from '../use.ts'
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
  async run({ Plaintext, EncryptionContext, EncryptionAlgorithm, DryRun }, call) {
    const { key } = call
    usableFor(key, 'Encrypt', EncryptionAlgorithm)
    refuseDryRun(DryRun)
    using material = await currentMaterial(call, key)
    const CiphertextBlob = seal(material, key.id, Plaintext, EncryptionContext)
    return { CiphertextBlob, KeyId: key.arn, EncryptionAlgorithm }
  },
})
