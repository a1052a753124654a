import { vi } from 'vitest'

const keyLength = 32

/**
 * Eyes for the memory that keys lie in. Modules imported from here on are new ones, and what they make with Int32Array
 * is seen.
 */
export const watchedMemory = () => {
  const slabs: Int32Array[] = []
  const construct = (target: Int32ArrayConstructor, args: [number]) => {
    const words = Reflect.construct(target, args) as Int32Array
    if (typeof args[0] === 'number') slabs.push(words)
    return words
  }
  vi.stubGlobal('Int32Array', new Proxy(Int32Array, { construct }))
  vi.resetModules()
  const memory = () => Buffer.concat(slabs.map(({ buffer }) => new Uint8Array(buffer)))
  return {
    slabs,
    /** All places of these bytes, in keys from the first. */
    places: (key: Uint8Array): number[] => {
      const bytes = memory()
      const found: number[] = []
      for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + keyLength)) found.push(at / keyLength)
      return found
    },
    at: (place: number): Buffer => memory().subarray(place * keyLength, (place + 1) * keyLength),
    [Symbol.dispose]: () => void vi.unstubAllGlobals(),
  }
}
