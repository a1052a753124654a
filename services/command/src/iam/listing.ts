import { iamFault } from '@keyledger/iam'

// A marker says which list it continues, so that one list's marker is not taken for another's.
const markerOf = (operation: string, last: string) => Buffer.from(`${operation}\n${last}`).toString('base64url')

const afterOf = (operation: string, marker: string): string => {
  const text = Buffer.from(marker, 'base64url').toString()
  const after = text.slice(operation.length + 1)
  if (!text.startsWith(`${operation}\n`) || markerOf(operation, after) !== marker) throw iamFault('invalidMarker')
  return after
}

interface Page {
  readonly Marker?: string | undefined
  readonly MaxItems: number
}

/** One page of names in their order, and how the list goes on. A name that is gone since the last page does no harm. */
export const pageOfNames = (operation: string, names: readonly string[], { Marker, MaxItems }: Page) => {
  const after = Marker === undefined ? undefined : afterOf(operation, Marker)
  // By code units: an order that no locale changes.
  const rest = names.filter((name) => after === undefined || name > after).toSorted((a, b) => (a < b ? -1 : 1))
  const page = rest.slice(0, MaxItems)
  const IsTruncated = rest.length > MaxItems
  return { page, more: { IsTruncated, ...(IsTruncated && { Marker: markerOf(operation, page.at(-1)!) }) } }
}
