/** Whether any object of a text that is valid JSON names a member twice; names are compared with escapes resolved. */
export const hasDuplicateNames = (text: string): boolean => {
  // The names seen in each object around the current place; undefined for an array.
  const open: (Set<string> | undefined)[] = []
  let nameNext = false
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (character === '"') {
      const end = endOfString(text, index)
      const names = open.at(-1)
      if (nameNext && names) {
        const name = JSON.parse(text.slice(index, end + 1)) as string
        if (names.has(name)) return true
        names.add(name)
        nameNext = false
      }
      index = end
    } else if (character === '{') {
      open.push(new Set())
      nameNext = true
    } else if (character === '[') open.push(undefined)
    else if (character === '}' || character === ']') open.pop()
    else if (character === ',') nameNext = open.at(-1) !== undefined
  }
  return false
}

/** The closing quote of the string that begins at `start`. */
const endOfString = (text: string, start: number): number => {
  let index = start + 1
  while (text[index] !== '"') index += text[index] === '\\' ? 2 : 1
  return index
}
