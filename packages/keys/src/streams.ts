/** One key's place, without its ARN. */
export interface KeyPlace {
  readonly region: string
  readonly account: string
  readonly id: string
}
/** One alias' place; `name` is the whole alias name, `alias/...`. */
export interface AliasPlace {
  readonly region: string
  readonly account: string
  readonly name: string
}

// Neither regions, accounts nor key ids hold a dot, so the first two dots always end region and account.
export const keyStream = ({ region, account, id }: KeyPlace): string => `key-${region}.${account}.${id}`
export const aliasStream = ({ region, account, name }: AliasPlace): string => `alias-${region}.${account}.${name}`
/** The grants on one key. */
export const grantsStream = ({ region, account, id }: KeyPlace): string => `grants-${region}.${account}.${id}`
/** The trail of one account and region for one UTC day, `YYYY-MM-DD`. */
export const trailStream = (region: string, account: string, date: string): string =>
  `trail-${region}.${account}.${date}`

/** The key whose stream this is; undefined for any other stream. */
export const keyOfStream = (stream: string): KeyPlace | undefined => {
  const parts = partsOf('key-', stream)
  return parts && { region: parts[0], account: parts[1], id: parts[2] }
}

/** The key whose grants' stream this is; undefined for any other stream. */
export const keyOfGrants = (stream: string): KeyPlace | undefined => {
  const parts = partsOf('grants-', stream)
  return parts && { region: parts[0], account: parts[1], id: parts[2] }
}

/** The alias whose stream this is; undefined for any other stream. */
export const aliasOfStream = (stream: string): AliasPlace | undefined => {
  const parts = partsOf('alias-', stream)
  return parts && { region: parts[0], account: parts[1], name: parts[2] }
}

const partsOf = (category: string, stream: string): readonly [string, string, string] | undefined => {
  const first = stream.indexOf('.')
  const second = stream.indexOf('.', first + 1)
  if (!stream.startsWith(category) || first < 0 || second < 0) return undefined
  return [stream.slice(category.length, first), stream.slice(first + 1, second), stream.slice(second + 1)]
}
