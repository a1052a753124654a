import { writeFile } from 'node:fs/promises'
import { signedBytes } from '../support/sign.ts'
import { bench } from './settings.ts'

const context = (index: number) => ({ tenant: `tenant-${index % 7}`, purpose: 'bench' })

/** The bodies under test, by operation; `keyId` says which key the request with that number is for. */
export const bodies: Record<string, (index: number, keyId: string) => object> = {
  Encrypt: (index, KeyId) => ({
    KeyId,
    Plaintext: Buffer.from(`a message of some length ${index}`).toString('base64'),
    EncryptionContext: context(index),
  }),
  GenerateDataKey: (index, KeyId) => ({ KeyId, KeySpec: 'AES_256', EncryptionContext: context(index) }),
  CreateKey: (index) => ({ Description: `key ${index}` }),
}

/** The headers that the SDK for JavaScript sends and signs, and those it does not sign. */
const headers = {
  'amz-sdk-invocation-id': 'f8a04e2a-6b8c-4d43-b0a2-6c7f6a2e53aa',
  'amz-sdk-request': 'attempt=1; max=3',
  'x-amz-user-agent': 'aws-sdk-js/3.1164.0',
}
const unsigned = { 'user-agent': 'aws-sdk-js/3.1164.0 ua/2.1 os/linux lang/js md/nodejs api/kms#3.1164.0' }

/**
 * Writes whole signed requests to a file for the load; made anew for each round, as a signature is good for five
 * minutes. `keyIds` are taken in turn.
 */
export const writeRequests = async (
  file: string,
  port: number,
  operation: string,
  keyIds: readonly string[],
  count = 512,
): Promise<string> => {
  const { region, user } = bench
  const list = Array.from({ length: count }, (_, index) =>
    signedBytes({
      host: `127.0.0.1:${port}`,
      target: `TrentService.${operation}`,
      body: JSON.stringify(bodies[operation]!(index, keyIds[index % keyIds.length]!)),
      headers,
      unsigned,
      region,
      accessKeyId: user.accessKeyId,
      secretAccessKey: user.secretAccessKey,
      time: Date.now(),
    }).toString('base64'),
  )
  await writeFile(file, list.join('\n'))
  return file
}
