import type { MacKey } from '../mac.ts'
import type { Material } from '../material.ts'

/** A key is known by where it lives: a multi-Region key is one KeyRef in each of its regions. */
export interface KeyRef {
  readonly region: string
  readonly account: string
  readonly keyId: string
}

/** Of what day, for where and for what a signing key is good (SigV4's credential scope). */
export interface SigningScope {
  /** YYYYMMDD */
  readonly date: string
  readonly region: string
  readonly service: string
}

/**
 * Where key material is kept, outside the ledger: what is here can die.
 *
 *     root key -> domain key of an account and region (versioned) -> wrapping key of one key -> its materials
 *
 * Each arrow is an AES-256-GCM-SIV wrap whose additional data names exactly what is wrapped. Plaintext bytes exist on
 * this side of the port alone: what goes to storage is wrapped before it leaves, what comes out is opaque.
 *
 * Several regions and accounts live in one vault. Reads that need storage answer with a promise, those that find the
 * thing in memory at once: the hot path never waits. A promise of a write is kept only when it is durable.
 */
export interface Vault extends AsyncDisposable {
  /**
   * Who this house is among regions: an Ed25519 public key (32 bytes in base64url) that follows from the root key. Not a
   * secret; other regions are told it by their operators, and believe nothing that is not signed by it.
   */
  readonly identity: string
  /** An Ed25519 signature (64 bytes) of this identity. */
  sign(message: Uint8Array): Uint8Array
  /**
   * The key that material for `region` is to be sealed to: hybrid X25519 and ML-KEM-768, signed by this identity. The
   * private half lies wrapped in the vault, so that every process on it can open; it is replaced daily, and retired
   * an hour after.
   */
  transportKey(region: string): Promise<TransportKey>
  /**
   * Destroys, as `destroy` does, the private halves of transport keys older than 25 hours: what was recorded on the way opens no
   * more, not even with the root key. Beside this, `transportKey` does it.
   */
  retireTransportKeys(): Promise<void>
  /**
   * Materials of a key for another region, in base64url. Only the holder of the transport key `to` opens it, and only as
   * what it is: from this region to that, of this key, these materials. VaultFault('transport') if `to` is expired or not signed
   * by `identity`, VaultFault('unknown') for a material that this key does not have. RangeError beyond 4,096 materials.
   */
  sealFor(identity: string, to: TransportKey, key: KeyRef, materialIds: readonly string[]): Promise<string>
  /**
   * Keeps what region `from` sealed for `key.region`: each material is held against its id, and wrapped as if it had been made
   * here. Durable when it resolves; again changes nothing. VaultFault('transport') for anything else, and then nothing is kept.
   */
  receive(from: string, sealed: string, key: KeyRef, materialIds: readonly string[]): Promise<void>

  /**
   * Makes new random material (or takes `material`, 32 bytes, when seeding or importing; the bytes stay the caller's to
   * wipe), the first or a further one of the key. Durable before it resolves. The id, 64 lower-case hex digits, is
   * deterministic over account, key id and material, and commits to the material; doing it again changes nothing.
   */
  generate(key: KeyRef, options?: { material?: Uint8Array }): Promise<{ materialId: string }>

  /** Opens material. VaultFault('unknown') when there is none, VaultFault('damaged') when it does not open. */
  open(region: string, materialId: string): Material | Promise<Material>

  /** Which key a material belongs to; undefined if this region's part of the vault does not know it. */
  locate(region: string, materialId: string): KeyRef | undefined | Promise<KeyRef | undefined>

  /**
   * Destroys a key's wrapping key and every wrapping of its materials. From the call on nothing opens any more; after
   * it resolves no file of the vault holds any bytes of them, and a material opened before throws when it is used, unless
   * the vault's cache had let go of it. What a crash leaves undone, the next start or call finishes.
   * Idempotent: a key that is not there is a key destroyed. (Blocks that a file system or a disk set aside are beyond
   * reach: the hierarchy is for them. A backup of the vault is opened by the root key as long as both exist.)
   */
  destroy(key: KeyRef): Promise<void>

  /** Destroys one material, as `destroy` does a whole key: for an orphan that the ledger never came to name. */
  discard(region: string, materialId: string): Promise<void>

  /**
   * Materials made before `before` (epoch milliseconds), in order of `sequence`, those after the sequence `after` (0 =
   * from the first): at most 1,000 a call, so go on from the last until none come.
   */
  made(after: number, before: number): Promise<Made[]>

  /**
   * Gives an account and region a new domain key, wraps every wrapping key (and in 'global' every secret) under it, and
   * destroys the old one as `destroy` does. No material changes, nothing stops meanwhile. A crash leaves both versions,
   * each opening what it wraps; calling it again finishes the work.
   */
  rotateDomainKey(region: string, account: string): Promise<void>

  /** The domain keys there are, and when each was made (epoch milliseconds): one of an account and region, unless its rotation was cut short. */
  domainKeys(): Promise<DomainKeyMade[]>

  /** Keeps a secret access key sealed, under the account's domain key of the region 'global'. Replaces an older one. */
  keepSecret(accessKeyId: string, account: string, secret: string): Promise<void>

  /**
   * The SigV4 signing key of a scope: all that ever comes out of a secret. Undefined: no such access key. Of a `session`
   * it comes from the session's derived secret, always at once, for any id at all: whoever asks has opened its token.
   * To be used at once: it throws when the secret has been forgotten or replaced since.
   */
  signingKey(accessKeyId: string, scope: SigningScope): MacKey | undefined | Promise<MacKey | undefined>
  signingKey(accessKeyId: string, scope: SigningScope, session: true): MacKey

  /** Destroys a secret, as `destroy` does a key. Idempotent. */
  forgetSecret(accessKeyId: string): Promise<void>

  /** The secret access key (40 characters) of a session: derived from the root key, kept nowhere, shown when it is issued. */
  sessionSecret(accessKeyId: string): string

  /**
   * Seals a text for others to carry: base64, no two alike, at most 8192 characters (RangeError beyond; some 6,000 bytes
   * of text fit). Nothing of it is kept; it opens as long as the root key is the same, whatever seals that.
   */
  sealToken(purpose: string, payload: string): string

  /** What `sealToken` sealed for the same purpose; undefined for anything else, without a word on why. Never throws. */
  openToken(purpose: string, token: string): string | undefined
}

/** Where material may be sent: a public key of a region, good until it expires. Plain JSON. */
export interface TransportKey {
  readonly region: string
  /** X25519 public key ‖ ML-KEM-768 encapsulation key, 1216 bytes in base64url. */
  readonly key: string
  /** Epoch milliseconds. */
  readonly expires: number
  /** Of the region's identity, over all of the above; base64url. */
  readonly signature: string
}

export interface DomainKeyMade {
  readonly region: string
  readonly account: string
  readonly version: number
  readonly at: number
}

export interface Made {
  readonly sequence: number
  readonly key: KeyRef
  readonly materialId: string
  /** Epoch milliseconds. */
  readonly at: number
}
