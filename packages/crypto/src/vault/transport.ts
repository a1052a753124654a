import { hash } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { VaultFault } from '../fault.ts'
import { derivedKey, secretKey } from '../kdf.ts'
import { exposeRoot } from '../seal/root-key.ts'
import type { RootKey } from '../seal/root-key.ts'
import {
  capsuleLength,
  decapsulated,
  encapsulated,
  exposeHybridKey,
  hybridKey,
  hybridKeyOf,
  publicLength,
} from '../transport/hybrid.ts'
import type { HybridKey } from '../transport/hybrid.ts'
import { identityOf, verifySignature } from '../transport/identity.ts'
import { unwrap, wrap, wrapName } from '../wrapping.ts'
import type { VaultDatabase } from './domain-keys.ts'
import type { Erase } from './eraser.ts'
import { materialIdOf } from './hierarchy.ts'
import type { KeyRef, TransportKey, Vault } from './index.ts'

/** Milliseconds: how long a transport key is given away, and how much longer it still opens what is on its way. */
const day = 86_400_000
const grace = 3_600_000

const version = 1
/** version(1) ‖ name of the transport key(16) ‖ capsule(1120) ‖ wrap(28 longer than the materials). */
const offset = { name: 1, capsule: 17, wrap: 17 + capsuleLength }
const materialLength = 32
/** Far more materials than a key can have, and far fewer bytes than a message may. */
const mostMaterials = 4096

const nameOf = (publicKey: Uint8Array): string => hash('sha256', publicKey, 'hex').slice(0, 32)

const statement = ({ region, expires, key }: Omit<TransportKey, 'signature'>): Buffer =>
  Buffer.from(['keyledger/transport-key/v1', region, String(expires), key].join('\n'))

/** What the seal is bound to: from where to where, whose key, and which materials in which order. */
const binding = (from: string, to: string, account: string, keyId: string, materialIds: readonly string[]) =>
  wrapName('keyledger/transport/v1', from, to, account, keyId, ...materialIds)

interface Parts {
  readonly db: VaultDatabase
  readonly root: RootKey
  readonly erase: Erase
  readonly now: () => number
  /** A material of a region; rejects with VaultFault('unknown'). */
  readonly material: (region: string, materialId: string) => Promise<{ readonly ref: KeyRef; readonly key: KeyObject }>
  readonly generate: Vault['generate']
}

type Transport = Pick<Vault, 'identity' | 'sign' | 'transportKey' | 'retireTransportKeys' | 'sealFor' | 'receive'>

/** The part of the vault that carries material to other regions and takes it from them. */
export const transport = ({ db, root, erase, now, material, generate }: Parts): Transport => {
  const { identity, sign } = identityOf(root)
  const wrapper = derivedKey(exposeRoot(root), 'keyledger/transport-key-wrap/v1')
  const wrapNameOf = (publicKey: Uint8Array) => wrapName('keyledger/transport-key/v1', nameOf(publicKey))

  const kept = ({ publicKey, wrapped }: { publicKey: Uint8Array; wrapped: Uint8Array }): HybridKey => {
    const bytes = unwrap(wrapper, wrapNameOf(publicKey), wrapped)
    if (!bytes) throw new VaultFault('damaged', `transport key ${nameOf(publicKey)}`)
    const key = hybridKeyOf(bytes)
    bytes.fill(0)
    return key
  }

  const retire = async () => {
    const gone = await db.call('retireTransportKeys', now() - day - grace)
    if (gone) await erase({ upTo: gone.number, deletion: gone })
  }

  /** The row of today's key, made if there is none; those that open nothing any more are destroyed. */
  const present = async () => {
    await retire()
    const row = await db.call('presentTransportKey')
    if (row && row.at > now() - day) return row
    const key = hybridKey()
    const bytes = exposeHybridKey(key)
    const publicKey = Uint8Array.from(key.publicKey)
    const wrapped = wrap(wrapper, wrapNameOf(publicKey), bytes)
    bytes.fill(0)
    return db.call('addTransportKey', nameOf(publicKey), { publicKey, wrapped, at: now() }, now() - day)
  }

  const publicOf = (by: string, to: TransportKey): Buffer => {
    const bytes = Buffer.from(to.key, 'base64url')
    const genuine = verifySignature(by, statement(to), Buffer.from(to.signature, 'base64url'))
    if (!genuine || bytes.length !== publicLength || to.expires <= now())
      throw new VaultFault('transport', `the transport key of ${to.region}`)
    return bytes
  }

  /** The materials in an envelope, one after the other; the caller's to wipe. */
  const opened = async (bytes: Buffer, bound: Uint8Array): Promise<Uint8Array> => {
    const fault = () => new VaultFault('transport', 'what another region sent')
    if (bytes.length < offset.wrap || bytes[0] !== version) throw fault()
    const row = await db.call('transportKey', bytes.toString('hex', offset.name, offset.capsule))
    if (!row || row.at <= now() - day - grace) throw fault()
    let key: KeyObject
    try {
      key = decapsulated(kept(row), bytes.subarray(offset.capsule, offset.wrap))
    } catch (error) {
      // A point of low order, say: no half of a capsule that anybody made in earnest.
      throw error instanceof VaultFault ? error : fault()
    }
    const inside = unwrap(key, bound, bytes.subarray(offset.wrap))
    if (!inside) throw fault()
    return inside
  }

  return {
    identity,
    sign,
    retireTransportKeys: retire,

    async transportKey(region) {
      const { publicKey, at } = await present()
      const said = { region, expires: at + day + grace, key: Buffer.from(publicKey).toString('base64url') }
      return { ...said, signature: Buffer.from(sign(statement(said))).toString('base64url') }
    },

    async sealFor(by, to, { region, account, keyId }, materialIds) {
      if (materialIds.length > mostMaterials) throw new RangeError(`at most ${mostMaterials} materials at a time`)
      const recipient = publicOf(by, to)
      const plain = Buffer.alloc(materialIds.length * materialLength)
      try {
        for (const [index, materialId] of materialIds.entries()) {
          const { ref, key } = await material(region, materialId)
          if (ref.account !== account || ref.keyId !== keyId) throw new VaultFault('unknown', materialId)
          const bytes = key.export()
          bytes.copy(plain, index * materialLength)
          bytes.fill(0)
        }
        const { key, capsule } = encapsulated(recipient)
        const head = Buffer.concat([Buffer.of(version), Buffer.from(nameOf(recipient), 'hex'), capsule])
        const inside = wrap(key, binding(region, to.region, account, keyId, materialIds), plain)
        return Buffer.concat([head, inside]).toString('base64url')
      } finally {
        plain.fill(0)
      }
    },

    async receive(from, sealed, key, materialIds) {
      const { region, account, keyId } = key
      const bound = binding(from, region, account, keyId, materialIds)
      const plain = await opened(Buffer.from(sealed, 'base64url'), bound)
      try {
        if (plain.length !== materialIds.length * materialLength) throw new VaultFault('transport', keyId)
        const parts = materialIds.map((_, index) =>
          plain.subarray(index * materialLength, (index + 1) * materialLength),
        )
        // All of them before any is kept: what does not match its id was made by somebody who does not have the key.
        for (const [index, part] of parts.entries()) {
          const id = materialIdOf(secretKey(Uint8Array.from(part)), account, keyId)
          if (id !== materialIds[index]) throw new VaultFault('transport', `material ${materialIds[index]}`)
        }
        for (const part of parts) await generate(key, { material: part })
      } finally {
        plain.fill(0)
      }
    },
  }
}
