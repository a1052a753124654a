import { DescribeKeyCommand, EnableKeyCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import {
  blob,
  jsonProtocol,
  map,
  queryProtocol,
  server,
  shape,
  string,
  verifier,
  wireFault,
  WireFault,
  type Claim,
  type Exchange,
  type Server,
} from '@keyledger/wire'
import { createHmac, randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'

const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey }
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
const derived = (key: Buffer) => ({ hex: (text: string) => hmac(key, text).toString('hex') })

const json = jsonProtocol({ prefix: 'TrentService' })
const query = queryProtocol({ namespace: 'https://sts.amazonaws.com/doc/2011-06-15/', apiVersion: '2011-06-15' })
const protocol = ({ headers }: Exchange) => (headers['x-amz-target'] ? json : query)
const encrypt = shape({
  KeyId: string({ min: 1 }),
  Plaintext: blob({ max: 4096 }),
  EncryptionContext: map().optional(),
})

interface Heard {
  readonly claim: Claim
  readonly operation: string
  readonly headers: Exchange['headers']
}
const opened: AsyncDisposable[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one[Symbol.asyncDispose]()))
})

/** A service of three operations behind the whole of wire, whose clock is `ahead` of this machine's. */
const open = async ({ ahead = 0 } = {}) => {
  const heard: Heard[] = []
  const now = () => Date.now() + ahead
  const verify = verifier({
    signingKey: (accessKeyId, { date, region, service }) =>
      accessKeyId === 'AKIDEXAMPLE'
        ? derived(hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, date), region), service), 'aws4_request'))
        : undefined,
    now,
    regions: ['us-east-1', 'eu-west-1'],
    services: ['kms', 'sts'],
  })
  const operations: Readonly<Record<string, (input: unknown) => object | undefined>> = {
    Encrypt: (input) => ({
      KeyId: encrypt.parse(input).KeyId,
      CiphertextBlob: encrypt.parse(input).Plaintext.toReversed(),
    }),
    EnableKey: () => undefined,
    DescribeKey: () => {
      throw new WireFault('NotFoundException', 400, "Key 'a' does not exist")
    },
    GetCallerIdentity: () => ({ Account: '111122223333', Arn: 'arn:aws:iam::111122223333:user/<admin>' }),
  }
  const instance: Server = server({
    door: {
      answer: async (x) => {
        const operation = protocol(x).operation(x)
        const run = Object.hasOwn(operations, operation) ? operations[operation] : undefined
        if (!run) throw wireFault('unknownOperation')
        heard.push({ claim: await verify(x), operation, headers: x.headers })
        return protocol(x).success(operation, run(protocol(x).input(x)), x)
      },
      refusal: (error, x) =>
        protocol(x).refusal(
          error instanceof WireFault ? error : { code: 'InternalFailure', status: 500, message: '' },
          x,
        ),
      record: () => {},
    },
    now,
    requestId: randomUUID,
  })
  const { port } = await instance.listen({ host: '127.0.0.1', port: 0 })
  opened.push(instance)
  const configuration = { endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', credentials }
  const kms = (own: Partial<ConstructorParameters<typeof KMSClient>[0]> = {}) =>
    new KMSClient({ ...configuration, ...own })
  return { heard, kms, sts: () => new STSClient({ ...configuration, region: 'eu-west-1' }) }
}
const claim = { accessKeyId: 'AKIDEXAMPLE', region: 'us-east-1', service: 'kms', sessionToken: undefined }

test("the SDK's requests are verified, and every header AWS acts upon is under its signature", async () => {
  const { heard, kms } = await open()
  const answer = await kms().send(
    new EncryptCommand({
      KeyId: 'k',
      Plaintext: new Uint8Array([1, 2]),
      EncryptionContext: { é: '  b' },
    }),
  )
  expect(answer).toMatchObject({ KeyId: 'k', CiphertextBlob: new Uint8Array([2, 1]) })
  expect(answer.$metadata).toMatchObject({
    httpStatusCode: 200,
    attempts: 1,
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
  })

  const [{ headers, ...rest }] = heard as [Heard]
  expect(rest).toEqual({ claim: { ...claim, date: headers['x-amz-date']!.slice(0, 8) }, operation: 'Encrypt' })
  const signed = /SignedHeaders=([^,]+)/.exec(headers.authorization!)![1]!.split(';')
  expect(signed).toEqual(expect.arrayContaining(Object.keys(headers).filter((name) => name.startsWith('x-amz-'))))
})

test('an operation without output is answered, one after another on one connection', async () => {
  const { heard, kms } = await open()
  const client = kms()
  for (let count = 0; count < 5; count++) await client.send(new EnableKeyCommand({ KeyId: 'k' }))
  expect(heard.map(({ operation }) => operation)).toEqual(Array(5).fill('EnableKey'))
})

test('refusals arrive as errors with their names and texts', async () => {
  const { kms } = await open()
  await expect(kms().send(new DescribeKeyCommand({ KeyId: 'a' }))).rejects.toMatchObject({
    name: 'NotFoundException',
    message: "Key 'a' does not exist",
    $metadata: { httpStatusCode: 400 },
  })
  await expect(kms().send(new EncryptCommand({} as never))).rejects.toMatchObject({
    name: 'ValidationException',
    message:
      "2 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null; " +
      "Value null at 'plaintext' failed to satisfy constraint: Member must not be null",
  })
  const refused = (own: Parameters<typeof kms>[0]) => kms(own).send(new EnableKeyCommand({ KeyId: 'k' }))
  await expect(refused({ credentials: { ...credentials, accessKeyId: 'AKIDNOBODY' } })).rejects.toMatchObject({
    name: 'UnrecognizedClientException',
  })
  await expect(
    refused({ credentials: { ...credentials, secretAccessKey: 'wrong' }, maxAttempts: 1 }),
  ).rejects.toMatchObject({
    name: 'InvalidSignatureException',
  })
  await expect(refused({ region: 'us-west-2', maxAttempts: 1 })).rejects.toMatchObject({
    message: "Credential should be scoped to a valid region, not 'us-west-2'. ",
  })
})

test('a session token is carried', async () => {
  const { heard, kms } = await open()
  await kms({ credentials: { ...credentials, sessionToken: 'to/ken==' } }).send(new EnableKeyCommand({ KeyId: 'k' }))
  expect(heard[0]!.claim.sessionToken).toBe('to/ken==')
})

test('the SDK finds the time of a world whose clock was moved', async () => {
  const { heard, kms } = await open({ ahead: 90 * 86_400_000 })
  const { $metadata } = await kms().send(new EnableKeyCommand({ KeyId: 'k' }))
  expect($metadata.attempts).toBe(2)
  expect(heard).toHaveLength(1)
})

test('STS speaks the query protocol', async () => {
  const { heard, sts } = await open()
  expect(await sts().send(new GetCallerIdentityCommand({}))).toMatchObject({
    Account: '111122223333',
    Arn: 'arn:aws:iam::111122223333:user/<admin>',
  })
  expect(heard[0]!.claim).toMatchObject({ region: 'eu-west-1', service: 'sts' })
})
