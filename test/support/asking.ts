import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import {
  CreateKeyCommand,
  DisableKeyCommand,
  type KMSClient,
  ReplicateKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { expect } from 'vitest'
import { type Person, alice } from './house.ts'
import { day, type LeapingHouse, leapingHouse } from './leaping-house.ts'
import { type Member, commonErrors, deviations, model, operationOf } from './model.ts'
import { opened } from './opened.ts'
import { signed } from './sign.ts'

export { day }
/** What is asked of a house here: a leaping one, or one whose clock advances step by step (slower by far). */
export type TestHouse = Pick<LeapingHouse, 'house' | 'kms' | 'faults' | 'restart'> & {
  readonly clock: { now(): number; advance?(milliseconds: number): Promise<void> }
  pass?(milliseconds: number): Promise<void>
}

/** One house for all tests of a file. */
export const openHouse = () => opened(leapingHouse)

/** Every error that AWS's answers name is one that the operation may give. */
const expectKnownError = (operation: string, code: string) => {
  const modelled = Object.hasOwn(model, operation) ? operationOf(operation).errors : ['UnknownOperationException']
  expect(modelled.includes(code) || commonErrors.has(code), `${operation} may answer ${code}`).toBe(true)
}

const expectModelled = (operation: string, status: number, text: string) => {
  const json = text === '' ? undefined : (JSON.parse(text) as { __type: string })
  if (status === 200) expect(deviations(operation, json)).toEqual([])
  else expectKnownError(operation, json!.__type)
}

/** The official SDK's client; every answer that comes through it is held against the model, as it came over the wire. */
export const kms = (house: TestHouse, person: Person = alice, region = 'us-east-1'): KMSClient => {
  const client = house.kms(person, region)
  const { requestHandler } = client.config
  const handle = requestHandler.handle.bind(requestHandler)
  requestHandler.handle = async (request, options) => {
    const { response } = await handle(request, options)
    const body = await buffer(response.body as AsyncIterable<Uint8Array>)
    expectModelled(request.headers['x-amz-target']!.split('.')[1]!, response.statusCode, body.toString('utf8'))
    return { response: Object.assign(response, { body: new Uint8Array(body) }) }
  }
  return client
}

export interface Refusal {
  readonly name: string
  readonly message: string
  readonly status: number
}

/** How the SDK tells a refusal; throws where the promise is kept. */
export const refused = async (promise: Promise<unknown>): Promise<Refusal> => {
  const error: unknown = await promise.then(
    (answer) => {
      throw new Error(`not refused but answered: ${JSON.stringify(answer)}`)
    },
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) throw new TypeError('a refusal is an error')
  const { name, message } = error
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
  if (status === undefined) throw error
  return { name, message, status }
}

export interface Asked {
  readonly operation: string
  readonly body?: object | string | Buffer
  readonly person?: Pick<Person, 'accessKeyId' | 'secretAccessKey'>
  readonly region?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sends the request without its signature. */
  readonly unsigned?: true
}
export interface Answered {
  readonly status: number
  /** undefined where the body is empty. */
  readonly json: Readonly<Record<string, unknown>> | undefined
  readonly requestId: string
}

/** Signs by hand and sends anything, also what the SDK would never send. */
export const raw = async (house: TestHouse, asked: Asked): Promise<Answered> => {
  const { operation, body = {}, person = alice, region = 'us-east-1', unsigned } = asked
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const headers = signed({
    host: new URL(house.house.url).host,
    target: `TrentService.${operation}`,
    body: bytes,
    region,
    accessKeyId: person.accessKeyId,
    secretAccessKey: person.secretAccessKey,
    time: house.clock.now(),
    ...(asked.headers && { headers: asked.headers }),
  })
  if (unsigned) delete headers['authorization']
  const response = await fetch(house.house.url, { method: 'POST', headers, body: new Uint8Array(Buffer.from(bytes)) })
  const text = await response.text()
  const json = text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>)
  expectModelled(operation, response.status, text)
  return { status: response.status, json, requestId: response.headers.get('x-amzn-requestid') ?? '' }
}

/** A refusal as {@link raw} sees it, in the form of {@link refused}. */
export const refusalOf = ({ status, json }: Answered): Refusal => ({
  name: String(json?.['__type']),
  message: (json?.['message'] ?? json?.['Message'] ?? '') as string,
  status,
})

/** A record of the trail; the members that tests ask for. */
export interface TrailRecord extends Readonly<Record<string, unknown>> {
  readonly eventName: string
  readonly requestID: string
  readonly errorCode?: string
  readonly errorMessage?: string
}

