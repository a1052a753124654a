import { PolicyFault } from '../policy/fault.ts'

// The expressions here are deterministic: no part can take what the next could, so none of them goes back.
const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/
const epoch = /^\d{1,15}(?:\.\d{1,9})?$/
const iso = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d\d):?(\d\d)))?)?)?$/

/** What a request's number says; NaN if it is none. */
export const numberOf = (text: string): number => (decimal.test(text) ? Number(text) : NaN)

/**
 * What a request's date says, in milliseconds; NaN if it is none. ISO 8601 (days are UTC's, four digits are a
 * year) or seconds since the epoch.
 */
export const dateOf = (text: string): number => {
  if (text.length !== 4 && epoch.test(text)) return Number(text) * 1000
  const found = iso.exec(text)
  if (!found) return NaN
  const [
    ,
    year,
    month = '01',
    day = '01',
    hour = '00',
    minute = '00',
    second = '00',
    fraction = '',
    sign,
    hours,
    minutes,
  ] = found
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return NaN
  if (Number(hours ?? 0) > 23 || Number(minutes ?? 0) > 59) return NaN
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day))
  // Date.UTC takes 30 February for 2 March, and the years before 100 for those of the last century.
  if (!new Date(midnight).toISOString().startsWith(`${year}-${month}-${day}`)) return NaN
  const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * (sign === '-' ? -1 : 1)
  const inDay = (Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second)
  return midnight + inDay * 1000 + Number(`0.${fraction || 0}`) * 1000
}

const readable =
  (read: (text: string) => number, what: string) =>
  (text: string): number => {
    const value = read(text)
    if (Number.isNaN(value)) throw new PolicyFault(`A condition value is no ${what}`)
    return value
  }
/** A policy's number. Throws PolicyFault. */
export const number = readable(numberOf, 'number')
/** A policy's date. Throws PolicyFault. */
export const date = readable(dateOf, 'date')

/** A policy's `true` or `false`, in any case. Throws PolicyFault. */
export const truth = (text: string): boolean => {
  const lower = text.toLowerCase()
  if (lower !== 'true' && lower !== 'false') throw new PolicyFault('A condition value is neither true nor false')
  return lower === 'true'
}

/** A policy's bytes in base64, which are the same if their text is. Throws PolicyFault. */
export const base64 = (text: string): string => {
  if (Buffer.from(text, 'base64').toString('base64') !== text) throw new PolicyFault('A condition value is no base64')
  return text
}
