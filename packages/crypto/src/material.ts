import { inspect } from 'node:util'
import type { MacKey } from './mac.ts'

let exposed: (material: Material) => MacKey

/**
 * Opened key material, for as long as one `using` lasts: 256 bits that nobody outside this package can read. It prints
 * as `[secret]` however it is printed, and is of no use once its scope has ended.
 */
export class Material implements Disposable {
  /** 64 lower-case hex digits; commits to account, key id and the bytes. */
  readonly materialId: string
  #key: MacKey | undefined

  constructor(materialId: string, key: MacKey) {
    this.materialId = materialId
    this.#key = key
  }

  /** The key itself is wiped when it is destroyed, or when neither a scope nor the vault's cache holds it any more. */
  [Symbol.dispose]() {
    this.#key = undefined
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
    exposed = (material) => {
      if (!material.#key) throw new Error('key material was used after its scope had ended')
      return material.#key
    }
  }
}

/** The key inside; for this package alone, and so not among its exports. */
export const exposeKey = (material: Material): MacKey => exposed(material)
