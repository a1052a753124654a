import type { KeyObject } from 'node:crypto'
import { SealFault } from '../fault.ts'
import type { Step } from './durable-file.ts'
import { fileSeal } from './file.ts'
import { passphraseSeal } from './passphrase.ts'
import type { RootWrap, SealParams } from './root-file.ts'

/** What opens the root key. It only ever supplies a wrapping key; wrapping is the root's business. */
export interface Seal {
  /** As `root.json` names it. */
  readonly kind: string
  /** As the operator names it. */
  readonly name: string
  /** A key to seal with from now on. Whatever is needed to find it again is durable before this resolves. */
  key(step?: Step): Promise<SealKey>
  /** The key that made a wrap of this kind. Throws SealFault when it cannot be had, or is known to be another. */
  open(wrap: Pick<RootWrap, 'keyId' | 'params'>): Promise<KeyObject>
}

export interface SealKey {
  readonly key: KeyObject
  readonly keyId: string
  readonly params: SealParams
}

/** What a seal may need besides its name. */
export interface SealWorld {
  /** Asked when, and only when, a passphrase is needed. */
  readonly passphrase: () => string | Promise<string>
}

const seals: Record<string, (argument: string, world: SealWorld) => Seal | undefined> = {
  file: (path) => (path === '' ? undefined : fileSeal(path)),
  passphrase: (argument, world) => (argument === '' ? passphraseSeal(world.passphrase) : undefined),
}

/** The seal of a name: `file:PATH` or `passphrase`. Throws SealFault on any other. */
export const rootSeal = (name: string, world: SealWorld): Seal => {
  const colon = name.indexOf(':')
  const kind = colon < 0 ? name : name.slice(0, colon)
  const made = Object.hasOwn(seals, kind) ? seals[kind]!(colon < 0 ? '' : name.slice(colon + 1), world) : undefined
  if (!made) throw new SealFault(name, 'there is no such seal; the seals are file:PATH and passphrase')
  return made
}
