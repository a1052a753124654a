import { createHmac } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { VaultFault } from '../fault.ts'
import { derivedKey, secretKey } from '../kdf.ts'
import { unwrap, wrap, wrapName } from '../wrapping.ts'
import type { KeyRef } from './index.ts'

/** What may be wrapped by what, and under which name: the whole tree from the root key down. */

export interface DomainRef {
  readonly region: string
  readonly account: string
  readonly version: number
}

/** One kind of wrap: what it calls the thing is bound to the bytes (RFC 8452's additional data). */
const level = <Ref>(name: (ref: Ref) => Uint8Array, subject: (ref: Ref) => string) => ({
  wrap: (by: KeyObject, ref: Ref, bytes: Uint8Array): Uint8Array => wrap(by, name(ref), bytes),
  /** The caller wipes the bytes. Throws VaultFault('damaged'). */
  unwrap(by: KeyObject, ref: Ref, bytes: Uint8Array): Uint8Array {
    const inside = unwrap(by, name(ref), bytes)
    if (!inside) throw new VaultFault('damaged', subject(ref))
    return inside
  },
})

export const domainKeyLevel = level<DomainRef & { rootId: string }>(
  ({ rootId, region, account, version }) =>
    wrapName('keyledger/domain-key/v1', rootId, region, account, String(version)),
  ({ region, account, version }) => `domain key ${version} of ${account} in ${region}`,
)

export const wrappingKeyLevel = level<KeyRef & { domainVersion: number }>(
  ({ region, account, keyId, domainVersion }) =>
    wrapName('keyledger/wrapping-key/v1', region, account, keyId, String(domainVersion)),
  ({ region, keyId }) => `wrapping key of ${keyId} in ${region}`,
)

export const materialLevel = level<KeyRef & { materialId: string }>(
  ({ region, account, keyId, materialId }) => wrapName('keyledger/material/v1', region, account, keyId, materialId),
  ({ region, keyId, materialId }) => `material ${materialId} of ${keyId} in ${region}`,
)

export const secretLevel = level<{ accessKeyId: string; account: string; domainVersion: number }>(
  ({ accessKeyId, account, domainVersion }) =>
    wrapName('keyledger/secret/v1', accessKeyId, account, String(domainVersion)),
  ({ accessKeyId }) => `secret of ${accessKeyId}`,
)

/**
 * Names material by what it is: HMAC-SHA-256, under a key derived from it, over account and key id. Nobody finds two
 * materials with one id, nobody learns anything of it from its id; all replicas of a multi-Region key share it.
 */
export const materialIdOf = (material: KeyObject, account: string, keyId: string): string =>
  createHmac('sha256', derivedKey(material, 'keyledger/material-id/v1')).update(wrapName(account, keyId)).digest('hex')

/** Opens material and makes sure that it is what its id says. */
export const openMaterial = (
  wrappingKey: KeyObject,
  ref: KeyRef & { materialId: string },
  bytes: Uint8Array,
): KeyObject => {
  const material = secretKey(materialLevel.unwrap(wrappingKey, ref, bytes))
  if (materialIdOf(material, ref.account, ref.keyId) !== ref.materialId)
    throw new VaultFault('damaged', `material ${ref.materialId}`)
  return material
}
