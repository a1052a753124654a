/** A refusal of IAM's, in AWS's own words: `code` and `status` are those of the query protocol. */
export class IamFault extends Error {
  readonly kind: IamFaultKind
  readonly code: string
  readonly status: number
  constructor(kind: IamFaultKind, code: string, status: number, message: string) {
    super(message)
    this.name = 'IamFault'
    this.kind = kind
    this.code = code
    this.status = status
  }
}

/** The fault of a kind: `throw iamFault('userNotFound', name)`. */
export const iamFault = <K extends IamFaultKind>(
  kind: K,
  ...args: Parameters<(typeof faults)[K]['text']>
): IamFault => {
  const { code, status, text }: Kind<never[]> = faults[kind]
  return new IamFault(kind, code, status, text(...(args as never[])))
}

interface Kind<A extends readonly unknown[]> {
  readonly code: string
  readonly status: number
  readonly text: (...args: A) => string
}
const coded =
  (code: string, status: number) =>
  <A extends readonly (string | number)[]>(text: (...args: A) => string): Kind<A> => ({ code, status, text })

const deleteConflict = coded('DeleteConflict', 409)
const entityAlreadyExists = coded('EntityAlreadyExists', 409)
const invalidInput = coded('InvalidInput', 400)
const limitExceeded = coded('LimitExceeded', 409)
const malformedPolicyDocument = coded('MalformedPolicyDocument', 400)
const noSuchEntity = coded('NoSuchEntity', 404)
const validationError = coded('ValidationError', 400)
const accessDenied = coded('AccessDenied', 403)

/** Every refusal of accounts, users, access keys, roles and their policies (IAM API reference, "Errors" of each action). */
const faults = {
  userNotFound: noSuchEntity((name: string) => `The user with name ${name} cannot be found.`),
  roleNotFound: noSuchEntity((name: string) => `The role with name ${name} cannot be found.`),
  accessKeyNotFound: noSuchEntity((id: string) => `The Access Key with id ${id} cannot be found.`),
  userPolicyNotFound: noSuchEntity((name: string) => `The user policy with name ${name} cannot be found.`),
  rolePolicyNotFound: noSuchEntity((name: string) => `The role policy with name ${name} cannot be found.`),

  accountExists: entityAlreadyExists((id: string) => `Account with id ${id} already exists.`),
  userExists: entityAlreadyExists((name: string) => `User with name ${name} already exists.`),
  roleExists: entityAlreadyExists((name: string) => `Role with name ${name} already exists.`),
  accessKeyExists: entityAlreadyExists((id: string) => `Access Key with id ${id} already exists.`),

  policiesLeft: deleteConflict(() => 'Cannot delete entity, must delete policies first.'),
  accessKeysLeft: deleteConflict(() => 'Cannot delete entity, must delete access keys first.'),

  tooMany: limitExceeded((quota: string, limit: number) => `Cannot exceed quota for ${quota}: ${limit}`),
  policiesTooLong: limitExceeded(
    (limit: number, what: string, name: string) => `Maximum policy size of ${limit} bytes exceeded for ${what} ${name}`,
  ),

  malformedPolicyDocument: malformedPolicyDocument((words: string) => words),
  duplicateTags: invalidInput(() => 'Duplicate tag keys found. Please note that Tag keys are case insensitive.'),
  reservedTag: invalidInput(() => 'Tags beginning with aws: are reserved'),
  notSupported: invalidInput((what: string) => `${what} is not supported.`), // ours: AWS has it
  userNameNeeded: validationError(() => 'Must specify userName when calling with non-User credentials'),
  invalidMarker: validationError(() => 'Invalid Marker.'),
  // Ours: an account is made by whoever runs the house.
  notTheOperator: accessDenied(
    (principal: string, action: string, resource: string) =>
      `User: ${principal} is not authorized to perform: ${action} on resource: ${resource} because only principals of the first account may`,
  ),
}

export type IamFaultKind = keyof typeof faults
