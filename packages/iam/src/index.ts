export {
  type AccessKey,
  type AccessKeyStatus,
  type Account,
  type AccountCommand,
  type AccountEvent,
  type Names,
  type Role,
  type Tag,
  type User,
  accessKeysOf,
  account,
  accountStream,
  entriesOf,
  named,
  policySize,
  roleOf,
  userOf,
} from './account.ts'
export type { Caller, Principal, SessionClaims } from './caller.ts'
export { roleArn, rootArn, sessionCaller, sessionSubject, userArn, userCaller } from './callers.ts'
export { defaultKeyPolicy } from './default-policy.ts'
export {
  type Context,
  type ContextValue,
  type Decision,
  type Policy,
  type PolicyType,
  type Question,
  type Request,
  decide,
  identityPolicy,
  keyPolicy,
  principalsOf,
  sessionPolicy,
  trustPolicy,
} from './evaluation.ts'
export { Ambiguous } from './evaluation/ambiguous.ts'
export { type FederatedRequest, trusts } from './evaluation/trust.ts'
export {
  type Condition,
  type PolicyDocument,
  type PolicyPrincipal,
  PolicyFault,
  type Statement,
  policyDocument,
  type PolicyKind,
} from './policy-document.ts'
export { IamFault, type IamFaultKind, iamFault } from './iam-fault.ts'
export { renamedPrincipals } from './renamed-principals.ts'
