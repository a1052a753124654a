export {
  type Account,
  type AccountCommand,
  type AccountEvent,
  type Principal,
  type User,
  account,
  accountStream,
  principal,
} from './account.ts'
export { defaultKeyPolicy } from './default-policy.ts'
export {
  type Condition,
  type PolicyDocument,
  type PolicyPrincipal,
  PolicyFault,
  type Statement,
  policyDocument,
} from './policy-document.ts'
