import { describe, expect, test } from 'vitest'
import { blob, boolean, enumeration, integer, list, map, shape, string, structure, timestamp } from '../shape.ts'
import { encrypt, refusal, one, detected, malformed } from './testing.ts'

describe('a member', () => {
  test('of the wrong JSON type is refused in the words of the parser', () => {
    const fields = { S: string(), I: integer(), B: boolean(), L: list(string()), M: map(), T: structure({}), X: blob() }
    const optional = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.optional()]))
    const of = shape(optional)
    for (const [json, message] of [
      [{ S: 1 }, 'NUMBER_VALUE can not be converted to a String'],
      [{ S: true }, 'TRUE_VALUE can not be converted to a String'],
      [{ S: {} }, 'Start of structure or map found where not expected.'],
      [{ S: [] }, 'Start of list found where not expected'],
      [{ I: '1' }, 'STRING_VALUE can not be converted to an Integer'],
      [{ I: 1.5 }, 'NUMBER_VALUE can not be converted to an Integer'],
      [{ I: 2 ** 31 }, 'NUMBER_VALUE can not be converted to an Integer'],
      [{ I: -(2 ** 31) - 1 }, 'NUMBER_VALUE can not be converted to an Integer'],
      [{ I: JSON.parse('1e999') as unknown }, 'NUMBER_VALUE can not be converted to an Integer'],
      [{ B: 'true' }, 'STRING_VALUE can not be converted to a Boolean'],
      [{ B: 0 }, 'NUMBER_VALUE can not be converted to a Boolean'],
      [{ L: 'a' }, 'Expected list or null'],
      [{ L: {} }, 'Start of structure or map found where not expected.'],
      [{ L: [1] }, 'NUMBER_VALUE can not be converted to a String'],
      [{ M: 'a' }, 'Expected map or null'],
      [{ M: [] }, 'Start of list found where not expected'],
      [{ M: { a: {} } }, 'Start of structure or map found where not expected.'],
      [{ M: { a: [] } }, 'Start of list found where not expected'],
      [{ T: false }, 'Expected null'],
      [{ X: false }, 'FALSE_VALUE can not be converted to a Blob'],
    ] as const)
      expect([json, refusal(of, json)]).toEqual([json, malformed(message)])
  })

  test('of any kind is refused with unpaired surrogates', () => {
    const unpaired = malformed('Unpaired surrogate in string')
    expect(one({ S: string() }, { S: 'a\ud800' })).toEqual(unpaired)
    expect(one({ L: list(string()) }, { L: ['\udc00'] })).toEqual(unpaired)
    expect(one({ M: map() }, { M: { a: '\ud800' } })).toEqual(unpaired)
    expect(one({ M: map() }, { M: { '\ud800': 'a' } })).toEqual(unpaired)
    expect(one({ E: enumeration(['A']) }, { E: '\ud800' })[0]).toBe('ValidationException')
    expect(shape({ S: string() }).parse({ S: '\ud83d\ude00' })).toEqual({ S: '😀' })
  })

  test('is as long as it has code points', () => {
    const of = shape({ S: string({ min: 2, max: 3 }) })
    expect(of.parse({ S: '😀😀😀' })).toEqual({ S: '😀😀😀' })
    expect(refusal(of, { S: '😀' })[1]).toContain('greater than or equal to 2')
    expect(refusal(of, { S: '😀😀😀a' })[1]).toContain('less than or equal to 3')
  })

  test('that is sensitive or a blob is never repeated', () => {
    const of = shape({ Password: string({ max: 2, pattern: '[a-z]*', sensitive: true }), Blob: blob({ max: 1 }) })
    expect(refusal(of, { Password: 'S3CRET', Blob: 'AAAA' })).toEqual(
      detected(
        "Value at 'password' failed to satisfy constraint: Member must have length less than or equal to 2",
        "Value at 'password' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]*",
        "Value at 'blob' failed to satisfy constraint: Member must have length less than or equal to 1",
      ),
    )
    for (const Password of ['S3CRET\ud800', ['S3CRET'], { a: 'S3CRET' }])
      expect(refusal(of, { Password, Blob: 'AA==' })[1]).not.toContain('S3CRET')
    expect(refusal(of, { Password: '', Blob: 'S3CRET' })[1]).not.toContain('S3CRET')
  })

  test('that is long is repeated in part', () => {
    const [, message] = one({ S: string({ max: 10 }) }, { S: `${'x'.repeat(1023)}😀${'x'.repeat(9999)}` })
    expect(message).toContain(`Value '${'x'.repeat(1023)}\ufffd...' at 's'`)
    expect(message.length).toBeLessThan(1200)
  })

  test('that is a blob is base64 with its padding, whole', () => {
    const of = shape({ B: blob() })
    expect(of.parse({ B: '' })).toEqual({ B: Buffer.alloc(0) })
    expect(of.parse({ B: '+/8=' })).toEqual({ B: Buffer.from([0xfb, 0xff]) })
    for (const text of ['A', 'AA', 'AAA', '-_8=', 'AA A', 'AA\n=', 'A===', 'AA=A', '====', 'AAAA====', 'é234', '*AAA'])
      expect([text, refusal(of, { B: text })]).toEqual([text, malformed('Invalid base64 in blob')])
  })

  test('that is a moment comes as seconds and is milliseconds', () => {
    const of = shape({ T: timestamp() })
    expect(of.parse({ T: 1440938160.123 })).toEqual({ T: 1440938160123 })
    expect(refusal(of, { T: '2015-08-30' })).toEqual(malformed('STRING_VALUE can not be converted to a Timestamp'))
    expect(refusal(of, { T: 1e300 })).toEqual(malformed('Timestamp out of range'))
  })

  test('that is a map holds strings by any name', () => {
    const json = JSON.parse('{"M":{"__proto__":"a","constructor":"b","n":1.5,"t":true,"":""}}') as unknown
    const { M } = shape({ M: map() }).parse(json)
    expect(Object.entries(M)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['n', '1.5'],
      ['t', 'true'],
      ['', ''],
    ])
    const inherited = Object.getPrototypeOf(M) as object
    expect([Reflect.ownKeys(inherited), Object.getPrototypeOf(inherited), Object.isFrozen(inherited)]).toEqual([
      [],
      null,
      true,
    ])
    expect(one({ M: map() }, { M: { a: null } })).toEqual(
      detected(
        "Value '{a=null}' at 'm' failed to satisfy constraint: Map value must satisfy constraint: [Member must not be null]",
      ),
    )
  })

  test('that is a map takes no number whose digits are lost: two contexts would be one', () => {
    const of = shape({ M: map() })
    const lost = malformed('NUMBER_VALUE can not be converted to a String')
    for (const number of ['9007199254740993', '12345678901234567890.50', '0.12345678901234567', '1e999', '-1e300'])
      expect([number, refusal(of, JSON.parse(`{"M":{"a":${number}}}`))]).toEqual([number, lost])
    for (const number of ['0', '-7', '9007199254740991', '0.1', '0.000001', '123.456'])
      expect(of.parse(JSON.parse(`{"M":{"a":${number}}}`))).toEqual({ M: { a: number } })
  })

  test('that is a map may have 10,000 pairs', () => {
    const pairs = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`name${index}`, `value${index}`]))
    const started = process.hrtime.bigint()
    expect(Object.keys(shape({ M: map() }).parse({ M: pairs }).M)).toHaveLength(10_000)
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(500)
  })

  test('that a prototype would supply is not there', () => {
    const json = JSON.parse('{"__proto__":{"KeyId":"k","Plaintext":"AA=="},"DryRun":null}') as unknown
    expect(refusal(encrypt, json)[1]).toMatch(/^2 validation errors detected: Value null at 'keyId'/)
  })
})
