import type { KeyObject } from 'node:crypto'
import { inspect } from 'node:util'
import { kdf } from '../kdf.ts'

let exposed: (root: RootKey) => KeyObject

/** The opened root key: it opens every domain key of a vault, and nobody outside this package can read it. */
export class RootKey {
  /** 32 lower-case hex digits, derived from the key itself; not a secret. */
  readonly id: string
  readonly #key: KeyObject

  constructor(key: KeyObject) {
    this.id = fingerprint(key, 'keyledger/root-id/v1')
    this.#key = key
  }

  toString() {
    return '[secret]'
  }

  toJSON() {
    return '[secret]'
  }

  [inspect.custom]() {
    return '[secret]'
  }

  static {
    exposed = (root) => root.#key
  }
}

/** The key inside; for this package alone, and so not among its exports. */
export const exposeRoot = (root: RootKey): KeyObject => exposed(root)

/** Names a key without telling it: 32 hex digits that only the key gives (SP 800-108, one-way). */
export const fingerprint = (key: KeyObject, purpose: string): string => kdf(key, purpose, undefined, 16).toString('hex')
