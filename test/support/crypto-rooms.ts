import {
  CreateAliasCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  type KMSClient,
  ListKeyRotationsCommand,
} from '@aws-sdk/client-kms'
import { expect, test } from 'vitest'
import {
  type Answered,
  type Refusal,
  type TestHouse,
  arnOfKey,
  freshKey,
  raw,
  refusalOf,
  unknownKey,
} from './asking.ts'
import type { Input } from './rooms.ts'

export const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64')

/** What the SDK answered, without what it says about the request. */
export const answer = async <T extends { $metadata: unknown }>(promise: Promise<T>): Promise<Omit<T, '$metadata'>> => {
  const { $metadata: _, ...rest } = await promise
  return rest
}

/** A ciphertext of `text` under the key. */
export const sealed = async (
  client: KMSClient,
  KeyId: string,
  text = 'attack at dawn',
  EncryptionContext?: Record<string, string>,
): Promise<Buffer> => {
  const Plaintext = Buffer.from(text)
  const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext }))
  return Buffer.from(CiphertextBlob!)
}

/** The text in a ciphertext, and the material that it was under. */
export const opened = async (
  client: KMSClient,
  CiphertextBlob: Uint8Array,
  EncryptionContext?: Record<string, string>,
) => {
  const { Plaintext, KeyMaterialId } = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))
  return { text: Buffer.from(Plaintext!).toString(), KeyMaterialId }
}

/** The material that the key encrypts under now. */
export const currentMaterialOf = async (client: KMSClient, KeyId: string): Promise<string> =>
  (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.CurrentKeyMaterialId!

/** All materials of the key, oldest first. */
export const materialsOf = async (client: KMSClient, KeyId: string): Promise<readonly string[]> => {
  const { Rotations } = await client.send(
    new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }),
  )
  return Rotations!.map(({ KeyMaterialId }) => KeyMaterialId!)
}

/** A ciphertext in base64 for `KeyId`, whether or not there is such a key. */
export const ciphertextFor = async (house: TestHouse, KeyId: string): Promise<string> => {
  const { status, json } = await raw(house, { operation: 'Encrypt', body: { KeyId, Plaintext: base64('x') } })
  return status === 200 ? (json!['CiphertextBlob'] as string) : base64(Buffer.alloc(78, 1))
}

/** The same ciphertext with one bit of the byte at `index` turned. */
export const tampered = (blob: Uint8Array, index: number): Buffer => {
  const other = Buffer.from(blob)
  other[index]! ^= 1
  return other
}

/** The four ways to name a key that cryptographic operations take. */
export const keyNames = ['key id', 'key ARN', 'alias name', 'alias ARN'] as const
export type KeyName = (typeof keyNames)[number]

/** A fresh key and how it is called that way. */
export const namedKey = async (
  house: TestHouse,
  kind: KeyName,
): Promise<{ keyId: string; arn: string; name: string }> => {
  const keyId = await freshKey(house)
  const arn = arnOfKey(keyId)
  const AliasName = `alias/named/${keyId}`
  await house.kms().send(new CreateAliasCommand({ AliasName, TargetKeyId: keyId }))
  const names: Record<KeyName, string> = {
    'key id': keyId,
    'key ARN': arn,
    'alias name': AliasName,
    'alias ARN': arn.replace(`key/${keyId}`, AliasName),
  }
  return { keyId, arn, name: names[kind] }
}

// AWS's words, as recorded.
export const dryRunSucceeded: Refusal = {
  name: 'DryRunOperationException',
  message: 'The request would have succeeded, but the DryRun option is set.',
  status: 400,
}
export const incorrectKey: Refusal = {
  name: 'IncorrectKeyException',
  message: 'The key ID in the request does not identify a CMK that can perform this operation.',
  status: 400,
}
export const ciphertextInaccessible: Refusal = {
  name: 'AccessDeniedException',
  message:
    'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
  status: 400,
}
/** The whole answer: AWS sends no text with it. */
export const invalidCiphertext: Omit<Answered, 'requestId'> = {
  status: 400,
  json: { __type: 'InvalidCiphertextException' },
}
export const valueNull = (member: string): Refusal => ({
  name: 'ValidationException',
  message: `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  status: 400,
})

/** An answer without its request id, which is another every time. */
export const plain = ({ status, json }: Answered): Omit<Answered, 'requestId'> => ({ status, json })

/** What is asked by name, in AWS's recorded words where there is nothing of that name. */
export const namesRoom = (
  open: () => TestHouse,
  operation: string,
  input: Input,
  { member = 'KeyId', aliases = false }: { member?: string; aliases?: boolean } = {},
): void => {
  const asked = async (name: string): Promise<Refusal> => {
    const body = { ...(await input(await freshKey(open()))), [member]: name }
    return refusalOf(await raw(open(), { operation, body }))
  }
  const undashed = unknownKey().replaceAll('-', '')
  const notFound = (message: string): Refusal => ({ name: 'NotFoundException', message, status: 400 })

  test.each(['fake-key-id', 'mrk-fake-key-id', undashed])(`a ${member} of %s is invalid`, async (name) => {
    expect(await asked(name)).toEqual(notFound(`Invalid keyId '${name}'`))
  })
  test.each([unknownKey(), `mrk-${undashed}`])(`a ${member} of %s does not exist`, async (name) => {
    expect(await asked(name)).toEqual(notFound(`Key '${arnOfKey(name)}' does not exist`))
  })
  test(`a ${member} in another region is refused by that region's name`, async () => {
    expect(await asked(arnOfKey(unknownKey()).replace('us-east-1', 'eu-west-1'))).toEqual(
      notFound('Invalid arn eu-west-1'),
    )
  })

  const nowhere = arnOfKey('').replace('key/', 'alias/nowhere')
  test.each(aliases ? ['alias/nowhere', nowhere] : [])(`a ${member} of %s is not found`, async (name) => {
    expect(await asked(name)).toEqual(notFound(`Alias ${nowhere} is not found.`))
  })
  test.each<KeyName>(aliases ? [] : ['alias name', 'alias ARN'])(
    `a ${member} that is an %s is refused`,
    async (kind) => {
      expect(await asked((await namedKey(open(), kind)).name)).toEqual({
        name: 'InvalidArnException',
        message: 'Key Aliases are not supported for this operation.',
        status: 400,
      })
    },
  )
}
