import { keyArn } from '@keyledger/keys'
import { operation } from '../operation.ts'
import { page, paginated } from '../pagination.ts'
import { limit, marker } from './shapes.ts'

export const ListKeys = operation({
  authorize: { action: 'kms:ListKeys' },
  readOnly: true,
  input: { Limit: limit(1000, 100), Marker: marker().optional() },
  run({ Limit, Marker }, { world, principal, region }) {
    const list = `ListKeys ${region} ${principal.accountId}`
    const found = world.lists.keys(region, principal.accountId, page(list, Limit, Marker))
    const { items, ...rest } = paginated(list, Limit, found, ({ keyId }) => keyId)
    return {
      Keys: items.map(({ keyId }) => ({ KeyId: keyId, KeyArn: keyArn(region, principal.accountId, keyId) })),
      ...rest,
    }
  },
})
