import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pathToFileURL } from 'node:url'
import {
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { expect, test } from 'vitest'
import { sightings } from '../support/files.ts'
import { credentialsIn, houseProcess } from '../support/process.ts'
import { connected, failed, folders, stop } from '../support/starts.ts'

/** Logs and traces of the program as it is started. */
const folder = folders()
const plaintext = randomBytes(24)
const context = { tenant: `canary-${randomBytes(8).toString('hex')}` }

/** A few requests, one of them refused; answers the request ids in their order, and a data key that nobody else may see. */
const requests = async (kms: KMSClient) => {
  const { KeyMetadata, ...created } = await kms.send(new CreateKeyCommand({}))
  const KeyId = KeyMetadata!.KeyId!
  const sealed = await kms.send(new EncryptCommand({ KeyId, Plaintext: plaintext, EncryptionContext: context }))
  const refused = await kms
    .send(new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob! }))
    .catch((error: unknown) => error as { $metadata: { requestId: string } })
  const key = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))
  const ids = [created, sealed, refused, key].map(({ $metadata }) => $metadata.requestId!)
  return { ids, KeyId, dataKey: key.Plaintext!, blob: sealed.CiphertextBlob! }
}

test('every line is a JSON object, and each request is one of them at level debug, by its id', async () => {
  const data = folder('data')
  const house = await houseProcess(data, { KEYLEDGER_LOG: 'debug', KEYLEDGER_ADMIN_PORT: '0' })
  const credentials = credentialsIn(data)
  const kms = connected(house, credentials)
  const { ids, dataKey, blob } = await requests(kms)
  kms.destroy()
  expect(await stop(house)).toBe(0)
  const lines = house.output().trimEnd().split('\n')
  const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(told.filter(({ msg }) => msg === 'request').map(({ requestId }) => requestId)).toEqual(ids)
  const common = {
    level: 'debug',
    services: 'command,projections,workers',
    source: 'kms.amazonaws.com',
    region: 'us-east-1',
    actor: 'arn:aws:iam::000000000000:user/admin',
    from: '127.0.0.1',
  }
  expect(told.filter(({ msg }) => msg === 'request')).toMatchObject([
    { ...common, operation: 'CreateKey', status: 200 },
    { ...common, operation: 'Encrypt', status: 200 },
    { ...common, operation: 'Decrypt', status: 400, code: 'InvalidCiphertextException' },
    { ...common, operation: 'GenerateDataKey', status: 200 },
  ])
  expect(told[0]).toMatchObject({ level: 'info', msg: `keyledger ready at ${house.url}`, admin: house.admin })
  expect(told.at(-1)).toMatchObject({ level: 'info', msg: 'keyledger is closing' })
  expect(
    sightings(new Map([['the log', Buffer.from(house.output())]]), {
      'the plaintext': plaintext,
      'the data key': dataKey,
      'the ciphertext': blob,
      'the secret access key': Buffer.from(credentials.secretAccessKey),
      'the encryption context': Buffer.from(context.tenant),
    }),
  ).toEqual([])
})

test('at level info requests are not told', async () => {
  const data = folder('data')
  const house = await houseProcess(data, { KEYLEDGER_LOG: 'info' })
  const kms = connected(house, credentialsIn(data))
  await requests(kms)
  kms.destroy()
  expect(await stop(house)).toBe(0)
  expect(house.output().trimEnd().split('\n')).toHaveLength(2)
})

test('a start that fails is one line too', async () => {
  const data = folder('data')
  writeFileSync(data, 'a file')
  const { code, stdout, stderr } = await failed(data, { KEYLEDGER_LOG: 'error' })
  expect({ code, stderr }).toEqual({ code: 2, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({
    level: 'fatal',
    msg: expect.stringMatching(/^KEYLEDGER_DATA: /) as string,
  })
})

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[]
}

/** What an OpenTelemetry collector is sent by OTLP over HTTP. */
const collector = async () => {
  const bodies: string[] = []
  const paths = new Set<string>()
  const http = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      paths.add(`${request.method} ${request.url}`)
      bodies.push(Buffer.concat(chunks).toString())
      response.setHeader('content-type', 'application/json').end('{}')
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const sent = () =>
    bodies.map(
      (body) =>
        JSON.parse(body) as {
          resourceSpans: { resource: { attributes: Span['attributes'] }; scopeSpans: { spans: Span[] }[] }[]
        },
    )
  return {
    endpoint: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    paths,
    bodies,
    spans: () =>
      sent().flatMap(({ resourceSpans }) =>
        resourceSpans.flatMap((each) => each.scopeSpans.flatMap((scope) => scope.spans)),
      ),
    resource: () => attributesOf(sent()[0]!.resourceSpans[0]!.resource),
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => http.close(() => resolve())),
  }
}
const attributesOf = ({ attributes }: Pick<Span, 'attributes'>) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

