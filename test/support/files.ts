import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

/** What a test that looks for bytes needs: folders as a thief would take them, and eyes for what lies in them. */

export interface Copy extends Disposable {
  readonly folder: string
}

/**
 * The folder as it is at this moment, beside a running house. Another process copies it: a descriptor closed in this one
 * would drop the locks that SQLite holds on the same file.
 */
export const copyOf = (folder: string): Copy => {
  const copy = mkdtempSync(join(tmpdir(), 'keyledger-copy-'))
  const { status, stderr } = spawnSync(process.execPath, [
    '-e',
    'require("fs").cpSync(process.argv[1], process.argv[2], { recursive: true })',
    folder,
    copy,
  ])
  if (status !== 0) throw new Error(`copying failed: ${String(stderr)}`)
  return { folder: copy, [Symbol.dispose]: () => rmSync(copy, { recursive: true, force: true }) }
}

/** Every file below a folder, by its relative path, with all its bytes. */
export const filesIn = (folder: string): ReadonlyMap<string, Buffer> =>
  new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path).isFile())
      .map((path) => [relative(folder, path), readFileSync(path)]),
  )

/** The same bytes as they are, in hex, as JSON has a Buffer, and wherever they would begin in base64. */
const guises = (needle: Uint8Array): readonly Buffer[] => {
  const bytes = Buffer.from(needle)
  const hex = bytes.toString('hex')
  const base64 = [0, 1, 2].flatMap((offset) => {
    const whole = bytes.subarray(offset, offset + Math.floor((bytes.length - offset) / 3) * 3)
    return [whole.toString('base64'), whole.toString('base64url')]
  })
  const texts = [hex, hex.toUpperCase(), bytes.join(','), ...base64]
  return [bytes, ...texts.map((text) => Buffer.from(text))]
}

/** `file: needle` for each of the named byte strings that some file holds in whatever guise. */
export const sightings = (
  files: ReadonlyMap<string, Buffer>,
  needles: Readonly<Record<string, Uint8Array>>,
): readonly string[] =>
  Object.entries(needles).flatMap(([name, needle]) => {
    if (needle.length < 16) throw new RangeError(`${name} is too short to look for`)
    const looks = guises(needle)
    return [...files]
      .filter(([, bytes]) => looks.some((look) => bytes.includes(look)))
      .map(([file]) => `${file}: ${name}`)
  })
