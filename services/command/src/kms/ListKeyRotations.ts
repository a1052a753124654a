import { usable } from '@keyledger/keys'
import { enumeration } from '@keyledger/wire'
import { epoch } from '../key-metadata.ts'
import { operation } from '../operation.ts'
import { pageOf } from '../pagination.ts'
import { keyId, limit, marker } from './shapes.ts'

/** Rotations oldest first; ALL_KEY_MATERIAL puts the key's first material, which no rotation made, before them. */
export const ListKeyRotations = operation({
  authorize: { action: 'kms:ListKeyRotations', on: 'KeyId' },
  readOnly: true,
  input: {
    KeyId: keyId(),
    IncludeKeyMaterial: enumeration(['ALL_KEY_MATERIAL', 'ROTATIONS_ONLY']).default('ROTATIONS_ONLY'),
    Limit: limit(1000, 100),
    Marker: marker().optional(),
  },
  run({ IncludeKeyMaterial, Limit, Marker }, { key }) {
    usable(key, 'ListKeyRotations')
    const current = key.materials.at(-1)?.id
    const rotations = key.rotations.map(({ materialId, date, type }) => ({
      KeyId: key.id,
      KeyMaterialId: materialId,
      KeyMaterialState: materialId === current ? 'CURRENT' : 'NON_CURRENT',
      RotationDate: epoch(date),
      RotationType: type,
    }))
    const [first] = key.materials
    const initial = first && {
      KeyId: key.id,
      KeyMaterialId: first.id,
      KeyMaterialState: first.id === current ? 'CURRENT' : 'NON_CURRENT',
    }
    const all = IncludeKeyMaterial === 'ALL_KEY_MATERIAL' && initial ? [initial, ...rotations] : rotations
    const list = `ListKeyRotations ${key.arn}`
    const { items, ...rest } = pageOf(list, all, ({ KeyMaterialId }) => KeyMaterialId, Limit, Marker)
    return { Rotations: items, ...rest }
  },
})
