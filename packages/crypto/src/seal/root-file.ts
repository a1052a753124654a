import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SealFault } from '../fault.ts'
import { writeDurably } from './durable-file.ts'
import type { Step } from './durable-file.ts'

/** What a seal must be told to find its key again: salt and cost of a passphrase, say. Not secret. */
export type SealParams = Readonly<Record<string, string | number>>

/** The root key as one seal wraps it. */
export interface RootWrap {
  readonly seal: string
  /** Names the seal's key without telling it. */
  readonly keyId: string
  readonly params: SealParams
  /** Base64: 12 bytes, and 32 + 16 bytes. */
  readonly nonce: string
  readonly wrapped: string
}

export interface RootFile {
  readonly version: 1
  readonly rootId: string
  /** Each opens the root key by itself; more than one only while the seal is being changed. */
  readonly wraps: readonly RootWrap[]
}

export const rootPath = (folder: string): string => join(folder, 'root.json')

const isText = (value: unknown): value is string => typeof value === 'string'

const isWrap = (value: unknown): value is RootWrap => {
  const { seal, keyId, params, nonce, wrapped } = (value ?? {}) as Record<string, unknown>
  return (
    [seal, keyId, nonce, wrapped].every(isText) &&
    typeof params === 'object' &&
    params !== null &&
    Object.values(params).every((param) => isText(param) || Number.isSafeInteger(param))
  )
}

const isRootFile = (value: unknown): value is RootFile => {
  const { version, rootId, wraps } = (value ?? {}) as Record<string, unknown>
  return version === 1 && isText(rootId) && Array.isArray(wraps) && wraps.length > 0 && wraps.every(isWrap)
}

/** Undefined when there is none. Throws SealFault when it is not a file that we wrote. */
export const readRootFile = async (folder: string): Promise<RootFile | undefined> => {
  const path = rootPath(folder)
  try {
    const file: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (isRootFile(file)) return file
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new SealFault(path, 'this is not a sealed root key that this version can read; restore it from a backup')
}

export const writeRootFile = (folder: string, file: RootFile, step?: Step): Promise<void> =>
  writeDurably(rootPath(folder), Buffer.from(`${JSON.stringify(file, undefined, 2)}\n`), step)
