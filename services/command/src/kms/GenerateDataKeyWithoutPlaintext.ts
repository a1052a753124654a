import { boolean, integer } from '@keyledger/wire'
import { operation } from '../operation.ts'
import { dataKey } from '../use.ts'
import { dataKeySpec, encryptionContext, grantTokens, keyId } from './shapes.ts'

export const GenerateDataKeyWithoutPlaintext = operation({
  authorize: { action: 'kms:GenerateDataKeyWithoutPlaintext', on: 'KeyId', alias: true, crossAccount: true },
  readOnly: true,
  input: {
    KeyId: keyId(),
    EncryptionContext: encryptionContext(),
    KeySpec: dataKeySpec().optional(),
    NumberOfBytes: integer({ min: 1, max: 1024 }).optional(),
    GrantTokens: grantTokens(),
    DryRun: boolean().optional(),
  },
  async run(input, call) {
    const { Plaintext, ...sealed } = await dataKey(call, 'GenerateDataKeyWithoutPlaintext', input)
    Plaintext.fill(0)
    return sealed
  },
})
