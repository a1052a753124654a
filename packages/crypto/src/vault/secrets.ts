import { createHmac } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { cache } from '../cache.ts'
import { secretKey } from '../kdf.ts'
import { MacKey } from '../mac.ts'
import type { RootKey } from '../seal/root-key.ts'
import type { DomainKeys, VaultDatabase } from './domain-keys.ts'
import type { Erase } from './eraser.ts'
import { secretLevel } from './hierarchy.ts'
import type { SigningScope, Vault } from './index.ts'
import { secretsRegion } from './rows.ts'
import type { SecretRow } from './rows.ts'
import { sessionSecret } from './tokens.ts'

const signingKeys = 10_000
// Spares the thread a client that keeps trying; whoever varies the id gains no memory by it.
const strangers = 1_000

const hmac = (key: KeyObject, text: string): KeyObject => secretKey(createHmac('sha256', key).update(text).digest())

/**
 * kSecret -> kDate -> kRegion -> kService -> kSigning.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
const derive = (secret: Uint8Array, { date, region, service }: SigningScope): MacKey => {
  const prefixed = Buffer.allocUnsafeSlow(4 + secret.length)
  prefixed.write('AWS4')
  prefixed.set(secret, 4)
  return new MacKey(hmac(hmac(hmac(hmac(secretKey(prefixed), date), region), service), 'aws4_request'))
}

/** The part of the vault that keeps secret access keys. */
export const secrets = (
  db: VaultDatabase,
  root: RootKey,
  domains: DomainKeys,
  erase: Erase,
  now: () => number,
): Pick<Vault, 'keepSecret' | 'signingKey' | 'forgetSecret' | 'sessionSecret'> => {
  const known = cache<{ key: MacKey; used: boolean }>(signingKeys)
  const unknown = cache<{ used: boolean }>(strangers)
  // Moves on with every change, so that nothing read before a change is remembered after it.
  let changes = 0

  const changed = (accessKeyId: string) => {
    changes++
    unknown.drop(accessKeyId)
    for (const { key } of known.dropWhere((name) => name.startsWith(`${accessKeyId}/`))) key.wipe()
  }

  const load = async (name: string, accessKeyId: string, scope: SigningScope): Promise<MacKey | undefined> => {
    const before = changes
    const row: SecretRow | undefined = await db.call('secret', accessKeyId)
    if (!row) {
      if (changes === before) unknown.put(accessKeyId, { used: false })
      return undefined
    }
    // Whoever asked at the same time has one already, and one is enough: it is wiped when the secret is forgotten.
    const hit = known.find(name)
    if (hit) return hit.key
    const secret = secretLevel.unwrap(domains.of(secretsRegion, row).key, row, row.wrapped)
    const key = derive(secret, scope)
    secret.fill(0)
    if (changes === before) known.put(name, { key, used: false })
    return key
  }

  function signingKey(accessKeyId: string, scope: SigningScope, session: true): MacKey
  function signingKey(
    accessKeyId: string,
    scope: SigningScope,
    session?: true,
  ): MacKey | undefined | Promise<MacKey | undefined>
  function signingKey(accessKeyId: string, scope: SigningScope, session?: true) {
    // An id is of one kind or the other, but that is not for this cache to trust in.
    const name = `${session ? 'session/' : ''}${accessKeyId}/${scope.date}/${scope.region}/${scope.service}`
    const hit = known.find(name)
    if (hit) return hit.key
    if (session) {
      const key = derive(Buffer.from(sessionSecret(root, accessKeyId)), scope)
      known.put(name, { key, used: false })
      return key
    }
    if (unknown.find(accessKeyId)) return undefined
    return load(name, accessKeyId, scope)
  }

  return {
    signingKey,
    sessionSecret: (accessKeyId) => sessionSecret(root, accessKeyId),

    async keepSecret(accessKeyId, account, secret) {
      const replaced = await domains.underNewest(secretsRegion, account, (domain) => {
        const bytes = Buffer.from(secret)
        const ref = { accessKeyId, account, domainVersion: domain.version }
        const wrapped = secretLevel.wrap(domain.key, ref, bytes)
        bytes.fill(0)
        return db.call('keepSecret', { ...ref, wrapped, at: now() })
      })
      changed(accessKeyId)
      await erase(replaced)
    },

    async forgetSecret(accessKeyId) {
      changed(accessKeyId)
      const forgotten = await db.call('forgetSecret', accessKeyId)
      changed(accessKeyId)
      await erase(forgotten)
    },
  }
}
