import { Map as Table, Set as Members } from 'immutable'
import { type EncryptionContext, type Grant, constraintsOn, granteeOf, includes, pairsOf } from './grant.ts'

/** Grant ids: mostly there is one, and fifty thousand lists of one would be most of the memory. */
type Ids = string | Members<string> | undefined

/**
 * The grants to one grantee for one operation and source. A path of pairs, in order, leads to the grants whose
 * EncryptionContextSubset has just those pairs; those without a context constraint are at its beginning. So a request
 * meets no more of the grants than share their first pairs with it, however many there are.
 */
interface Place {
  readonly here: Ids
  /** By the pairs of EncryptionContextEquals; only at the beginning of a path. */
  readonly equals: Table<string, Ids>
  readonly next: Table<string, Place>
}

/** Grantee -> operation and source -> place. */
export type Found = Table<string, Table<string, Place>>

export const nothingFound: Found = Table<string, Table<string, Place>>()

const noPlace: Place = { here: undefined, equals: Table<string, Ids>(), next: Table<string, Place>() }

const isEmpty = ({ here, equals, next }: Place): boolean => here === undefined && equals.isEmpty() && next.isEmpty()

const withId = (ids: Ids, id: string): Ids => {
  if (ids === undefined || ids === id) return id
  return typeof ids === 'string' ? Members.of(ids, id) : ids.add(id)
}
const withoutId = (ids: Ids, id: string): Ids => {
  if (typeof ids !== 'object') return ids === id ? undefined : ids
  const rest = ids.delete(id)
  return rest.size > 1 ? rest : rest.first()
}
const idsOf = (ids: Ids): Iterable<string> => (typeof ids === 'object' ? ids : ids === undefined ? [] : [ids])

const slotOf = (operation: string, sourceArn: string | undefined): string =>
  sourceArn === undefined ? operation : `${operation} ${sourceArn}`

const changed = <V>(table: Table<string, V>, name: string, value: V | undefined): Table<string, V> =>
  value === undefined ? table.delete(name) : table.set(name, value)

type Change = (ids: Ids, id: string) => Ids

const alongPath = (place: Place, path: readonly string[], depth: number, change: (ids: Ids) => Ids): Place => {
  if (depth === path.length) return { ...place, here: change(place.here) }
  const pair = path[depth]!
  const further = alongPath(place.next.get(pair, noPlace), path, depth + 1, change)
  return { ...place, next: changed(place.next, pair, isEmpty(further) ? undefined : further) }
}

/** `found` with the grant's id put in, or taken out, wherever a request that it permits will look. */
const placed = (found: Found, grant: Grant, change: Change): Found => {
  const grantee = granteeOf(grant)
  let slots = found.get(grantee, Table<string, Place>())
  for (const operation of grant.operations) {
    const constraints = constraintsOn(operation, grant.constraints)
    const { EncryptionContextEquals: equals, EncryptionContextSubset: subset = {}, SourceArn } = constraints
    // Two constraints that contradict each other permit nothing.
    if (equals && !includes(equals, subset)) continue
    const slot = slotOf(operation, SourceArn)
    const place = slots.get(slot, noPlace)
    const one = (ids: Ids) => change(ids, grant.grantId)
    const text = equals && pairsOf(equals).join()
    const next =
      text === undefined
        ? alongPath(place, pairsOf(subset), 0, one)
        : { ...place, equals: changed(place.equals, text, one(place.equals.get(text))) }
    slots = changed(slots, slot, isEmpty(next) ? undefined : next)
  }
  return changed(found, grantee, slots.isEmpty() ? undefined : slots)
}

export const withGrant = (found: Found, grant: Grant): Found => placed(found, grant, withId)
export const withoutGrant = (found: Found, grant: Grant): Found => placed(found, grant, withoutId)

function* alongPairs({ here, next }: Place, pairs: readonly string[], from: number): Generator<string> {
  yield* idsOf(here)
  if (next.isEmpty()) return
  for (let at = from; at < pairs.length; at++) {
    const further = next.get(pairs[at]!)
    if (further) yield* alongPairs(further, pairs, at + 1)
  }
}

/** The ids of the grants to this grantee that permit an operation in this context, one after the other. */
export function* findings(
  found: Found,
  grantee: string,
  operation: string,
  context: EncryptionContext,
  sourceArn: string | undefined,
): Generator<string> {
  const slots = found.get(grantee)
  if (!slots) return
  let pairs: readonly string[] | undefined
  for (const slot of sourceArn === undefined ? [operation] : [operation, slotOf(operation, sourceArn)]) {
    const place = slots.get(slot)
    if (!place) continue
    pairs ??= pairsOf(context)
    if (!place.equals.isEmpty()) yield* idsOf(place.equals.get(pairs.join()))
    yield* alongPairs(place, pairs, 0)
  }
}
