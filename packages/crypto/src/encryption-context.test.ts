import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { authenticatedData } from './encryption-context.ts'
import type { EncryptionContext } from './encryption-context.ts'
import { ContextFault } from './fault.ts'

const header = Buffer.alloc(61, 9)
const canonical = (context?: EncryptionContext, keyId = 'key') =>
  authenticatedData(header, keyId, context).toString('hex')

const word = fc.oneof(fc.string({ maxLength: 4 }), fc.string({ unit: 'binary', maxLength: 4 }))
const contexts = fc.dictionary(word, word, { maxKeys: 5 })
const shuffled = (context: EncryptionContext) => Object.fromEntries(Object.entries(context).toReversed())

describe('the authenticated data of a ciphertext', () => {
  it('is tag, header, key id, count and pairs, everything with its length before it', () => {
    const data = authenticatedData(header, 'key', { b: 'é', a: '' })
    expect(data).toEqual(
      Buffer.concat([
        Buffer.from('keyledger/ciphertext/v1\0'),
        header,
        Buffer.from('\0\0\0\x03key'),
        Buffer.from('\0\0\0\x02'),
        Buffer.from('\0\0\0\x01a\0\0\0\0'),
        Buffer.from('\0\0\0\x01b\0\0\0\x02é'),
      ]),
    )
  })

  it('tells {"ab":"c"} from {"a":"bc"}, names from values and one pair from two', () => {
    expect(canonical({ ab: 'c' })).not.toBe(canonical({ a: 'bc' }))
    expect(canonical({ a: 'b' })).not.toBe(canonical({ b: 'a' }))
    expect(canonical({ a: 'b', c: 'd' })).not.toBe(canonical({ a: 'bcd' }))
  })

  it('is the same whatever the order of the pairs', () => {
    fc.assert(
      fc.property(contexts, (context) => {
        expect(canonical(shuffled(context))).toBe(canonical(context))
      }),
    )
  })

  it('is the same for two contexts only if they are the same', () => {
    fc.assert(
      fc.property(contexts, contexts, (one, other) => {
        expect(canonical(one) === canonical(other)).toBe(isDeepStrictEqual({ ...one }, { ...other }))
      }),
    )
  })

  it('orders names by their UTF-8 bytes, which UTF-16 units would not', () => {
    const data = authenticatedData(header, 'key', { '\u{1F511}': '2', '\uFB01': '1' })
    expect(data.indexOf('\uFB01')).toBeLessThan(data.indexOf('\u{1F511}'))
  })

  it('binds the key id and the header', () => {
    expect(canonical({}, 'key')).not.toBe(canonical({}, 'kez'))
    expect(authenticatedData(Buffer.alloc(61, 8), 'key')).not.toEqual(authenticatedData(header, 'key'))
  })

  it('does not normalise: exact bytes only', () => {
    expect(canonical({ 'e\u0301': 'x' })).not.toBe(canonical({ '\u00e9': 'x' }))
  })

  it('takes an empty context for none', () => {
    expect(canonical({})).toBe(canonical())
  })

  it('takes names for pairs that objects have by nature', () => {
    const context = JSON.parse('{"__proto__":"x","constructor":"y"}') as EncryptionContext
    expect(canonical(context)).not.toBe(canonical({ constructor: 'y' }))
    expect(canonical(context)).not.toBe(canonical(JSON.parse('{"__proto__":"z","constructor":"y"}')))
  })

  it.each([{ '\ud800': 'x' }, { x: '\udc00' }, { 'a\ud800b': 'x', '\u{1F511}': 'y' }, { x: '\udc00\ud800' }])(
    'refuses an unpaired surrogate in %j',
    (context) => {
      expect(() => canonical(context as EncryptionContext)).toThrow(ContextFault)
    },
  )

  it('takes ten thousand pairs', () => {
    const context = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, index) => [`name ${index}`, `value ${index}`]),
    )
    expect(canonical(context)).toBe(canonical(shuffled(context)))
  })
})
