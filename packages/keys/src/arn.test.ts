import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { acceptableAliasName, aliasArn, isKeyId, keyArn, keyReference } from './arn.ts'
import { Fault } from './fault.ts'

const region = 'eu-west-1'
const account = '111122223333'
const id = '0d3a1c5e-7f0b-4d0a-9c55-1a2b3c4d5e6f'
const mrk = 'mrk-0123456789abcdef0123456789abcdef'
const asking = { region, account, alias: true }
const refusal = (keyId: string, alias = true): string => {
  try {
    return `accepted: ${JSON.stringify(keyReference(keyId, { ...asking, alias }))}`
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return `${error.code}: ${error.message}`
  }
}

describe('a KeyId', () => {
  test.each([id, mrk])('that is the key id %s means a key of the caller', (keyId) => {
    const arn = `arn:aws:kms:eu-west-1:111122223333:key/${keyId}`
    expect(keyReference(keyId, asking)).toEqual({ kind: 'id', region, account, id: keyId, arn })
  })

  test('that is a key ARN may mean a key of another account', () => {
    const arn = keyArn(region, '444455556666', id)
    expect(keyReference(arn, asking)).toEqual({ kind: 'id', region, account: '444455556666', id, arn })
  })

  test('that is an alias name means an alias of the caller', () => {
    const arn = 'arn:aws:kms:eu-west-1:111122223333:alias/app/main'
    expect(keyReference('alias/app/main', asking)).toEqual({
      kind: 'alias',
      region,
      account,
      name: 'alias/app/main',
      arn,
    })
  })

  test('that is an alias ARN means that alias', () => {
    const arn = aliasArn(region, '444455556666', 'alias/app')
    expect(keyReference(arn, asking)).toEqual({
      kind: 'alias',
      region,
      account: '444455556666',
      name: 'alias/app',
      arn,
    })
  })

  test.each([
    'fake-key-id',
    'mrk-fake-key-id',
    '0d3a1c5e7f0b4d0a9c551a2b3c4d5e6f',
    '0d3a1c5e-7f0b-4d0a-9c55-1a2b3c4d5e6g',
    '0d3a1c5e-7f0b-4d0a-9c551-a2b3c4d5e6f',
    'MRK-0123456789abcdef0123456789abcdef',
    '',
    '__proto__',
  ])('of the form %j is no key id', (keyId) => {
    expect(refusal(keyId)).toBe(`NotFoundException: Invalid keyId '${keyId}'`)
  })

  test('that is an ARN of another Region names that Region', () => {
    expect(refusal(keyArn('us-east-1', account, id))).toBe('NotFoundException: Invalid arn us-east-1')
    expect(refusal(aliasArn('us-east-1', account, 'alias/app'))).toBe('NotFoundException: Invalid arn us-east-1')
  })

  test('that is a key ARN with a malformed id is refused for the id', () => {
    expect(refusal(keyArn(region, account, 'fake'))).toBe("NotFoundException: Invalid keyId 'fake'")
  })

  test.each([
    'arn:',
    'arn:aws:kms',
    'arn:aws:s3:::bucket',
    `arn:aws:kms:${region}:${account}:${id}`,
    `arn:aws:kms:${region}:${account}:grant/${id}`,
    `arn:aws:kms:${region}:1111:key/${id}`,
    `arn:aws:kms:${region}::key/${id}`,
    `arn:aws:kms::${account}:key/${id}`,
    `arn:aws:kms:${region}:${account}:key/${id}:more`,
    `arn:aws-cn:kms:${region}:${account}:key/${id}`,
  ])('of the form %s is no ARN of KMS', (keyId) => {
    expect(refusal(keyId)).toBe(`InvalidArnException: Invalid arn '${keyId}'`)
  })

  test('may be an alias only where the operation takes one', () => {
    const words = 'InvalidArnException: Key Aliases are not supported for this operation.'
    expect([refusal('alias/app', false), refusal(aliasArn(region, account, 'alias/app'), false)]).toEqual([
      words,
      words,
    ])
    expect(refusal(id, false)).toMatch(/^accepted/)
  })

  test('of any form is either understood or refused with a Fault, and never slowly', () => {
    const parts = fc.constantFrom('arn:', 'aws:', 'kms:', region, ':', account, 'key/', 'alias/', id, mrk, '-', '🔑')
    const keyId = fc.oneof(
      fc.string(),
      fc.array(parts, { maxLength: 12 }).map((all) => all.join('')),
    )
    fc.assert(
      fc.property(keyId, fc.boolean(), (text, alias) => {
        expect(refusal(text, alias)).toMatch(/^(accepted|NotFoundException|InvalidArnException): /)
      }),
      { numRuns: 500 },
    )
    expect(refusal('a'.repeat(2048))).toMatch(/^NotFoundException/)
    expect(refusal(`arn:${':'.repeat(2044)}`)).toMatch(/^InvalidArnException/)
  })

  test('that is understood names its ARN, and the ARN means the same', () => {
    const keyId = fc.oneof(
      fc.uuid(),
      fc.stringMatching(/^mrk-[0-9a-f]{32}$/),
      fc.stringMatching(/^alias\/[\w/-]{1,20}$/),
    )
    fc.assert(
      fc.property(keyId, (text) => {
        const reference = keyReference(text, asking)
        expect(keyReference(reference.arn, { ...asking, account: '444455556666' })).toEqual(reference)
      }),
    )
  })
})

test('a key id is a UUID with dashes or mrk- and 32 hexadecimal digits', () => {
  expect([id, mrk, id.slice(1), `${id}0`, mrk.slice(4), 'mrk-'].map(isKeyId)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ])
})

describe('an alias name', () => {
  test('of letters, digits, slashes, underscores and dashes is acceptable', () => {
    expect(acceptableAliasName('alias/App_1/main-key')).toBe('alias/App_1/main-key')
  })
  test.each(['app', 'Alias/app', 'alias/', ''])('%j lacks the prefix or what follows it', (name) => {
    expect(() => acceptableAliasName(name)).toThrow('Alias must start with the prefix "alias/".')
  })
  test.each(['alias/a:b', 'alias/a b', 'alias/ä', 'alias/a.b'])('%j has characters that no alias has', (name) => {
    expect(() => acceptableAliasName(name)).toThrow(`${name} contains invalid characters for an alias`)
  })
})
