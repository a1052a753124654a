import { randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { SealFault } from '../fault.ts'
import { secretKey } from '../kdf.ts'
import { writeDurably } from './durable-file.ts'
import type { Seal } from './index.ts'
import { fingerprint } from './root-key.ts'

const comment = '# keyledger seal key. Who holds this file and the data folder holds every key: keep the two apart.\n'
const digits = '0123456789abcdef'

// Through bytes only, both ways: a string could not be wiped.
const write = (key: Uint8Array): Buffer => {
  const text = Buffer.allocUnsafeSlow(comment.length + 65)
  text.write(comment)
  for (const [index, byte] of key.entries()) {
    text[comment.length + index * 2] = digits.charCodeAt(byte >> 4)
    text[comment.length + index * 2 + 1] = digits.charCodeAt(byte & 15)
  }
  text[text.length - 1] = 0x0a
  return text
}

const nibble = (code: number): number => digits.indexOf(String.fromCharCode(code).toLowerCase())

/** 64 hex digits, as `openssl rand -hex 32` makes them, with lines beginning with # and white space left out. */
const read = (text: Uint8Array): Buffer | undefined => {
  const key = Buffer.allocUnsafeSlow(32)
  let count = 0
  let inComment = false
  let bad = false
  for (const code of text) {
    if (code === 0x0a) inComment = false
    else if (code === 0x23) inComment = true
    if (inComment || code <= 0x20) continue
    const value = nibble(code)
    if (value < 0 || count === 64) bad = true
    else key[count >> 1] = count % 2 === 0 ? value << 4 : key[count >> 1]! | value
    count++
  }
  if (!bad && count === 64) return key
  key.fill(0)
  return undefined
}

/**
 * A 256-bit key in a text file. The file is made, 0600, when a key is wanted and there is none; one that is there is
 * taken as it is and never written to.
 */
export const fileSeal = (path: string): Seal => {
  const name = `file:${path}`

  const load = async (): Promise<KeyObject | undefined> => {
    let text
    try {
      text = await readFile(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw new SealFault(
        name,
        `the key file cannot be read (${(error as NodeJS.ErrnoException).code}); look at its permissions`,
      )
    }
    const key = read(text)
    text.fill(0)
    if (!key) throw new SealFault(name, 'the key file does not hold 64 hex digits; restore it from where it is kept')
    return secretKey(key)
  }

  const identified = (key: KeyObject) => ({ key, keyId: fingerprint(key, 'keyledger/seal-key-id/v1'), params: {} })

  return {
    kind: 'file',
    name,

    async key(step) {
      const found = await load()
      if (found) return identified(found)
      const key = randomBytes(32)
      const text = write(key)
      await writeDurably(path, text, step)
      text.fill(0)
      return identified(secretKey(key))
    },

    async open({ keyId }) {
      const key = await load()
      if (!key) throw new SealFault(name, `the key file is missing; put it back (its key id is ${keyId})`)
      const found = identified(key)
      if (found.keyId === keyId) return key
      throw new SealFault(name, `the file holds another key (${found.keyId}) than the one that sealed (${keyId})`)
    },
  }
}
