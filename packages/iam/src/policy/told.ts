// For tests: policies, and what is said of them.
import { PolicyFault, policyDocument } from '../policy-document.ts'

export const root = 'arn:aws:iam::111122223333:root'
export const allow = { Effect: 'Allow', Principal: { AWS: root }, Action: 'kms:*', Resource: '*' }
export const policy = (...statements: readonly object[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements })
export const reading = (document: unknown) =>
  policyDocument(typeof document === 'string' ? document : JSON.stringify(document)).statements

/** Why a document is refused and what AWS says about it; undefined if it is not. */
export const refusal = (document: unknown): { reason: string; message: string } | undefined => {
  try {
    reading(document)
    return undefined
  } catch (error) {
    if (!(error instanceof PolicyFault)) throw error
    return { reason: error.reason, message: error.message }
  }
}
