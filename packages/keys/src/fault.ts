/** A refusal in AWS's own words: `code` is AWS's exception name; an empty `message` is not sent. */
export class Fault extends Error {
  readonly kind: FaultKind
  readonly code: string
  readonly status: number
  constructor(kind: FaultKind, code: string, status: number, message: string) {
    super(message)
    this.name = 'Fault'
    this.kind = kind
    this.code = code
    this.status = status
  }
}

/** The Fault of a kind, with the words that belong to it: `throw fault('disabled', key.arn)`. */
export const fault = <K extends FaultKind>(kind: K, ...args: Parameters<(typeof faults)[K]['text']>): Fault => {
  const { code, status, text }: Kind<never[]> = faults[kind]
  return new Fault(kind, code, status, text(...(args as never[])))
}

interface Kind<A extends readonly unknown[]> {
  readonly code: string
  readonly status: number
  readonly text: (...args: A) => string
}
// Every client error is HTTP 400 on the wire, whatever the service model says.
const client =
  (code: string) =>
  <A extends readonly string[] | readonly number[]>(text: (...args: A) => string): Kind<A> => ({
    code,
    status: 400,
    text,
  })
const server = (code: string, status: number, words: string): Kind<[]> => ({ code, status, text: () => words })

const accessDenied = client('AccessDeniedException')
const alreadyExists = client('AlreadyExistsException')
const customKeyStoreNotFound = client('CustomKeyStoreNotFoundException')
const disabled = client('DisabledException')
const dryRun = client('DryRunOperationException')
const incorrectKey = client('IncorrectKeyException')
const invalidAliasName = client('InvalidAliasNameException')
const invalidArn = client('InvalidArnException')
const invalidCiphertext = client('InvalidCiphertextException')
const invalidGrantId = client('InvalidGrantIdException')
const invalidGrantToken = client('InvalidGrantTokenException')
const invalidKeyUsage = client('InvalidKeyUsageException')
const invalidMarker = client('InvalidMarkerException')
const invalidState = client('KMSInvalidStateException')
const limitExceeded = client('LimitExceededException')
const malformedPolicy = client('MalformedPolicyDocumentException')
const notFound = client('NotFoundException')
const shareRefused = client('ShareRefused')
const shareOutdated = client('ShareOutdated')
const tag = client('TagException')
const unsupported = client('UnsupportedOperationException')
const validation = client('ValidationException')

/**
 * Every error that keys, aliases and the operations on them can give. Rows marked `recorded` are matched to the letter
 * against answers of the real service; the others are worded after AWS's public documentation.
 */
