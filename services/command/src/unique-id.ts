import { random } from '@keyledger/crypto'

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Random characters after the prefix: 80 bits in an access key id, 85 in the others. */
const lengths = { AKIA: 16, AIDA: 17, AROA: 17 } as const

/**
 * An id that nobody had before, in AWS's form: of an access key, a user or a role (IAM user guide, "IAM identifiers").
 */
export const freshId = (prefix: keyof typeof lengths): string =>
  prefix + [...random(lengths[prefix])].map((byte) => base32[byte % 32]).join('')

/** A secret access key: 240 random bits in 40 characters. */
export const freshSecret = (): string => random(30).toString('base64')
