import { operation } from '../operation.ts'
import { page, paginated } from '../pagination.ts'
import { keyId, limit, marker } from './shapes.ts'

/** Tags come sorted by key, as on AWS. */
export const ListResourceTags = operation({
  authorize: { action: 'kms:ListResourceTags', on: 'KeyId' },
  readOnly: true,
  input: { KeyId: keyId(), Limit: limit(50, 50), Marker: marker().optional() },
  run({ Limit, Marker }, { key }) {
    const list = `ListResourceTags ${key.arn}`
    // The marker's own tag may be gone: who removes tags page by page goes on where that page ended.
    const { after } = page(list, Limit, Marker)
    const rest = key.tags.filter(({ TagKey }) => after === undefined || TagKey > after)
    const sorted = rest.toSorted((a, b) => (a.TagKey < b.TagKey ? -1 : 1))
    const { items, ...more } = paginated(list, Limit, sorted, ({ TagKey }) => TagKey)
    return { Tags: items, ...more }
  },
})
