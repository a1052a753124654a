import { spend } from './effort.ts'

/** A pattern, one number a place: a UTF-16 code unit, or one of the two wildcards. */
export type Pattern = readonly number[]
/** `*`: any characters, or none. */
export const any = -1
/** `?`: one character, as JavaScript counts them. */
export const one = -2

/** The pattern of a text in which `*` and `?` are wildcards. */
export const wildcards = (text: string): Pattern =>
  Array.from({ length: text.length }, (_, at) => wildcard(text.charCodeAt(at)))
export const wildcard = (code: number): number => (code === 0x2a ? any : code === 0x3f ? one : code)

/**
 * Whether a pattern matches the whole of `text` between `start` and `end`. Goes back to the last `*` alone, which is
 * enough: what an earlier one could take, the last could as well. So it never takes more steps than the pattern's length
 * times the text's, and spends every one that it has to take again. Throws TooManySteps.
 */
export const matches = (pattern: Pattern, text: string, start = 0, end = text.length): boolean => {
  spend(end - start + pattern.length)
  let place = 0
  let at = start
  let star = -1
  let resume = start
  while (at < end) {
    const wanted = pattern[place]
    if (wanted === text.charCodeAt(at) || wanted === one) {
      place++
      at++
    } else if (wanted === any) {
      star = place++
      resume = at
    } else if (star >= 0) {
      spend(at - resume + 1)
      place = star + 1
      at = ++resume
    } else return false
  }
  while (pattern[place] === any) place++
  return place === pattern.length
}

/** What indexOf may be asked for: its worst case is the product of both lengths too, and on the way nothing stops it. */
const mostSearched = 2 ** 24

/** The quickest way there is to ask for a pattern that is known. */
export const matcher = (pattern: Pattern): ((text: string) => boolean) => {
  if (pattern.includes(one)) return (text) => matches(pattern, text)
  const pieces = split(pattern).map(literal)
  const [first = '', ...rest] = pieces
  const last = rest.pop()
  if (last === undefined) return (text) => text === first
  const between = rest.filter((piece) => piece !== '')
  const size = between.reduce((sum, piece) => sum + piece.length, 0)
  if (size > 0)
    return (text) => {
      if (text.length * size > mostSearched) return matches(pattern, text)
      // Ten steps of indexOf take the time of one of ours.
      spend((text.length * size) >> 3)
      return holds(text, first, between, last)
    }
  if (first === '' && last === '') return () => true
  if (last === '') return (text) => text.startsWith(first)
  return (text) => text.length >= first.length + last.length && text.startsWith(first) && text.endsWith(last)
}

/** What lies between the `*` of a pattern. */
const split = (pattern: Pattern): readonly Pattern[] => {
  const pieces: number[][] = [[]]
  for (const code of pattern)
    if (code === any) pieces.push([])
    else pieces.at(-1)!.push(code)
  return pieces
}

/** Whether a text begins and ends so, with the pieces in order between. The first place that fits a piece is the best. */
const holds = (text: string, first: string, between: readonly string[], last: string): boolean => {
  if (!text.startsWith(first) || !text.endsWith(last)) return false
  let at = first.length
  for (const piece of between) {
    const found = text.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return at <= text.length - last.length
}

/** The same within a text, for parts that are mostly plain. */
export const partMatcher = (pattern: Pattern): ((text: string, start: number, end: number) => boolean) => {
  if (pattern.some((code) => code < 0)) {
    return pattern.every((code) => code === any) ? () => true : (text, start, end) => matches(pattern, text, start, end)
  }
  const whole = literal(pattern)
  return (text, start, end) => end - start === whole.length && text.startsWith(whole, start)
}

/** The text of a pattern without wildcards. */
export const literal = (pattern: Pattern): string => {
  let text = ''
  for (const code of pattern) text += String.fromCharCode(code)
  return text
}
