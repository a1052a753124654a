/** What crosses between the vault and its thread: names, numbers and wrapped bytes, never anything else. */

export interface DomainRow {
  readonly version: number
  readonly wrapped: Uint8Array
}

/** Something wrapped by a domain key, with that domain key as the root key wraps it. */
export interface UnderDomain {
  readonly account: string
  readonly domainVersion: number
  readonly domainWrapped: Uint8Array
  readonly wrapped: Uint8Array
}

export interface KeyRow extends UnderDomain {
  readonly id: number
  readonly keyId: string
}

export interface MaterialRow extends KeyRow {
  readonly materialWrapped: Uint8Array
}

export interface SecretRow extends UnderDomain {
  readonly id: number
  readonly accessKeyId: string
}

export interface NewKey {
  readonly region: string
  readonly account: string
  readonly keyId: string
  readonly domainVersion: number
  readonly wrapped: Uint8Array
}

export interface NewMaterial {
  readonly materialId: string
  readonly wrapped: Uint8Array
  readonly at: number
}

export interface NewSecret {
  readonly accessKeyId: string
  readonly account: string
  readonly domainVersion: number
  readonly wrapped: Uint8Array
  readonly at: number
}

/** A row of `table` whose wrap is now under another domain key. */
export interface Rewrapped {
  readonly table: 'keys' | 'secrets'
  readonly id: number
  readonly domainVersion: number
  readonly wrapped: Uint8Array
}

/** The region under whose domain keys the secrets lie. */
export const secretsRegion = 'global'
