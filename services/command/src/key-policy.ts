import { PolicyFault, policyDocument } from '@keyledger/iam'
import { fault } from '@keyledger/keys'

/** A key policy may be 32 KB (AWS KMS quotas). */
const maxPolicyBytes = 32 * 1024

/** The policy as it came, after it was found well-formed; throws MalformedPolicyDocument or LimitExceeded. */
export const acceptableKeyPolicy = (document: string): string => {
  if (Buffer.byteLength(document) > maxPolicyBytes) throw fault('policyTooLong')
  try {
    policyDocument(document)
  } catch (error) {
    if (error instanceof PolicyFault) throw fault('malformedPolicyDocument', error.message || error.reason)
    throw error
  }
  return document
}

/** The one policy of a key is called `default`. */
export const onlyDefaultPolicy = (name: string | undefined): void => {
  if (name !== undefined && name !== 'default') throw fault('noSuchPolicy')
}
