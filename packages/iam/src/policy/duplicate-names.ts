import { jsonStrings } from './json-strings.ts'

/** Whether any object of a text that is valid JSON names a member twice; names are compared with escapes resolved. */
export const hasDuplicateNames = (text: string): boolean => {
  for (const { value, before } of jsonStrings(text)) if (before?.has(value)) return true
  return false
}
