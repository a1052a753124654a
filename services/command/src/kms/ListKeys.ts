import { keyArn } from '@keyledger/keys'
import { operation } from '../operation.ts'
import { page, paginated } from '../pagination.ts'
import { limit, marker } from './shapes.ts'

export const ListKeys = operation({
  authorize: { action: 'kms:ListKeys' },
  readOnly: true,
  input: { Limit: limit(1000, 100), Marker: marker().optional() },
  run({ Limit, Marker }, { world, principal, region }) {
    const found = world.lists.keys(region, principal.accountId, page('ListKeys', Limit, Marker))
    const { items, ...rest } = paginated('ListKeys', Limit, found, ({ keyId }) => keyId)
    return {
      Keys: items.map(({ keyId }) => ({ KeyId: keyId, KeyArn: keyArn(region, principal.accountId, keyId) })),
      ...rest,
    }
  },
})
