import { createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import vector from '../../../../test/vectors/vault-wraps-v1.json' with { type: 'json' }
import { VaultFault } from '../fault.ts'
import { RootKey } from '../seal/root-key.ts'
import {
  domainKeyLevel,
  materialIdOf,
  materialLevel,
  openMaterial,
  secretLevel,
  wrappingKeyLevel,
} from './hierarchy.ts'

const hex = (text: string) => Buffer.from(text, 'hex')
const key = (text: string): KeyObject => createSecretKey(hex(text))
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

const { region, account, keyId, domainVersion, rootId } = vector
const ref = { region, account, keyId }
const { materialId } = vector.material

describe('a vault that was written once', () => {
  it('opens for ever, level by level', () => {
    expect(new RootKey(key(vector.root)).id).toBe(rootId)
    const domain = { rootId, region, account, version: domainVersion }
    expect(text(domainKeyLevel.unwrap(key(vector.root), domain, hex(vector.domainKey.wrapped)))).toBe(
      vector.domainKey.bytes,
    )
    const domainKey = key(vector.domainKey.bytes)
    expect(text(wrappingKeyLevel.unwrap(domainKey, { ...ref, domainVersion }, hex(vector.wrappingKey.wrapped)))).toBe(
      vector.wrappingKey.bytes,
    )
    const material = openMaterial(key(vector.wrappingKey.bytes), { ...ref, materialId }, hex(vector.material.wrapped))
    expect(text(material.export())).toBe(vector.material.bytes)
    const { accessKeyId, secret, wrapped } = vector.secret
    expect(
      Buffer.from(secretLevel.unwrap(domainKey, { accessKeyId, account, domainVersion }, hex(wrapped))).toString(),
    ).toBe(secret)
  })
})

describe('a wrap of the vault', () => {
  it('opens as nothing but what it is', () => {
    const by = key(vector.wrappingKey.bytes)
    const wrapped = hex(vector.material.wrapped)
    const name = { ...ref, materialId }
    for (const other of [
      { ...name, region: 'us-east-1' },
      { ...name, account: '999988887777' },
      { ...name, keyId: 'another' },
      { ...name, materialId: 'ab'.repeat(32) },
    ])
      expect(() => materialLevel.unwrap(by, other, wrapped)).toThrow(VaultFault)
    expect(() => wrappingKeyLevel.unwrap(by, { ...ref, domainVersion }, wrapped)).toThrow(VaultFault)
    const domainKey = key(vector.domainKey.bytes)
    const wrappingKey = hex(vector.wrappingKey.wrapped)
    expect(() => wrappingKeyLevel.unwrap(domainKey, { ...ref, domainVersion: 4 }, wrappingKey)).toThrow(VaultFault)
    const domain = { rootId, region, account, version: 3 }
    for (const other of [
      { ...domain, version: 2 },
      { ...domain, rootId: '00'.repeat(16) },
    ])
      expect(() => domainKeyLevel.unwrap(key(vector.root), other, hex(vector.domainKey.wrapped))).toThrow(VaultFault)
  })

  it('of material that is not what its id says does not open', () => {
    const by = key(vector.wrappingKey.bytes)
    const name = { ...ref, materialId }
    const swapped = materialLevel.wrap(by, name, Buffer.alloc(32, 1))
    expect(() => openMaterial(by, name, swapped)).toThrow(VaultFault)
  })
})

describe('a material id', () => {
  it('depends on account, key id and material, and on the border between the two names', () => {
    const material = key(vector.material.bytes)
    expect(materialIdOf(material, account, keyId)).toBe(materialId)
    const ids = [
      materialIdOf(material, account, `${keyId}0`),
      materialIdOf(material, '999988887777', keyId),
      materialIdOf(material, `${account}${keyId[0]}`, keyId.slice(1)),
      materialIdOf(key(vector.root), account, keyId),
    ]
    expect(new Set([materialId, ...ids]).size).toBe(5)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{64}$/)
  })
})
