import { PolicyFault, iamFault, identityPolicy, principalsOf, trustPolicy } from '@keyledger/iam'
import type { Identities } from '../world.ts'

const understood = <T>(read: () => T): T => {
  try {
    return read()
  } catch (error) {
    if (error instanceof PolicyFault) throw iamFault('malformedPolicyDocument', error.message || error.reason)
    throw error
  }
}

/** A policy of a user or role as it came, after it was found well-formed; throws MalformedPolicyDocument. */
export const acceptablePolicy = (document: string): string => {
  understood(() => identityPolicy(document))
  return document
}

/**
 * A role's trust policy as it came, and whom it means: everybody in it is there now, and is known by their unique id from
 * here on. Throws MalformedPolicyDocument.
 */
export const acceptableTrust = (
  document: string,
  identities: Pick<Identities, 'uniqueId' | 'arnOf'>,
): { readonly trustPolicy: string; readonly principalIds: Readonly<Record<string, string>> } => {
  understood(() => trustPolicy(document))
  const principalIds = Object.create(null) as Record<string, string>
  for (const principal of principalsOf(document, 'trust')) {
    if (!principal.startsWith('arn:')) {
      if (identities.arnOf(principal) === undefined) throw unknown(principal)
      continue
    }
    const id = identities.uniqueId(principal)
    if (id === undefined) throw unknown(principal)
    if (!principal.endsWith(':root')) principalIds[principal] = id
  }
  return { trustPolicy: document, principalIds }
}

const unknown = (principal: string) =>
  iamFault('malformedPolicyDocument', `Invalid principal in policy: "AWS":"${principal}"`)

/** RFC 3986, as IAM answers documents. */
export const urlEncoded = (document: string): string =>
  encodeURIComponent(document).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
