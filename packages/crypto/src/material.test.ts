import { createHmac, createSecretKey } from 'node:crypto'
import { format, inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { MacKey } from './mac.ts'
import { exposeKey, Material } from './material.ts'
import { seal } from './symmetric.ts'

const materialId = 'ab'.repeat(32)

describe('key material', () => {
  it('prints as [secret], however it is printed', () => {
    const material = new Material(materialId, new MacKey(createSecretKey(Buffer.alloc(32, 1))))
    expect([String(material), JSON.stringify({ material }), inspect(material), format('%o', material)]).toEqual([
      '[secret]',
      '{"material":"[secret]"}',
      '[secret]',
      '[secret]',
    ])
    expect(inspect({ material }, { showHidden: true, depth: 9 })).toBe('{ material: [secret] }')
    expect(Object.values(material)).toEqual([materialId])
  })

  it('is of no use when its scope has ended', () => {
    let kept: Material
    {
      using material = new Material(materialId, new MacKey(createSecretKey(Buffer.alloc(32, 1))))
      expect(exposeKey(material).hex('text')).toBe(
        createHmac('sha256', Buffer.alloc(32, 1)).update('text').digest('hex'),
      )
      kept = material
    }
    expect(() => exposeKey(kept)).toThrow('key material was used after its scope had ended')
    expect(() => seal(kept, 'key', Buffer.from('late'))).toThrow('key material was used after its scope had ended')
  })
})
