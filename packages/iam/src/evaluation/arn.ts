import { type Pattern, partMatcher } from './pattern.ts'

const colon = 0x3a

/**
 * A test for ARNs: each of the six parts between colons is compared by itself, the last with whatever colons it has
 * (IAM user guide, "Amazon Resource Name (ARN) condition operators"). Undefined if the pattern has fewer parts, as `*` alone has.
 */
export const arnPattern = (pattern: Pattern): ((text: string) => boolean) | undefined => {
  const parts: ReturnType<typeof partMatcher>[] = []
  let start = 0
  while (parts.length < 5) {
    const end = pattern.indexOf(colon, start)
    if (end < 0) return undefined
    parts.push(partMatcher(pattern.slice(start, end)))
    start = end + 1
  }
  parts.push(partMatcher(pattern.slice(start)))
  return (text) => {
    let at = 0
    for (let part = 0; part < 5; part++) {
      const end = text.indexOf(':', at)
      if (end < 0 || !parts[part]!(text, at, end)) return false
      at = end + 1
    }
    return parts[5]!(text, at, text.length)
  }
}
