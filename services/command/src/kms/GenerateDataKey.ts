import { boolean, integer } from '@keyledger/wire'
import { operation } from '../operation.ts'
import { dataKey, refuseRecipient } from '../use.ts'
import { dataKeySpec, encryptionContext, grantTokens, keyId, recipient } from './shapes.ts'

export const GenerateDataKey = operation({
  authorize: { action: 'kms:GenerateDataKey', on: 'KeyId', alias: true, crossAccount: true },
  readOnly: true,
  input: {
    KeyId: keyId(),
    EncryptionContext: encryptionContext(),
    NumberOfBytes: integer({ min: 1, max: 1024 }).optional(),
    KeySpec: dataKeySpec().optional(),
    GrantTokens: grantTokens(),
    Recipient: recipient(),
    DryRun: boolean().optional(),
  },
  run(input, call) {
    refuseRecipient(input.Recipient)
    return dataKey(call, 'GenerateDataKey', input)
  },
})
