import { aliasArn } from '@keyledger/keys'
import { epoch } from '../key-metadata.ts'
import { namedKey } from '../keys.ts'
import { operation } from '../operation.ts'
import { page, paginated } from '../pagination.ts'
import { keyId, limit, marker } from './shapes.ts'

export const ListAliases = operation({
  authorize: { action: 'kms:ListAliases' },
  readOnly: true,
  input: { KeyId: keyId().optional(), Limit: limit(100, 50), Marker: marker().optional() },
  async run({ KeyId, Limit, Marker }, call) {
    const { world, region, principal } = call
    const key = KeyId === undefined ? undefined : await namedKey(call, { action: 'kms:ListAliases' }, KeyId)
    const list = `ListAliases ${region} ${principal.accountId} ${key?.id ?? ''}`
    const found = world.lists.aliases(region, principal.accountId, {
      ...page(list, Limit, Marker),
      keyId: key?.id,
    })
    const { items, ...rest } = paginated(list, Limit, found, ({ name }) => name)
    return {
      Aliases: items.map(({ name, targetKeyId, createdAt, updatedAt }) => ({
        AliasName: name,
        AliasArn: aliasArn(region, principal.accountId, name),
        TargetKeyId: targetKeyId,
        CreationDate: epoch(createdAt),
        LastUpdatedDate: epoch(updatedAt),
      })),
      ...rest,
    }
  },
})
