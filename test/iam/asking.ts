import { type TestHouse, alice, testHouse } from '../support/house.ts'
import { opened } from '../support/opened.ts'
import { type Refusal, type TrailRecord, refused } from '../support/rooms.ts'
import { signed } from '../support/sign.ts'

/** One house for all tests of a file. */
export const openHouse = () => opened(() => testHouse())

/** How IAM's SDK tells a refusal: the names of the model end in `Exception`, those on the wire do not. */
export const refusal = async (promise: Promise<unknown>): Promise<Refusal> => {
  const { name, ...rest } = await refused(promise)
  return { name: name.replace(/Exception$/, ''), ...rest }
}
export const noSuch = (message: string): Refusal => ({ name: 'NoSuchEntity', message, status: 404 })
export const exists = (message: string): Refusal => ({ name: 'EntityAlreadyExists', message, status: 409 })
export const conflict = (message: string): Refusal => ({ name: 'DeleteConflict', message, status: 409 })
export const limitExceeded = (message: string): Refusal => ({ name: 'LimitExceeded', message, status: 409 })
export const malformed = (message: string): Refusal => ({ name: 'MalformedPolicyDocument', message, status: 400 })

/** A policy that allows the actions on everything. */
export const allowing = (...Action: readonly string[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] })
/** A trust policy for these ARNs. */
export const trusting = (...AWS: readonly string[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole' }],
  })

/** A signed form as it goes over the wire, and the XML that comes back. */
export const posted = async (
  house: TestHouse,
  body: string,
  { person = alice, service = 'iam', region = 'us-east-1', unsigned = false } = {},
) => {
  const headers = signed({
    host: new URL(house.house.url).host,
    body,
    service,
    region,
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    accessKeyId: person.accessKeyId,
    secretAccessKey: person.secretAccessKey,
    time: house.clock.now(),
  })
  if (unsigned) delete headers['authorization']
  const response = await fetch(house.house.url, { method: 'POST', headers, body })
  const requestId = response.headers.get('x-amzn-requestid')!
  return { status: response.status, requestId, xml: await response.text() }
}

/** The last records of the trail under this name, oldest first. */
export const recordsOf = async (house: TestHouse, eventName: string): Promise<readonly TrailRecord[]> => {
  const records = await house.house.log.all({ after: 0, categories: ['trail'], limit: 10_000 })
  return records.map(({ data }) => data as TrailRecord).filter((record) => record.eventName === eventName)
}
