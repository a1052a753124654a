import { random } from '@keyledger/crypto'
import { fault } from '@keyledger/keys'
import { integer, string } from '@keyledger/wire'
import { operation } from '../operation.ts'
import { refuseRecipient } from '../use.ts'
import { recipient } from './shapes.ts'

export const GenerateRandom = operation({
  authorize: { action: 'kms:GenerateRandom' },
  readOnly: true,
  input: {
    NumberOfBytes: integer({ min: 1, max: 1024 }).optional(),
    CustomKeyStoreId: string({ min: 1, max: 64 }).optional(),
    Recipient: recipient(),
  },
  run({ NumberOfBytes, CustomKeyStoreId, Recipient }) {
    refuseRecipient(Recipient)
    if (NumberOfBytes === undefined) throw fault('numberOfBytesRequired')
    if (CustomKeyStoreId !== undefined) throw fault('customKeyStoreNotFound', CustomKeyStoreId)
    return { Plaintext: random(NumberOfBytes) }
  },
})
