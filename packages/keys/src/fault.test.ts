import { expect, test } from 'vitest'
import { Fault, fault } from './fault.ts'

const arn = 'arn:aws:kms:eu-west-1:111122223333:key/0d3a1c5e-7f0b-4d0a-9c55-1a2b3c4d5e6f'
const alias = 'arn:aws:kms:eu-west-1:111122223333:alias/app'

// What the real service was seen to answer, copied from the recordings.
const recorded: readonly [Fault, code: string, message: string][] = [
  [fault('notFound', arn), 'NotFoundException', `Key '${arn}' does not exist`],
  [fault('invalidArnRegion', 'us-east-1'), 'NotFoundException', 'Invalid arn us-east-1'],
  [fault('invalidKeyId', 'fake-key-id'), 'NotFoundException', "Invalid keyId 'fake-key-id'"],
  [fault('aliasNotFound', alias), 'NotFoundException', `Alias ${alias} is not found.`],
  [
    fault('aliasPrefix'),
    'ValidationException',
    'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
  ],
  [
    fault('aliasCharacters', 'alias/Service:Test'),
    'ValidationException',
    'alias/Service:Test contains invalid characters for an alias',
  ],
  [fault('aliasUnsupported'), 'InvalidArnException', 'Key Aliases are not supported for this operation.'],
  [
    fault('tooManyAliases', 60),
    'LimitExceededException',
    'Aliases per key quota for this account in this region is 50, current usage is 60.',
  ],
  [
    fault('keyUsageRequired'),
    'ValidationException',
    'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
  ],
  [
    fault('keyUsageIncompatible', 'KEY_AGREEMENT', 'RSA_2048'),
    'ValidationException',
    'KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048',
  ],
  [
    fault('invalidKeyUsage', arn, 'ENCRYPT_DECRYPT', 'GenerateMac'),
    'InvalidKeyUsageException',
    `${arn} key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac.`,
  ],
  [
    fault('incorrectKey'),
    'IncorrectKeyException',
    'The key ID in the request does not identify a CMK that can perform this operation.',
  ],
  [
    fault('incompatibleAlgorithm', 'HMAC_SHA_256', 'HMAC_224'),
    'InvalidKeyUsageException',
    'Algorithm HMAC_SHA_256 is incompatible with key spec HMAC_224.',
  ],
  [fault('invalidCiphertext'), 'InvalidCiphertextException', ''],
  [fault('disabled', arn), 'DisabledException', `${arn} is disabled.`],
  [fault('pendingDeletion', arn), 'KMSInvalidStateException', `${arn} is pending deletion.`],
  [fault('pendingImport', arn), 'KMSInvalidStateException', `${arn} is pending import.`],
  [fault('dryRun'), 'DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.'],
  [fault('numberOfBytesRequired'), 'ValidationException', 'NumberOfBytes is required.'],
  [fault('duplicateTags'), 'TagException', 'Duplicate tag keys'],
  [fault('tooManyTags'), 'TagException', 'Too many tags'],
  [fault('reservedTag'), 'TagException', 'Tags beginning with aws: are reserved'],
  [
    fault('unsupportedOrigin', arn, 'AWS_KMS'),
    'UnsupportedOperationException',
    `${arn} origin is AWS_KMS which is not valid for this operation.`,
  ],
  [
    fault('noPendingMaterial', arn),
    'KMSInvalidStateException',
    `No available key material pending rotation for the key: ${arn}.`,
  ],
  [fault('unsupported'), 'UnsupportedOperationException', ''],
  [
    fault('rotationLimit', arn),
    'LimitExceededException',
    `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${arn}`,
  ],
  [fault('notPrimary', arn), 'UnsupportedOperationException', `${arn} is not a multi-region primary key.`],
  [
    fault('policyLockout'),
    'MalformedPolicyDocumentException',
    'The new key policy will not allow you to update the key policy in the future.',
  ],
  [
    fault('ciphertextKeyInaccessible'),
    'AccessDeniedException',
    'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
  ],
]

test.each(recorded)('%s is worded as AWS words it, with status 400', (error, code, message) => {
  expect(error).toBeInstanceOf(Fault)
  expect({ code: error.code, message: error.message, status: error.status }).toEqual({ code, message, status: 400 })
})

test('our own failures are the 5xx that the SDKs retry', () => {
  const own = [fault('internal'), fault('keyUnavailable'), fault('dependencyTimeout')]
  expect(own.map(({ code, status }) => [code, status])).toEqual([
    ['KMSInternalException', 500],
    ['KeyUnavailableException', 500],
    ['DependencyTimeoutException', 503],
  ])
})

test('a fault takes exactly the words of its kind', () => {
  // @ts-expect-error the ARN is missing
  const missing = () => fault('disabled')
  // @ts-expect-error a number is no ARN
  const wrong = () => fault('disabled', 7)
  // @ts-expect-error one too many
  const extra = () => fault('dryRun', 'now')
  expect([missing, wrong, extra].map((make) => make().code)).toEqual([
    'DisabledException',
    'DisabledException',
    'DryRunOperationException',
  ])
})
