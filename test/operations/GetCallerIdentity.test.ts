import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { describe, expect, test } from 'vitest'
import { type Person, alice, arnOf, bob } from '../support/house.ts'
import { freshKey, openHouse, raw, refused, trailOf } from '../support/rooms.ts'
import { signed } from '../support/sign.ts'

const house = openHouse()
const form = 'application/x-www-form-urlencoded; charset=utf-8'
const query = 'Action=GetCallerIdentity&Version=2011-06-15'
const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/'

const sts = (person: Pick<Person, 'accessKeyId' | 'secretAccessKey'> = alice, region = 'us-east-1') => {
  const { accessKeyId, secretAccessKey } = person
  const client = new STSClient({
    endpoint: house().house.url,
    region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
    systemClockOffset: house().clock.now() - Date.now(),
  })
  return client
}
const identity = async (person?: Person, region?: string) => {
  const { $metadata, ...answer } = await sts(person, region).send(new GetCallerIdentityCommand({}))
  return { answer, requestId: $metadata.requestId! }
}
const refusedIdentity = (person: Pick<Person, 'accessKeyId' | 'secretAccessKey'>) =>
  refused(sts(person).send(new GetCallerIdentityCommand({})))

/** A signed form as it goes over the wire, and the XML that comes back. */
const posted = async (body: string, { service = 'sts', unsigned = false } = {}) => {
  const headers = signed({
    host: new URL(house().house.url).host,
    body,
    service,
    headers: { 'content-type': form },
    accessKeyId: alice.accessKeyId,
    secretAccessKey: alice.secretAccessKey,
    time: house().clock.now(),
  })
  if (unsigned) delete headers['authorization']
  const response = await fetch(house().house.url, { method: 'POST', headers, body })
  const requestId = response.headers.get('x-amzn-requestid')!
  return { status: response.status, type: response.headers.get('content-type'), requestId, xml: await response.text() }
}
const codeIn = ({ status, xml }: { status: number; xml: string }) => ({
  status,
  code: /<Code>(.*?)<\/Code>/.exec(xml)?.[1],
})

describe('GetCallerIdentity', () => {
  describe('serialization', () => {
    test('a form comes in, XML goes out, in the namespace of STS', async () => {
      const { requestId, xml, ...rest } = await posted(query)
      expect(rest).toEqual({ status: 200, type: 'text/xml' })
      const userId = /<UserId>(.*?)<\/UserId>/.exec(xml)![1]
      expect(xml.replace(/^<\?xml[^>]*>\s*/, '')).toBe(
        `<GetCallerIdentityResponse xmlns="${namespace}"><GetCallerIdentityResult>` +
          `<Arn>arn:aws:iam::111122223333:user/alice</Arn><UserId>${userId}</UserId><Account>111122223333</Account>` +
          `</GetCallerIdentityResult><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>` +
          '</GetCallerIdentityResponse>',
      )
    })
    test('parameters that nobody knows are ignored', async () => {
      expect((await posted(`${query}&Nonsense=1&__proto__=x`)).status).toBe(200)
    })
    test('an error is XML too, with the request id that the trail has', async () => {
      const { requestId, xml, ...rest } = await posted(query, { unsigned: true })
      expect(rest).toEqual({ status: 403, type: 'text/xml' })
      expect(xml.replace(/^<\?xml[^>]*>\s*/, '')).toBe(
        `<ErrorResponse xmlns="${namespace}"><Error><Type>Sender</Type><Code>MissingAuthenticationToken</Code>` +
          `<Message>Missing Authentication Token</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
      )
      expect((await trailOf(house(), requestId)).requestID).toBe(requestId)
    })
  })

  describe('validation', () => {
    test.each([
      ['an action that STS does not have', 'Action=Nonsense&Version=2011-06-15', 'InvalidAction'],
      ["an action of JavaScript's", 'Action=constructor&Version=2011-06-15', 'InvalidAction'],
      ['another version', 'Action=GetCallerIdentity&Version=2010-05-08', 'InvalidAction'],
      ['no action', 'Version=2011-06-15', 'MissingAction'],
      ['nothing', '', 'MissingAction'],
    ])('%s is refused', async (_, body, code) => {
      expect(codeIn(await posted(body))).toEqual({ status: 400, code })
    })
    test('it has no members that could be wrong', async () => {
      expect((await identity()).answer.Account).toBe(alice.account)
    })
  })

  describe('authorization', () => {
    test('with another secret the signature does not match', async () => {
      expect(await refusedIdentity({ ...alice, secretAccessKey: 'not-the-secret-of-alice' })).toMatchObject({
        name: 'SignatureDoesNotMatch',
        status: 403,
      })
    })
    test('an access key that nobody has is invalid', async () => {
      expect(await refusedIdentity({ ...alice, accessKeyId: 'AKIANOBODYNOBODYNOBD' })).toEqual({
        name: 'InvalidClientTokenId',
        message: 'The security token included in the request is invalid.',
        status: 403,
      })
    })
    test('a signature for KMS is none for STS', async () => {
      expect(codeIn(await posted(query, { service: 'kms' }))).toEqual({ status: 403, code: 'SignatureDoesNotMatch' })
    })
    test('it is no operation of KMS', async () => {
      const { status, json } = await raw(house(), { operation: 'GetCallerIdentity' })
      expect({ status, json }).toEqual({ status: 400, json: { __type: 'UnknownOperationException' } })
    })
  })

  describe('state', () => {
    test('no key is asked, so no state of a key matters: it writes nothing but its record', async () => {
      await freshKey(house())
      const { log } = house().house
      const before = await log.all({ after: 0, categories: ['key', 'account'], limit: 1000 })
      await identity()
      expect(await log.all({ after: 0, categories: ['key', 'account'], limit: 1000 })).toEqual(before)
    })
  })

  describe('function', () => {
    test('tells everybody who they are', async () => {
      const ofAlice = (await identity()).answer
      const ofBob = (await identity(bob)).answer
      expect(ofAlice).toEqual({ Arn: arnOf(alice), Account: '111122223333', UserId: ofAlice.UserId })
      expect(ofBob).toEqual({ Arn: arnOf(bob), Account: '444455556666', UserId: ofBob.UserId })
      expect(ofAlice.UserId).toMatch(/^AIDA[A-Z2-7]{17}$/)
      expect(ofBob.UserId).not.toBe(ofAlice.UserId)
    })

    test('tells the same in every region and after a restart', async () => {
      const { answer } = await identity()
      expect((await identity(alice, 'eu-west-1')).answer).toEqual(answer)
      await house().restart()
      expect((await identity()).answer).toEqual(answer)
    })

    test('is on the trail as a call to STS', async () => {
      const { answer, requestId } = await identity()
      expect(await trailOf(house(), requestId)).toMatchObject({
        eventName: 'GetCallerIdentity',
        eventSource: 'sts.amazonaws.com',
        awsRegion: 'us-east-1',
        readOnly: true,
        userIdentity: { type: 'IAMUser', arn: answer.Arn, accountId: answer.Account, principalId: answer.UserId },
        recipientAccountId: alice.account,
      })
    })
  })
})
