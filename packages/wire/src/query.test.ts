import { expect, test } from 'vitest'
import { WireFault, type Exchange } from './index.ts'
import { queryProtocol } from './query.ts'

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/'
const protocol = queryProtocol({ namespace, apiVersion: '2011-06-15' })
const asked = (body: string) => ({ body: Buffer.from(body), requestId: 'id' }) as Exchange
const refusal = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    if (error instanceof WireFault) return { code: error.code, status: error.status, message: error.message }
  }
  return undefined
}

test('the action names the operation', () => {
  expect(protocol.operation(asked('Action=GetCallerIdentity&Version=2011-06-15'))).toBe('GetCallerIdentity')
  expect(protocol.operation(asked('Action=__proto__'))).toBe('__proto__')
})

test('a form without an action, or for another version, is refused', () => {
  const missing = {
    code: 'MissingAction',
    status: 400,
    message: 'The request is missing an action or a required parameter.',
  }
  for (const body of ['', 'Action=', 'action=GetCallerIdentity', '{}', '%'])
    expect(refusal(() => protocol.operation(asked(body)))).toEqual(missing)
  expect(refusal(() => protocol.operation(asked('Action=A&Version=2010-05-08')))).toEqual({
    code: 'InvalidAction',
    status: 400,
    message: 'Could not find operation A for version 2010-05-08',
  })
})

test('parameters are strings by any name', () => {
  const parameters = protocol.input(
    asked('Action=A&Version=2011-06-15&a=1+2%263&__proto__=x&b&a=last&%C3%A9=%F0%9F%98%80'),
  )
  expect(Object.entries(parameters)).toEqual([
    ['a', 'last'],
    ['__proto__', 'x'],
    ['b', ''],
    ['é', '😀'],
  ])
})

test('a result is XML', () => {
  const result = {
    Arn: 'arn:aws:iam::111122223333:user/admin',
    Odd: `<&>"'\t\n\u0000\ud800\uffff`,
    Count: 2,
    Gone: undefined,
    Blob: Buffer.from('hello'),
    List: [{ A: 'x' }, { A: 'y' }],
    Date: new Date('2026-06-01T12:00:00.999Z'),
  }
  expect(protocol.success('GetCallerIdentity', result, asked(''))).toEqual({
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body:
      `<GetCallerIdentityResponse xmlns="${namespace}"><GetCallerIdentityResult>` +
      `<Arn>arn:aws:iam::111122223333:user/admin</Arn><Odd>&lt;&amp;&gt;&quot;'\t\n\ufffd\ufffd\ufffd</Odd><Count>2</Count>` +
      '<Blob>aGVsbG8=</Blob><List><member><A>x</A></member><member><A>y</A></member></List><Date>2026-06-01T12:00:00Z</Date>' +
      '</GetCallerIdentityResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></GetCallerIdentityResponse>',
  })
  for (const nothing of [undefined, {}, { Gone: undefined }])
    expect(protocol.success('Void', nothing, asked('')).body).toBe(
      `<VoidResponse xmlns="${namespace}"><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></VoidResponse>`,
    )
})

test("a refusal has the query protocol's own names and statuses", () => {
  const told = (code: string, status: number, message: string) => protocol.refusal({ code, status, message }, asked(''))
  expect(told('InvalidSignatureException', 400, 'a < b')).toEqual({
    status: 403,
    headers: { 'content-type': 'text/xml' },
    body:
      `<ErrorResponse xmlns="${namespace}"><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code>` +
      '<Message>a &lt; b</Message></Error><RequestId>id</RequestId></ErrorResponse>',
  })
  const names: [string, number, string, number, string][] = [
    ['MissingAuthenticationTokenException', 400, 'MissingAuthenticationToken', 403, 'Sender'],
    ['IncompleteSignatureException', 400, 'IncompleteSignature', 400, 'Sender'],
    ['UnrecognizedClientException', 400, 'InvalidClientTokenId', 403, 'Sender'],
    ['UnknownOperationException', 404, 'InvalidAction', 400, 'Sender'],
    ['constructor', 418, 'constructor', 418, 'Sender'],
    ['InternalFailure', 500, 'InternalFailure', 500, 'Receiver'],
  ]
  for (const [code, status, name, expected, type] of names) {
    const answer = told(code, status, '')
    expect([
      answer.status,
      /<Type>(.*)<\/Type><Code>(.*)<\/Code><\/Error>/.exec(String(answer.body))?.slice(1),
    ]).toEqual([expected, [type, name]])
  }
})
