import { PolicyFault, keyPolicy, principalsOf } from '@keyledger/iam'
import { type Key, type PrincipalIds, fault } from '@keyledger/keys'
import { keepsControl } from './authorize.ts'
import type { Call } from './operation.ts'
import type { Identities } from './world.ts'

/** A key policy may be 32 KB (AWS KMS quotas). */
const maxPolicyBytes = 32 * 1024

const invalidPrincipals = 'Policy contains a statement with one or more invalid principals.'

/** Throws MalformedPolicyDocument for a principal that is not there: AWS writes down whom a policy means, not how they are called. */
const identified = (text: string, identities: Identities): PrincipalIds | undefined => {
  const ids: Record<string, string> = {}
  for (const principal of principalsOf(text)) {
    if (/^A[IR]/.test(principal)) {
      if (identities.arnOf(principal) === undefined) throw fault('malformedPolicyDocument', invalidPrincipals)
      continue
    }
    const id = identities.uniqueId(/^\d{12}$/.test(principal) ? `arn:aws:iam::${principal}:root` : principal)
    if (id === undefined) throw fault('malformedPolicyDocument', invalidPrincipals)
    if (/^A[IR]/.test(id)) ids[principal] = id
  }
  return Object.keys(ids).length === 0 ? undefined : ids
}

/** The ids of those users and roles that a policy of another Region's key names and that are here. */
export const presentPrincipals = (text: string, identities: Identities): PrincipalIds => {
  try {
    return Object.fromEntries(
      principalsOf(text).flatMap((principal) => {
        const id = identities.uniqueId(principal)
        return id !== undefined && /^A[IR]/.test(id) ? [[principal, id] as const] : []
      }),
    )
  } catch (error) {
    // A policy that is not understood here allows nothing, whomever it names.
    if (error instanceof PolicyFault) return {}
    throw error
  }
}

/**
 * The policy as it came, and whom it means, after it was found well-formed and not to lock its caller out (KMS developer
 * guide, "Default key policy" and PutKeyPolicy). Throws MalformedPolicyDocument or LimitExceeded.
 */
export const acceptableKeyPolicy = (
  call: Call,
  key: Key,
  document: string,
  bypassLockoutCheck: boolean | undefined,
): { readonly policy: string; readonly principals: PrincipalIds | undefined } => {
  if (Buffer.byteLength(document) > maxPolicyBytes) throw fault('policyTooLong')
  try {
    const principals = identified(document, call.world.identities)
    const compiled = keyPolicy(document, principals)
    if (!bypassLockoutCheck && !keepsControl(call, key, compiled)) throw fault('policyLockout')
    return { policy: document, principals }
  } catch (error) {
    if (error instanceof PolicyFault) throw fault('malformedPolicyDocument', error.message || error.reason)
    throw error
  }
}

/** The one policy of a key is called `default`. */
export const onlyDefaultPolicy = (name: string | undefined): void => {
  if (name !== undefined && name !== 'default') throw fault('noSuchPolicy')
}
