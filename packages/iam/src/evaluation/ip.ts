import { PolicyFault } from '../policy/fault.ts'

/** An address in groups of 16 bits: two of IPv4, eight of IPv6. */
export type Address = readonly number[]
export interface Network {
  readonly address: Address
  readonly prefix: number
}

/** Reads an address; an IPv4 address written within IPv6 (`::ffff:192.0.2.1`) is the IPv4 one. Undefined if it is none. */
export const address = (text: string): Address | undefined => {
  if (!text.includes(':')) return v4(text)
  const groups = v6(text)
  return groups && isMapped(groups) ? groups.slice(6) : groups
}

/** A policy's address or network in CIDR notation. Throws PolicyFault. */
export const network = (text: string): Network => {
  const slash = text.indexOf('/')
  const written = slash < 0 ? text : text.slice(0, slash)
  const groups = written.includes(':') ? v6(written) : v4(written)
  if (!groups) throw invalid()
  const bits = groups.length * 16
  const prefix = slash < 0 ? bits : decimal(text.slice(slash + 1), bits)
  if (prefix === undefined) throw invalid()
  const mapped = groups.length === 8 && isMapped(groups) && prefix >= 96
  return mapped ? { address: groups.slice(6), prefix: prefix - 96 } : { address: groups, prefix }
}
const invalid = () => new PolicyFault('A condition value is no IP address or range')

/** Whether an address is of the network; one family never is of the other's. */
export const within = (given: Address, { address, prefix }: Network): boolean => {
  if (given.length !== address.length) return false
  for (let group = 0, left = prefix; left > 0; group++, left -= 16) {
    const shift = Math.max(16 - left, 0)
    if (given[group]! >> shift !== address[group]! >> shift) return false
  }
  return true
}

const isMapped = (groups: Address): boolean => groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)

/** A decimal number without leading zeros (which some read as octal), at most `most`. */
const decimal = (text: string, most: number): number | undefined => {
  if (text.length === 0 || text.length > 3 || (text.length > 1 && text[0] === '0')) return undefined
  for (let at = 0; at < text.length; at++) if (text[at]! < '0' || text[at]! > '9') return undefined
  const value = Number(text)
  return value <= most ? value : undefined
}

const v4 = (text: string): Address | undefined => {
  if (text.length > 15) return undefined
  const [a, b, c, d, ...more] = text.split('.').map((part) => decimal(part, 255))
  if (a === undefined || b === undefined || c === undefined || d === undefined || more.length > 0) return undefined
  return [a * 256 + b, c * 256 + d]
}

/** RFC 4291, 2.2. */
const v6 = (text: string): Address | undefined => {
  // The longest has eight groups, the last two as IPv4.
  if (text.length > 45) return undefined
  const [before = '', after, ...more] = text.split('::')
  if (more.length > 0) return undefined
  const head = before === '' && after !== undefined ? [] : groupsOf(before, after === undefined)
  const tail = after === undefined || after === '' ? [] : groupsOf(after, true)
  if (!head || !tail) return undefined
  const missing = 8 - head.length - tail.length
  if (after === undefined ? missing !== 0 : missing < 1) return undefined
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail]
}

const groupsOf = (text: string, last: boolean): Address | undefined => {
  const parts = text.split(':')
  const groups: number[] = []
  for (const [index, part] of parts.entries()) {
    const four = last && index === parts.length - 1 && part.includes('.') ? v4(part) : undefined
    if (four) groups.push(...four)
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}
