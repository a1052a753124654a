import { jsonStrings } from './policy/json-strings.ts'
import { PolicyFault, type PolicyKind, policyDocument } from './policy-document.ts'

/**
 * The text of a key or trust policy with other names for those of its users and roles that `names` has one for. All else
 * stays byte for byte: an ARN in a Sid or a Condition names nobody. So does a text that is no policy (another Region may
 * have sent it).
 */
export const renamedPrincipals = (text: string, names: ReadonlyMap<string, string>): string => {
  if (!isPolicy(text)) return text
  let renamed = ''
  let done = 0
  for (const { value, start, end, before, path } of jsonStrings(text)) {
    const name = before ? undefined : names.get(value)
    if (name === undefined || !isPrincipal(path)) continue
    renamed += text.slice(done, start) + JSON.stringify(name)
    done = end
  }
  return renamed + text.slice(done)
}

/** Of policies this is enough: no element of theirs but Statement has members. */
const isPrincipal = ([, element, type]: readonly string[]): boolean =>
  (element === 'Principal' || element === 'NotPrincipal') && type === 'AWS'

const isPolicy = (text: string): boolean => isOfKind(text, 'key') || isOfKind(text, 'trust')
const isOfKind = (text: string, kind: PolicyKind): boolean => {
  try {
    policyDocument(text, kind)
    return true
  } catch (error) {
    if (error instanceof PolicyFault) return false
    throw error
  }
}
