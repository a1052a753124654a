import { expect, test } from 'vitest'
import { WireFault, type Exchange } from './index.ts'
import { jsonObject, jsonProtocol } from './json.ts'

const protocol = jsonProtocol({ prefix: 'TrentService' })
const asked = (headers: Exchange['headers'], body = '{}') => ({ headers, body: Buffer.from(body) }) as Exchange
const version = (type?: string) => asked(type === undefined ? {} : { 'content-type': type })
const refusal = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    if (error instanceof WireFault) return { code: error.code, status: error.status, message: error.message }
  }
  return undefined
}

test('the target names the operation, whatever that is', () => {
  for (const name of ['Encrypt', 'NoSuchThing', '__proto__', 'a.b', ''])
    expect(protocol.operation(asked({ 'x-amz-target': `TrentService.${name}` }))).toBe(name)
})

test('another target, or none, names no operation', () => {
  const unknown = { code: 'UnknownOperationException', status: 400, message: '' }
  for (const target of [undefined, '', 'Encrypt', 'TrentService', 'trentservice.Encrypt', 'XTrentService.Encrypt'])
    expect(refusal(() => protocol.operation(asked({ 'x-amz-target': target })))).toEqual(unknown)
})

test('a body is one JSON object', () => {
  expect(protocol.input(asked({}, '{"KeyId":"k","N":[1,{"a":null}]}'))).toEqual({ KeyId: 'k', N: [1, { a: null }] })
  expect(jsonObject(Buffer.from(' {"é":"😀"} '))).toEqual({ é: '😀' })
})

test('a member __proto__ is one like any other', () => {
  const value = jsonObject(Buffer.from('{"__proto__":{"admin":true}}'))
  expect(Object.keys(value)).toEqual(['__proto__'])
  expect(value['admin']).toBeUndefined()
})

test('anything else is malformed, without a word', () => {
  const malformed = { code: 'SerializationException', status: 400, message: '' }
  for (const body of [
    '',
    ' ',
    '{',
    '{"a":',
    '{"a":1}x',
    '[]',
    'null',
    '"a"',
    '1',
    'undefined',
    "{'a':1}",
    '{"a":01}',
    '{"a":NaN}',
    '\ufeff{}',
  ])
    expect([body, refusal(() => jsonObject(Buffer.from(body)))]).toEqual([body, malformed])
  expect(refusal(() => jsonObject(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])))).toEqual(malformed)
})

test('a body is 32 levels deep at most, and a deeper one does no harm', () => {
  const nested = (depth: number) => Buffer.from(`${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`)
  expect(Object.keys(jsonObject(nested(32)))).toEqual(['a'])
  for (const body of [nested(33), nested(150_000), Buffer.from(`{"a":${'['.repeat(500_000)}${']'.repeat(500_000)}}`)])
    expect(refusal(() => jsonObject(body))?.code).toBe('SerializationException')
})

test('a result is written in the version of the request', () => {
  const type = (of?: string) => protocol.success('Encrypt', {}, version(of)).headers?.['content-type']
  expect(type('application/x-amz-json-1.0')).toBe('application/x-amz-json-1.0')
  expect(type('application/x-amz-json-1.1; charset=utf-8')).toBe('application/x-amz-json-1.1')
  for (const other of [undefined, 'application/json', 'application/x-amz-json-1.12', 'text/plain'])
    expect(type(other)).toBe('application/x-amz-json-1.1')
})

test('a result has its bytes as base64 and nothing that is undefined', () => {
  const result = {
    KeyId: 'arn',
    CiphertextBlob: Buffer.from('hello'),
    Plaintext: new Uint8Array([9, 1, 2, 9]).subarray(1, 3),
    KeyMaterialId: undefined,
    Truncated: false,
    NextMarker: null,
    Keys: [{ KeyId: 'a', Gone: undefined }],
  }
  expect(protocol.success('Encrypt', result, version())).toEqual({
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: '{"KeyId":"arn","CiphertextBlob":"aGVsbG8=","Plaintext":"AQI=","Truncated":false,"NextMarker":null,"Keys":[{"KeyId":"a"}]}',
  })
})

test('an operation without output has an empty body', () => {
  for (const result of [undefined, {}, { A: undefined }])
    expect(protocol.success('EnableKey', result, version()).body).toBe('')
})

test('a refusal names its code, and its message if it has one', () => {
  const body = (code: string, message: string) => protocol.refusal({ code, status: 400, message }, version())
  expect(body('NotFoundException', "Key 'a' does not exist")).toEqual({
    status: 400,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: `{"__type":"NotFoundException","message":"Key 'a' does not exist"}`,
  })
  expect(body('InvalidCiphertextException', '').body).toBe('{"__type":"InvalidCiphertextException"}')
  expect(body('AccessDeniedException', 'no').body).toBe('{"__type":"AccessDeniedException","Message":"no"}')
})
