import { type Vault, random } from '@keyledger/crypto'
import type { SessionClaims } from '@keyledger/iam'
import { type Scope, type SigningKey, wireFault } from '@keyledger/wire'

/** Temporary credentials, as STS writes them. */
export interface Credentials {
  readonly AccessKeyId: string
  readonly SecretAccessKey: string
  readonly SessionToken: string
  /** ISO 8601 */
  readonly Expiration: string
}

const purpose = 'session'
/** What access key ids of sessions, and of nothing else, begin with (IAM user guide, "IAM identifiers"). */
const prefix = 'ASIA'
const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** Opened tokens remembered, in each of two generations; a common one is about 1 KiB with its claims. */
const capacity = 5_000

/** Whole seconds, as AWS writes times outside KMS. */
export const isoSeconds = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`

/** New credentials of a session. Nothing is kept of them: the token says whose they are, the secret follows from the id. */
export const issue = (vault: Vault, session: Omit<SessionClaims, 'accessKeyId'>): Credentials => {
  const AccessKeyId = prefix + [...random(16)].map((byte) => base32[byte % 32]).join('')
  const claims: SessionClaims = { ...session, accessKeyId: AccessKeyId }
  return {
    AccessKeyId,
    SecretAccessKey: vault.sessionSecret(AccessKeyId),
    SessionToken: vault.sealToken(purpose, JSON.stringify(claims)),
    Expiration: isoSeconds(session.expiresAt),
  }
}

export interface Sessions {
  /**
   * What a session's token says; one object as long as it is remembered. Undefined if this house never issued it, or for
   * another access key. Throws ExpiredTokenException once the session is over. At once, and without the ledger.
   */
  open(accessKeyId: string, token: string): SessionClaims | undefined
  /** For the verifier: of a session when its token is genuine and not over, of a user when there is no token. */
  signingKey(
    accessKeyId: string,
    scope: Scope,
    token: string | undefined,
  ): SigningKey | undefined | Promise<SigningKey | undefined>
}

/** The sessions that this house has issued, or another one with its root key. */
export const sessions = ({ vault, now }: { readonly vault: Vault; readonly now: () => number }): Sessions => {
  // Only genuine tokens go in, so nobody fills it without credentials. Two generations: a hit rewrites nothing but the
  // first time after a change of generations, and what nobody used for a whole one is forgotten.
  let young = new Map<string, SessionClaims>()
  let old = new Map<string, SessionClaims>()

  const remember = (token: string, claims: SessionClaims): SessionClaims => {
    if (young.size >= capacity) {
      old = young
      young = new Map()
    }
    young.set(token, claims)
    return claims
  }

  const read = (token: string): SessionClaims | undefined => {
    const payload = vault.openToken(purpose, token)
    // What opens is what `issue` wrote: no one else has the key.
    return payload === undefined ? undefined : remember(token, JSON.parse(payload) as SessionClaims)
  }

  const recall = (token: string): SessionClaims | undefined => {
    const known = young.get(token)
    if (known) return known
    const before = old.get(token)
    return before && remember(token, before)
  }

  const open = (accessKeyId: string, token: string): SessionClaims | undefined => {
    const claims = recall(token) ?? read(token)
    if (!claims || claims.accessKeyId !== accessKeyId) return undefined
    if (now() >= claims.expiresAt) throw wireFault('expiredToken')
    return claims
  }

  return {
    open,
    signingKey(accessKeyId, scope, token) {
      // A session's id without its token is nobody's, and so is a user's with one.
      if (token === undefined) return accessKeyId.startsWith(prefix) ? undefined : vault.signingKey(accessKeyId, scope)
      // The token first: whoever makes one up must not have a key derived, nor push others' out of the cache.
      return open(accessKeyId, token) && vault.signingKey(accessKeyId, scope, true)
    },
  }
}
