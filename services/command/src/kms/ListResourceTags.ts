import { operation } from '../operation.ts'
import { pageOf } from '../pagination.ts'
import { keyId, limit, marker } from './shapes.ts'

/** Tags come sorted by key, as on AWS. */
export const ListResourceTags = operation({
  authorize: { action: 'kms:ListResourceTags', on: 'KeyId' },
  readOnly: true,
  input: { KeyId: keyId(), Limit: limit(50, 50), Marker: marker().optional() },
  run({ Limit, Marker }, { key }) {
    const sorted = key.tags.toSorted((a, b) => (a.TagKey < b.TagKey ? -1 : 1))
    const { items, ...rest } = pageOf('ListResourceTags', sorted, ({ TagKey }) => TagKey, Limit, Marker)
    return { Tags: items, ...rest }
  },
})
