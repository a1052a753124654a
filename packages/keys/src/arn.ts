import { fault } from './fault.ts'

/** `arn:aws:kms:<region>:<account>:key/<key id>` */
export const keyArn = (region: string, account: string, id: string): string =>
  `arn:aws:kms:${region}:${account}:key/${id}`

/** `arn:aws:kms:<region>:<account>:alias/...`; `name` is the whole alias name, `alias/...`. */
export const aliasArn = (region: string, account: string, name: string): string =>
  `arn:aws:kms:${region}:${account}:${name}`

/** What a KeyId names: a key of an account, or an alias of it. `arn` is the full ARN of what was named. */
export type KeyReference =
  | {
      readonly kind: 'id'
      readonly region: string
      readonly account: string
      readonly id: string
      readonly arn: string
    }
  | {
      readonly kind: 'alias'
      readonly region: string
      readonly account: string
      readonly name: string
      readonly arn: string
    }

/** Where a request was sent and by whom, and whether its operation takes aliases (cryptographic ones, DescribeKey). */
export interface Asking {
  readonly region: string
  readonly account: string
  readonly alias: boolean
}

/**
 * Reads the four forms of a KeyId: key id, key ARN, alias name, alias ARN. A name or id alone means the caller's own.
 * Throws NotFoundException for a malformed id and for another region's ARN, InvalidArnException for what is no ARN of
 * KMS and for an alias where the operation takes none.
 */
export const keyReference = (keyId: string, asking: Asking): KeyReference => {
  if (keyId.startsWith('arn:')) return fromArn(keyId, asking)
  const { region, account } = asking
  if (keyId.startsWith('alias/')) return reference(keyId, region, account, asking)
  if (!isKeyId(keyId)) throw fault('invalidKeyId', keyId)
  return { kind: 'id', region, account, id: keyId, arn: keyArn(region, account, keyId) }
}

const fromArn = (arn: string, asking: Asking): KeyReference => {
  // arn:partition:kms:region:account:resource; a seventh part means a colon that no key id or alias can hold
  const [, partition, service, region, account, ...resource] = arn.split(':', 7)
  const name = resource.length === 1 ? resource[0]! : ''
  if (service !== 'kms' || !region || !account || !isAccount(account)) throw fault('invalidArn', arn)
  if (!name.startsWith('key/') && !name.startsWith('alias/')) throw fault('invalidArn', arn)
  if (region !== asking.region) throw fault('invalidArnRegion', region)
  if (partition !== 'aws') throw fault('invalidArn', arn)
  if (name.startsWith('alias/')) return reference(name, region, account, asking)
  const id = name.slice('key/'.length)
  if (!isKeyId(id)) throw fault('invalidKeyId', id)
  return { kind: 'id', region, account, id, arn }
}

const reference = (name: string, region: string, account: string, asking: Asking): KeyReference => {
  if (!asking.alias) throw fault('aliasUnsupported')
  return { kind: 'alias', region, account, name, arn: aliasArn(region, account, name) }
}

const isAccount = (text: string): boolean => text.length === 12 && every(text, isDigit)

/** A UUID with its dashes, or the `mrk-` and 32 hexadecimal digits of a multi-Region key. */
export const isKeyId = (text: string): boolean => {
  if (text.length !== 36) return false
  if (text.startsWith('mrk-')) return every(text.slice(4), isHex)
  for (let index = 0; index < 36; index++) {
    const code = text.charCodeAt(index)
    if (index === 8 || index === 13 || index === 18 || index === 23 ? code !== 0x2d : !isHex(code)) return false
  }
  return true
}

const isDigit = (code: number) => code >= 0x30 && code <= 0x39
const isHex = (code: number) => isDigit(code) || (code >= 0x61 && code <= 0x66) || (code >= 0x41 && code <= 0x46)
const every = (text: string, is: (code: number) => boolean): boolean => {
  for (let index = 0; index < text.length; index++) if (!is(text.charCodeAt(index))) return false
  return true
}

/**
 * The alias name itself, if a customer may use it: `alias/` and at least one of `A-Z a-z 0-9 / _ -`.
 * The request's own shape also lets colons through; KMS refuses them here.
 */
export const acceptableAliasName = (name: string): string => {
  if (!name.startsWith('alias/') || name.length === 'alias/'.length) throw fault('aliasPrefix')
  if (!every(name, isAliasCharacter)) throw fault('aliasCharacters', name)
  return name
}

const isAliasCharacter = (code: number) =>
  isDigit(code) ||
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x41 && code <= 0x5a) ||
  code === 0x2f ||
  code === 0x5f ||
  code === 0x2d
