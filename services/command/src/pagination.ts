import { fault } from '@keyledger/keys'

/** What a list answers besides its items. */
export interface Paginated<T> {
  readonly items: readonly T[]
  readonly NextMarker: string | undefined
  readonly Truncated: boolean
}

// A marker says which list it continues, so that one list's marker is not taken for another's: `list` is the operation and all that
// the list is of (a key's ARN, a region, an account).
const marker = (list: string, last: string) => Buffer.from(`${list}\n${last}`).toString('base64url')

const afterOf = (list: string, given: string | undefined): string | undefined => {
  if (given === undefined) return undefined
  const text = Buffer.from(given, 'base64url').toString()
  if (!text.startsWith(`${list}\n`) || marker(list, text.slice(list.length + 1)) !== given) throw fault('invalidMarker')
  return text.slice(list.length + 1)
}

/** The page to ask a read model for: one item more than the limit says whether there are more. */
export const page = (list: string, limit: number, given: string | undefined) => ({
  after: afterOf(list, given),
  limit: limit + 1,
})

/** Of lists whose markers are positions in the ledger: the position after which to go on. */
export const positionOf = (after: string | undefined): number => {
  if (after !== undefined && !/^[1-9]\d{0,14}$/.test(after)) throw fault('invalidMarker')
  return Number(after ?? 0)
}

/** The answer to {@link page}: `found` holds at most `limit + 1` items in order. */
export const paginated = <T>(
  list: string,
  limit: number,
  found: readonly T[],
  name: (item: T) => string,
): Paginated<T> => {
  const items = found.slice(0, limit)
  const Truncated = found.length > limit
  return { items, NextMarker: Truncated ? marker(list, name(items.at(-1)!)) : undefined, Truncated }
}

/** One page of a whole list in memory; `name` is unique in it. A marker whose item is gone is invalid. */
export const pageOf = <T>(
  list: string,
  all: readonly T[],
  name: (item: T) => string,
  limit: number,
  given: string | undefined,
): Paginated<T> => {
  const { after } = page(list, limit, given)
  const start = after === undefined ? 0 : all.findIndex((item) => name(item) === after) + 1
  if (after !== undefined && start === 0) throw fault('invalidMarker')
  return paginated(list, limit, all.slice(start), name)
}
