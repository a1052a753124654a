import { describe, expect, test } from 'vitest'
import { enumeration, integer, list, shape, string } from '../shape.ts'
import { encrypt, tagging, refusal, one, detected } from './testing.ts'

describe("AWS's recorded refusals", () => {
  test('of a number out of range', () => {
    const random = { NumberOfBytes: integer({ min: 1, max: 1024 }).optional() }
    expect(one(random, { NumberOfBytes: 0 })).toEqual(
      detected(
        "Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must have value greater than or equal to 1",
      ),
    )
    expect(one(random, { NumberOfBytes: 1025 })).toEqual(
      detected(
        "Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024",
      ),
    )
  })

  test('of a plaintext too long, which it does not repeat', () => {
    expect(refusal(encrypt, { KeyId: 'k', Plaintext: Buffer.alloc(4097).toString('base64') })).toEqual(
      detected("Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096"),
    )
  })

  test('of a tag, by its place', () => {
    const tag = (TagKey: string, TagValue: string) => ({ TagKey, TagValue })
    expect(refusal(tagging, { Tags: [tag('k'.repeat(129), 'v')] })).toEqual(
      detected(
        `Value '${'k'.repeat(129)}' at 'tags.1.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 128`,
      ),
    )
    expect(refusal(tagging, { Tags: [tag('a', 'v'), tag('', 'v'.repeat(257)), { TagKey: 'c' }] })).toEqual(
      detected(
        "Value '' at 'tags.2.member.tagKey' failed to satisfy constraint: Member must have length greater than or equal to 1",
        `Value '${'v'.repeat(257)}' at 'tags.2.member.tagValue' failed to satisfy constraint: Member must have length less than or equal to 256`,
        "Value null at 'tags.3.member.tagValue' failed to satisfy constraint: Member must not be null",
      ),
    )
  })

  test('of what a pattern does not match, wholly', () => {
    const alias = { AliasName: string({ min: 1, max: 256, pattern: '^[a-zA-Z0-9:/_-]+$' }) }
    const bad = (value: string) =>
      detected(
        `Value '${value}' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$`,
      )
    expect(shape(alias).parse({ AliasName: 'alias/app' })).toEqual({ AliasName: 'alias/app' })
    for (const value of ['alias app', 'alias/app\n', '\nalias/app', 'ä'])
      expect(one(alias, { AliasName: value })).toEqual(bad(value))
    expect(one({ P: string({ pattern: 'cluster-[2-7]{2}' }) }, { P: 'my-cluster-22' })[1]).toContain(
      'regular expression',
    )
    expect(one({ P: string({ pattern: 'a|b' }) }, { P: 'ab' })[1]).toContain('regular expression')
    expect(one(alias, { AliasName: '' })).toEqual(
      detected(
        "Value '' at 'aliasName' failed to satisfy constraint: Member must have length greater than or equal to 1",
        "Value '' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$",
      ),
    )
  })

  test('of scalars in a list: the whole list, once, with all its members must satisfy', () => {
    expect(refusal(encrypt, { KeyId: 'k', Plaintext: 'AA==', GrantTokens: ['', 't', ''] })).toEqual(
      detected(
        "Value '[, t, ]' at 'grantTokens' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 8192, Member must have length greater than or equal to 1]",
      ),
    )
    expect(refusal(encrypt, { KeyId: 'k', Plaintext: 'AA==', GrantTokens: ['t', null] })).toEqual(
      detected("Value null at 'grantTokens.2.member' failed to satisfy constraint: Member must not be null"),
    )
    expect(one({ Operations: list(enumeration(['A', 'B'])) }, { Operations: ['A', 'C'] })).toEqual(
      detected(
        "Value '[A, C]' at 'operations' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [A, B]]",
      ),
    )
    expect(refusal(encrypt, { KeyId: 'k', Plaintext: 'AA==', GrantTokens: Array(11).fill('t') })).toEqual(
      detected(
        "Value '[t, t, t, t, t, t, t, t, t, t, t]' at 'grantTokens' failed to satisfy constraint: Member must have length less than or equal to 10",
      ),
    )
  })
})
