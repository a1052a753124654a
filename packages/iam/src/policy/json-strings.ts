/** A string of a JSON text, with escapes resolved. */
export interface JsonString {
  readonly value: string
  /** Where it stands in the text, its quotes included. */
  readonly start: number
  readonly end: number
  /** Of a member's name: those before it in its object. Undefined of every other string. */
  readonly before: ReadonlySet<string> | undefined
  /** The names of the members around it, outermost first; lists are not told. Good until the next string is asked for. */
  readonly path: readonly string[]
}

/** All strings of a text that is valid JSON, in its order: JSON.parse tells neither where they stand nor which names come twice. */
export function* jsonStrings(text: string): Generator<JsonString, void, undefined> {
  // The names seen in each object around the current place; undefined for an array.
  const open: (Set<string> | undefined)[] = []
  const path: string[] = []
  let nameNext = false
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (character === '"') {
      const end = endOfString(text, index)
      const value = JSON.parse(text.slice(index, end)) as string
      const before = nameNext ? open.at(-1) : undefined
      if (before) path[path.length - 1] = value
      yield { value, start: index, end, before, path }
      before?.add(value)
      nameNext = false
      index = end - 1
    } else if (character === '{') {
      open.push(new Set())
      path.push('')
      nameNext = true
    } else if (character === '[') open.push(undefined)
    else if (character === '}' || character === ']') {
      if (open.pop()) path.pop()
    } else if (character === ',') nameNext = open.at(-1) !== undefined
  }
}

/** The place after the closing quote of the string that begins at `start`. */
const endOfString = (text: string, start: number): number => {
  let index = start + 1
  while (text[index] !== '"') index += text[index] === '\\' ? 2 : 1
  return index + 1
}
