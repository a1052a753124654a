import { operation } from '../operation.ts'
import { pageOf } from '../pagination.ts'
import { keyId, limit, marker } from './shapes.ts'

/** A KMS key has exactly one policy, and its name is `default`. */
export const ListKeyPolicies = operation({
  authorize: { action: 'kms:ListKeyPolicies', on: 'KeyId' },
  readOnly: true,
  input: { KeyId: keyId(), Limit: limit(1000, 100), Marker: marker().optional() },
  run({ Limit, Marker }) {
    const { items, ...rest } = pageOf('ListKeyPolicies', ['default'], (name) => name, Limit, Marker)
    return { PolicyNames: items, ...rest }
  },
})