/** Of a body that cannot be read nobody looks for the operation either. */
const unread = 'Unknown'

/** The one record of a request; throws where there is none or more than one. */
export const trailOf = async (house: TestHouse, requestId: string): Promise<TrailRecord> => {
  const { log } = house.house
  // It was written a moment ago: the end of the log has it.
  const near = await log.all({ after: Math.max(0, (await log.head()) - 200), categories: ['trail'], limit: 1000 })
  const records = near.map(({ data }) => data as TrailRecord).filter(({ requestID }) => requestID === requestId)
  if (records.length !== 1) throw new Error(`the trail has ${records.length} records of request ${requestId}`)
  return records[0]!
}

const secretTexts = (member: Member, value: unknown, name: string): readonly string[] => {
  if (typeof value === 'string')
    return member.type === 'blob' || member.sensitive || name.startsWith('GrantToken') ? [value] : []
  if (Array.isArray(value)) return value.flatMap((one) => (member.member ? secretTexts(member.member, one, name) : []))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, one]) => {
    const field = member.fields?.[key]
    return field ? secretTexts(field, one, key) : []
  })
}

const readable = (body: Asked['body'] = {}): boolean => {
  if (typeof body === 'object' && !Buffer.isBuffer(body)) return true
  if (!isUtf8(Buffer.from(body))) return false
  try {
    const json: unknown = JSON.parse(String(body))
    return typeof json === 'object' && json !== null && !Array.isArray(json)
  } catch {
    return false
  }
}

/** Asserts that the request is on the trail, once, under its name, with its error, and that nothing secret came along. */
export const expectOnTrail = async (house: TestHouse, asked: Asked, answered: Answered): Promise<TrailRecord> => {
  const record = await trailOf(house, answered.requestId)
  const code = answered.json?.['__type']
  expect({ eventName: record.eventName, errorCode: record.errorCode }).toEqual({
    eventName: readable(asked.body) ? asked.operation : unread,
    errorCode: code,
  })
  const { input, output } = operationOf(asked.operation)
  const secrets = [
    ...secretTexts({ type: 'structure', fields: input }, asked.body, ''),
    ...secretTexts({ type: 'structure', fields: output }, answered.json, ''),
    (asked.person ?? alice).secretAccessKey,
  ].filter((text) => text.length >= 12)
  const written = JSON.stringify(record)
  expect(secrets.filter((secret) => written.includes(secret))).toEqual([])
  return record
}

/** The position of the last event that is not a record of the trail. */
export const lastChange = async (house: TestHouse, after = 0): Promise<number> => {
  const changes = await house.house.log.all({
    after,
    categories: ['key', 'alias', 'grants', 'account', 'house'],
    limit: 100_000,
  })
  return changes.at(-1)?.position ?? after
}

/** The states that a symmetric key of this house can be in. */
export type State = 'Enabled' | 'Disabled' | 'PendingDeletion' | 'deleted' | 'unknown'

export const arnOfKey = (id: string, person: Person = alice, region = 'us-east-1') =>
  `arn:aws:kms:${region}:${person.account}:key/${id}`

/** A fresh key of alice's in us-east-1. */
export const freshKey = async (house: TestHouse): Promise<string> =>
  (await house.kms().send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!

/** A fresh multi-Region primary of alice's. */
export const freshPrimary = async (house: TestHouse, region = 'us-east-1'): Promise<string> =>
  (await house.kms(alice, region).send(new CreateKeyCommand({ MultiRegion: true }))).KeyMetadata!.KeyId!

/** A fresh multi-Region primary of alice's in us-east-1 with a replica in eu-west-1, both Enabled. */
export const freshPair = async (house: TestHouse): Promise<string> => {
  const KeyId = await freshPrimary(house)
  await house.kms().send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'eu-west-1' }))
  await house.house.jobs.settled()
  return KeyId
}

/** Brings a fresh key into the state; `unknown` is an id that no key has. */
export const intoState = async (house: TestHouse, KeyId: string, state: State): Promise<void> => {
  const client = house.kms()
  if (state === 'Disabled') await client.send(new DisableKeyCommand({ KeyId }))
  if (state === 'PendingDeletion' || state === 'deleted')
    await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
  if (state !== 'deleted') return
  await (house.pass?.(7 * day) ?? house.clock.advance?.(7 * day))
}

export const unknownKey = (): string => randomUUID()
