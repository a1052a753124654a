import { argon2, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { SealFault } from '../fault.ts'
import { secretKey } from '../kdf.ts'
import type { Seal } from './index.ts'
import type { SealParams } from './root-file.ts'

const hash = promisify(argon2)
const name = 'passphrase'

// RFC 9106, 4: the second recommended option, 64 MiB and 3 passes, but one lane: more would only help who has more cores.
const recommended = { memory: 65_536, passes: 3, parallelism: 1 }
/** What a damaged file may make us spend: 4 GiB, 64 passes, 16 lanes. */
const most = { memory: 4_194_304, passes: 64, parallelism: 16 }

const derive = async (passphrase: string, params: SealParams): Promise<KeyObject> => {
  const { memory, passes, parallelism, salt } = params
  for (const [key, value] of Object.entries({ memory, passes, parallelism }))
    if (typeof value !== 'number' || value < 1 || value > most[key as keyof typeof most])
      throw new SealFault(name, `root.json asks for Argon2id with ${key} ${value}; restore it from a backup`)
  // The same letters typed on another machine may come decomposed (RFC 8265, 4.2.1: OpaqueString is NFC).
  const message = Buffer.from(passphrase.normalize('NFC'))
  try {
    return secretKey(
      await hash('argon2id', {
        message,
        nonce: Buffer.from(String(salt), 'base64'),
        tagLength: 32,
        memory: Number(memory),
        passes: Number(passes),
        parallelism: Number(parallelism),
      }),
    )
  } finally {
    message.fill(0)
  }
}

/**
 * A passphrase, hardened by Argon2id (RFC 9106); about 0.2 s. `ask` is called once, when it is first needed. What it
 * cost to seal is written beside the wrap, so the cost of new seals can change without shutting out the old.
 */
export const passphraseSeal = (ask: () => string | Promise<string>, cost = recommended): Seal => {
  let passphrase: Promise<string> | undefined
  const asked = async () => {
    const given = await (passphrase ??= Promise.resolve(ask()))
    if (given === '') throw new SealFault(name, 'the passphrase is empty; give one')
    return given
  }

  return {
    kind: 'passphrase',
    name,

    async key() {
      const params = { ...cost, salt: randomBytes(16).toString('base64') }
      // Not from the key: a name derived from it would be one more thing to test guesses against.
      return { key: await derive(await asked(), params), keyId: randomBytes(16).toString('hex'), params }
    },

    open: async ({ params }) => derive(await asked(), params),
  }
}