export const faults = {
  // Which key, which alias
  notFound: notFound((arn: string) => `Key '${arn}' does not exist`), // recorded
  invalidKeyId: notFound((keyId: string) => `Invalid keyId '${keyId}'`), // recorded
  invalidArnRegion: notFound((region: string) => `Invalid arn ${region}`), // recorded
  invalidArn: invalidArn((arn: string) => `Invalid arn '${arn}'`),
  aliasUnsupported: invalidArn(() => 'Key Aliases are not supported for this operation.'), // recorded
  aliasNotFound: notFound((arn: string) => `Alias ${arn} is not found.`), // recorded
  aliasPrefix: validation(
    () =>
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
  ), // recorded
  aliasCharacters: validation((name: string) => `${name} contains invalid characters for an alias`), // recorded
  aliasReserved: invalidAliasName(() => 'The alias name cannot begin with alias/aws/. That prefix is reserved.'),
  aliasExists: alreadyExists((arn: string) => `An alias with the name ${arn} already exists`),
  aliasTargetIncompatible: validation(
    (arn: string) =>
      `The current and new KMS key of ${arn} must be the same type (both symmetric or both asymmetric or both HMAC), and they must have the same key usage.`,
  ),
  tooManyAliases: limitExceeded(
    (usage: number) => `Aliases per key quota for this account in this region is 50, current usage is ${usage}.`,
  ), // recorded
  keyExists: alreadyExists((arn: string) => `Key '${arn}' already exists`),
  accessDenied: accessDenied(
    (principal: string, action: string, resource: string, policyType: string) =>
      `User: ${principal} is not authorized to perform: ${action} on resource: ${resource} because no ${policyType} policy allows the ${action} action`,
  ), // recorded, of resource-based policies
  // IAM user guide, "Access denied error messages"
  explicitlyDenied: accessDenied(
    (principal: string, action: string, resource: string, policyType: string) =>
      `User: ${principal} is not authorized to perform: ${action} on resource: ${resource} with an explicit deny in ${/^[aeiou]/.test(policyType) ? 'an' : 'a'} ${policyType} policy`,
  ),
  ciphertextKeyInaccessible: accessDenied(
    () =>
      'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
  ), // recorded

  // The state of the key
  disabled: disabled((arn: string) => `${arn} is disabled.`), // recorded
  pendingDeletion: invalidState((arn: string) => `${arn} is pending deletion.`), // recorded
  notPendingDeletion: invalidState((arn: string) => `${arn} is not pending deletion.`),
  pendingImport: invalidState((arn: string) => `${arn} is pending import.`), // recorded
  unavailable: invalidState((arn: string) => `${arn} is unavailable.`),
  creating: invalidState((arn: string) => `${arn} is creating.`),
  updating: invalidState((arn: string) => `${arn} is updating.`),
  noPendingMaterial: invalidState((arn: string) => `No available key material pending rotation for the key: ${arn}.`), // recorded

  // The kind of the key
  unsupported: unsupported(() => ''), // recorded: RotateKeyOnDemand of an asymmetric key
  unsupportedOrigin: unsupported(
    (arn: string, origin: string) => `${arn} origin is ${origin} which is not valid for this operation.`,
  ), // recorded
  notPrimary: unsupported((arn: string) => `${arn} is not a multi-region primary key.`), // recorded
  alreadyPrimary: unsupported((arn: string) => `${arn} is the multi-region primary key already.`),
  notSupportedYet: unsupported((what: string) => `${what} is not supported.`),
  recipientUnsupported: unsupported(() => 'Recipient is not supported.'),
  keyUsageRequired: validation(
    () => 'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
  ), // recorded
  keyUsageIncompatible: validation(
    (usage: string, spec: string) => `KeyUsage ${usage} is not compatible with KeySpec ${spec}`,
  ), // recorded
  keySpecTwice: validation(
    () =>
      'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
  ),
  invalidKeyUsage: invalidKeyUsage(
    (arn: string, usage: string, operation: string) =>
      `${arn} key usage is ${usage} which is not valid for ${operation}.`,
  ), // recorded
  incompatibleAlgorithm: invalidKeyUsage(
    (algorithm: string, spec: string) => `Algorithm ${algorithm} is incompatible with key spec ${spec}.`,
  ), // recorded

  // Ciphertexts and requests
  incorrectKey: incorrectKey(
    () => 'The key ID in the request does not identify a CMK that can perform this operation.',
  ), // recorded
  invalidCiphertext: invalidCiphertext(() => ''), // recorded
  dryRun: dryRun(() => 'The request would have succeeded, but the DryRun option is set.'), // recorded
  dryRunModifiersWithoutDryRun: validation(() => 'DryRunModifiers can be specified only when DryRun is set.'),
  memberNull: validation(
    (member: string) =>
      `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  ),
  numberOfBytesRequired: validation(() => 'NumberOfBytes is required.'), // recorded
  keySpecOrNumberOfBytes: validation(
    () => 'You must specify either the KeySpec or the NumberOfBytes parameter, but not both.',
  ),
  customKeyStoreNotFound: customKeyStoreNotFound((id: string) => `Custom key store '${id}' does not exist`),
  invalidMarker: invalidMarker(() => 'The marker that specifies where pagination should next begin is not valid.'),

  // Grants
  grantNotFound: notFound((grantId: string) => `Grant '${grantId}' does not exist`),
  invalidGrantId: invalidGrantId((grantId: string) => `Invalid grantId '${grantId}'`),
  invalidGrantToken: invalidGrantToken(() => 'The grant token is not valid.'),
  grantNotNamed: validation(() => 'You must specify either the GrantToken or the KeyId and GrantId, but not both.'),
  invalidPrincipal: invalidArn((arn: string) => `ARN does not refer to a valid principal: ${arn}`),
  grantNotPassedOn: accessDenied(
    (principal: string, arn: string) =>
      `User: ${principal} is not authorized to perform: kms:CreateGrant on resource: ${arn} because no grant with the same or wider permissions allows the kms:CreateGrant action`,
  ),
  granteeRequired: validation(
    () => 'You must specify either the GranteePrincipal or the GranteeServicePrincipal, but not both.',
  ),
  retiringPrincipalTwice: validation(
    () => 'You cannot specify the RetiringPrincipal and the RetiringServicePrincipal in the same request.',
  ),
  retiringPrincipalRequired: validation(
    () => 'You must specify either the RetiringPrincipal or the RetiringServicePrincipal, but not both.',
  ),
  serviceGranteeIncomplete: validation(
    () => 'A grant to a service principal must have a SourceArn constraint and a retiring principal.',
  ),
  grantOperationsRequired: validation(() => 'Grants must contain at least one operation.'),
  grantOnlyCreatesGrants: validation(() => 'Grants must not contain only the CreateGrant operation.'), // recorded
  grantOperationInvalid: validation((operation: string, arn: string) => `${operation} is not valid for ${arn}.`),
  grantContextUnsupported: validation(
    (arn: string) =>
      `Encryption context constraints are not valid for ${arn}, which is not a symmetric encryption key.`,
  ),
  grantContextTooLarge: validation(
    (pairs: number) => `An encryption context constraint can have at most ${pairs} pairs.`,
  ),
  grantContextValueTooLong: validation(
    (length: number) => `The values of an encryption context constraint can have at most ${length} characters.`,
  ),
  tooManyGrants: limitExceeded(
    (usage: number) => `Grants per key quota for this account in this region is 50000, current usage is ${usage}.`,
  ),

  // Settings
  duplicateTags: tag(() => 'Duplicate tag keys'), // recorded
  tooManyTags: tag(() => 'Too many tags'), // recorded
  reservedTag: tag(() => 'Tags beginning with aws: are reserved'), // recorded
  malformedPolicyDocument: malformedPolicy((words: string) => words),
  policyLockout: malformedPolicy(() => 'The new key policy will not allow you to update the key policy in the future.'), // recorded
  policyTooLong: limitExceeded(() => 'The key policy document exceeds the limit of 32768 bytes.'),
  noSuchPolicy: notFound(() => 'The only valid policy name is default.'),
  rotationLimit: limitExceeded(
    (arn: string) =>
      `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${arn}`,
  ), // recorded

  // Between regions: no caller of an operation hears of them
  shareRefused: shareRefused((why: string) => why),
  shareOutdated: shareOutdated(() => 'A later state than this is known here.'),

  // Ours: the SDKs retry these
  internal: server('KMSInternalException', 500, ''),
  keyUnavailable: server('KeyUnavailableException', 500, ''),
  dependencyTimeout: server('DependencyTimeoutException', 503, ''),
}

export type FaultKind = keyof typeof faults