test('a request is a span with its stages, in the trace of whoever called', async () => {
  await using at = await collector()
  const data = folder('data')
  const house = await houseProcess(data, { OTEL_EXPORTER_OTLP_ENDPOINT: at.endpoint })
  const credentials = credentialsIn(data)
  const kms = connected(house, credentials)
  const traceId = randomBytes(16).toString('hex')
  const caller = randomBytes(8).toString('hex')
  kms.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string> }
      request.headers['traceparent'] = `00-${traceId}-${caller}-01`
      return next(args)
    },
    { step: 'build' },
  )
  const { ids, dataKey, KeyId } = await requests(kms)
  kms.destroy()
  // What is not sent yet is sent before it ends.
  expect(await stop(house)).toBe(0)

  expect([...at.paths]).toEqual(['POST /v1/traces'])
  expect(at.resource()).toMatchObject({
    'service.name': 'keyledger',
    'keyledger.services': 'command,projections,workers',
  })
  const spans = at.spans()
  const encrypt = spans.find(({ name }) => name === 'kms.Encrypt')!
  expect(encrypt).toMatchObject({ traceId, parentSpanId: caller })
  expect(attributesOf(encrypt)).toEqual({
    'rpc.system': 'aws-api',
    'rpc.service': 'kms',
    'rpc.method': 'Encrypt',
    'http.response.status_code': 200,
    'aws.request_id': ids[1],
    'cloud.region': 'us-east-1',
  })
  const refused = spans.find(({ name }) => name === 'kms.Decrypt')!
  expect(attributesOf(refused)).toMatchObject({ 'error.type': 'InvalidCiphertextException' })

  const stages = spans.filter(({ parentSpanId }) => parentSpanId === encrypt.spanId)
  const names = ['parse', 'fresh', 'signature', 'shape', 'authorize', 'crypto', 'encode', 'trail']
  expect(stages.map(({ name }) => name)).toEqual(names)
  const moments = stages.flatMap((span) => [BigInt(span.startTimeUnixNano), BigInt(span.endTimeUnixNano)])
  expect(moments).toEqual(moments.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
  // The first begins when all that came with the request has been read.
  expect(moments[0]! >= BigInt(encrypt.startTimeUnixNano)).toBe(true)
  expect(moments.at(-1)! <= BigInt(encrypt.endTimeUnixNano)).toBe(true)
  expect(
    sightings(new Map([['the traces', Buffer.from(at.bodies.join('\n'))]]), {
      'the plaintext': plaintext,
      'the data key': dataKey,
      'the key id': Buffer.from(KeyId),
      'the secret access key': Buffer.from(credentials.secretAccessKey),
      'the encryption context': Buffer.from(context.tenant),
    }),
  ).toEqual([])
})

test('what is not configured is not even loaded', async () => {
  const spy = folder('spy.mjs')
  writeFileSync(
    spy,
    `import { registerHooks } from 'node:module'
    import { isMainThread } from 'node:worker_threads'
    const heavy = /node_modules\\/\\.pnpm\\/(@opentelemetry\\+sdk|pino|prom-client|bullmq|ioredis|@eventstore|@grpc)/
    const loaded = new Set()
    registerHooks({ load(url, context, next) { const found = heavy.exec(url); if (found) loaded.add(found[1]); return next(url, context) } })
    if (isMainThread) process.on('exit', () => console.log('loaded:' + [...loaded].sort().join()))`,
  )
  const started = async (environment: Record<string, string>) => {
    const house = await houseProcess(folder('data'), {
      NODE_OPTIONS: `--import=${pathToFileURL(spy).href}`,
      ...environment,
    })
    expect(await stop(house)).toBe(0)
    return /^loaded:(.*)$/m.exec(house.output())![1]
  }
  expect(await started({})).toBe('')
  expect(await started({ KEYLEDGER_LOG: 'info' })).toBe('pino')
  expect(await started({ KEYLEDGER_ADMIN_PORT: '0' })).toBe('prom-client')
  expect(await started({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })).toBe('@opentelemetry+sdk')
})
