import { keyMetadata } from '../key-metadata.ts'
import { operation } from '../operation.ts'
import { grantTokens, keyId } from './shapes.ts'

export const DescribeKey = operation({
  authorize: { action: 'kms:DescribeKey', on: 'KeyId', alias: true, crossAccount: true },
  readOnly: true,
  input: { KeyId: keyId(), GrantTokens: grantTokens() },
  run: (_, { key }) => ({ KeyMetadata: keyMetadata(key) }),
})
