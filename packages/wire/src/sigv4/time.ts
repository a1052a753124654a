const basic = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/** `20150830T123600Z`: ISO 8601 basic format, to the second. */
export const amzDate = (time: number): string => new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '')

/**
 * Milliseconds of an `X-Amz-Date` (ISO 8601 basic) or a `Date` (that, or RFC 9110's IMF-fixdate); undefined if it is
 * neither, or no moment at all (month 13, 31 February).
 */
export const amzTime = (text: string): number | undefined => {
  const time = basic.test(text) ? Date.parse(text.replace(basic, '$1-$2-$3T$4:$5:$6Z')) : Date.parse(text)
  if (Number.isNaN(time)) return undefined
  // Date.parse takes much that is neither form, and some days that no calendar has: only what prints back is meant.
  return amzDate(time) === text || new Date(time).toUTCString() === text ? time : undefined
}
