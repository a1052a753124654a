import { GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { namesRoom } from '../support/crypto-rooms.ts'
import { alice } from '../support/house.ts'
import {
  arnOfKey,
  authorizationRoom,
  doesNotExist,
  freshKey,
  kms,
  lastChange,
  openHouse,
  raw,
  refusalOf,
  refused,
  serializationRoom,
  stateRoom,
  trailOf,
  validationRoom,
} from '../support/rooms.ts'

const house = openHouse()
const root = `arn:aws:iam::${alice.account}:root`
const allow = { Effect: 'Allow', Principal: { AWS: root }, Action: 'kms:*', Resource: '*' }
const policy = (...Statement: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Statement })
const input = (KeyId: string) => ({ KeyId, Policy: policy(allow) })

const put = (KeyId: string, Policy: string, more: object = {}) =>
  kms(house()).send(new PutKeyPolicyCommand({ KeyId, Policy, ...more }))
const policyOf = async (KeyId: string) => (await kms(house()).send(new GetKeyPolicyCommand({ KeyId }))).Policy

/** The same policy, brought to a length with spaces, where JSON has room for them. */
const ofLength = (length: number) => {
  const text = policy(allow)
  return text.slice(0, -1) + ' '.repeat(length - text.length) + '}'
}

describe('PutKeyPolicy', () => {
  describe('serialization', () => {
    serializationRoom(house, 'PutKeyPolicy', input)
  })
  describe('validation', () => {
    validationRoom(house, 'PutKeyPolicy', input)
    namesRoom(house, 'PutKeyPolicy', input)

    test.each(['other', 'Default', 'default_'])(
      'a policy named %s is not found: there is only default',
      async (PolicyName) => {
        const KeyId = await freshKey(house())
        const before = await policyOf(KeyId)
        expect((await refused(put(KeyId, policy(allow), { PolicyName }))).name).toBe('NotFoundException')
        expect(await policyOf(KeyId)).toBe(before)
      },
    )

    test('32 KB may be a policy, and not a byte more', async () => {
      const KeyId = await freshKey(house())
      const largest = ofLength(32 * 1024)
      await put(KeyId, largest)
      expect(await policyOf(KeyId)).toBe(largest)
      for (const length of [32 * 1024 + 1, 131_072])
        expect(await refused(put(KeyId, ofLength(length)))).toEqual({
          name: 'LimitExceededException',
          message: 'The key policy document exceeds the limit of 32768 bytes.',
          status: 400,
        })
      expect(await policyOf(KeyId)).toBe(largest)
    })

    test('what is too long is too long before it is malformed', async () => {
      const KeyId = await freshKey(house())
      expect((await refused(put(KeyId, 'x'.repeat(32 * 1024 + 1)))).name).toBe('LimitExceededException')
    })
  })
  describe('authorization', () => {
    authorizationRoom(house, 'PutKeyPolicy', input)
  })
  describe('state', () => {
    stateRoom(house, 'PutKeyPolicy', input, {
      Enabled: 'ok',
      Disabled: 'ok',
      PendingDeletion: 'ok',
      deleted: doesNotExist,
      unknown: doesNotExist,
    })
  })

  describe('function', () => {
    test("the answer has no body; the policy is the key's from then on", async () => {
      const KeyId = await freshKey(house())
      const { status, json } = await raw(house(), { operation: 'PutKeyPolicy', body: input(KeyId) })
      expect({ status, json }).toEqual({ status: 200, json: undefined })
      expect(await policyOf(KeyId)).toBe(policy(allow))
    })

    test.each([
      ['spaces, tabs and line ends', policy(allow).replaceAll('":', '" :\t').replaceAll(',', ',\r\n\n  ') + '\n'],
      ['members in an order of their own', `{"Statement":${JSON.stringify([allow])},"Id":"x","Version":"2012-10-17"}`],
      ['escapes', policy({ ...allow, Sid: 'Zu\u00fcrich' }).replace('\u00fc', '\\u00FC')],
      ['the upper half of Latin-1', policy({ ...allow, Sid: '\u00a0 ¡ÀÿÐß×÷ \u007f\u0080\u009f ÿ' })],
      [
        'numbers as they were written',
        policy(allow, { ...allow, Sid: 'x' }).replace(
          '"Sid"',
          '"Condition":{"NumericEquals":{"kms:x":[1.0,1e2]}},"Sid"',
        ),
      ],
      ['one statement that is no list', JSON.stringify({ Version: '2012-10-17', Statement: allow })],
      ['the older version', JSON.stringify({ Version: '2008-10-17', Statement: [allow] })],
    ])('%s come back byte for byte', async (_, text) => {
      const KeyId = await freshKey(house())
      await put(KeyId, text)
      expect(await policyOf(KeyId)).toBe(text)
      await house().restart()
      expect(await policyOf(KeyId)).toBe(text)
    })

    test.each<[string, object]>([
      ['everybody', { ...allow, Principal: '*' }],
      ['everybody of AWS', { ...allow, Principal: { AWS: '*' } }],
      ['an account by its number', { ...allow, Principal: { AWS: '111122223333' } }],
      [
        'users and sessions',
        {
          ...allow,
          Principal: {
            AWS: ['arn:aws:iam::444455556666:user/bob', 'arn:aws:sts::444455556666:assumed-role/admin/session'],
          },
        },
      ],
      [
        'a service and a provider',
        { ...allow, Principal: { Service: 'sns.amazonaws.com', Federated: 'accounts.google.com' } },
      ],
      [
        'all but one',
        { ...allow, Principal: undefined, NotPrincipal: { AWS: root }, Effect: 'Deny', Action: 'kms:Sign' },
      ],
      [
        'conditions',
        {
          ...allow,
          Condition: { StringEquals: { 'kms:EncryptionContext:a': 'b' }, Bool: { 'kms:GrantIsForAWSResource': true } },
        },
      ],
    ])('a statement about %s is taken', async (_, statement) => {
      const KeyId = await freshKey(house())
      const text = policy(allow, statement)
      await put(KeyId, text)
      expect(await policyOf(KeyId)).toBe(text)
    })

    test('PolicyName may be default, and the lockout check be waived', async () => {
      const KeyId = await freshKey(house())
      await put(KeyId, policy(allow, allow), { PolicyName: 'default', BypassPolicyLockoutSafetyCheck: true })
      expect(await policyOf(KeyId)).toBe(policy(allow, allow))
    })

    test('the policy of one key is not that of another', async () => {
      const [one, other] = [await freshKey(house()), await freshKey(house())]
      const before = await policyOf(other)
      await put(one, policy({ ...allow, Sid: 'mine' }))
      expect(await policyOf(other)).toBe(before)
    })

    test('the same policy again is fine and changes nothing', async () => {
      const KeyId = await freshKey(house())
      await put(KeyId, policy(allow))
      const before = await lastChange(house())
      await put(KeyId, policy(allow))
      expect(await lastChange(house(), before)).toBe(before)
    })

    describe('a malformed policy', () => {
      const noPrincipal = 'Policy contains a statement with no principal.'
      const invalidPrincipal = 'Policy contains a statement with one or more invalid principals.'
      const { Principal: _, ...nobody } = allow

      test.each<[string, string, string]>([
        ['is no JSON', 'not a policy', 'The policy is not JSON'],
        ['is cut off', policy(allow).slice(0, -1), 'The policy is not JSON'],
        ['has a comma too many', policy(allow).replace('}]', '},]'), 'The policy is not JSON'],
        ['is followed by another', policy(allow) + policy(allow), 'The policy is not JSON'],
        ['is only space', ' ', 'The policy is not JSON'],
        ['is a list', '[]', 'The policy is no object'],
        ['is null', 'null', 'The policy is no object'],
        ['is a text', '"x"', 'The policy is no object'],
        ['is empty', '{}', 'A statement is no object'],
        ['has no statements', policy(), 'Statement is empty'],
        ['has a statement that is a text', JSON.stringify({ Statement: ['x'] }), 'A statement is no object'],
        ['is of no version that is', policy(allow).replace('2012', '2013'), 'Version is 2012-10-17 or 2008-10-17'],
        [
          'has an unknown element',
          JSON.stringify({ Statement: [allow], Extra: 1 }),
          'The policy has an unknown element',
        ],
        [
          'has two members of one name',
          policy(allow).replace('"Action"', '"Effect":"Deny","Action"'),
          'An object has two members of one name',
        ],
        [
          'hides a __proto__',
          `{"__proto__":{"Version":"2012-10-17"},"Statement":[${JSON.stringify(allow)}]}`,
          'The policy has an unknown element',
        ],
        ['has an unknown effect', policy({ ...allow, Effect: 'allow' }), 'Effect is Allow or Deny'],
        ['has no effect', policy({ ...allow, Effect: undefined }), 'Effect is Allow or Deny'],
        ['misspells an element', policy({ ...allow, Resources: '*' }), 'A statement has an unknown element'],
        ['has an action that is no text', policy({ ...allow, Action: 1 }), 'Action is a string or a list of strings'],
        ['has an empty resource', policy({ ...allow, Resource: '' }), 'Resource is a string or a list of strings'],
        [
          'has both actions and their opposite',
          policy({ ...allow, NotAction: '*' }),
          'A statement has both Action and NotAction',
        ],
        ['has a Sid twice', policy({ ...allow, Sid: 'a' }, { ...allow, Sid: 'a' }), 'Two statements have the same Sid'],
        [
          'has an unknown condition operator',
          policy({ ...allow, Condition: { StringIs: { a: 'b' } } }),
          'A condition operator is unknown',
        ],
        [
          'asks ForAllValues of an encryption context',
          policy({ ...allow, Condition: { 'ForAllValues:StringEquals': { 'kms:EncryptionContext:a': 'b' } } }),
          'ForAllValues on an encryption context key is overly permissive',
        ],
        ['has a statement about nobody', policy(nobody), noPrincipal],
        ['has a statement about an empty set', policy({ ...allow, Principal: {} }), noPrincipal],
        ['has a statement about who cannot be', policy({ ...allow, Principal: { AWS: 'alice' } }), invalidPrincipal],
        [
          'has a second statement about who cannot be',
          policy(allow, { ...allow, Principal: { AWS: 'alice' } }),
          invalidPrincipal,
        ],
        [
          'has a statement about a wildcard in an ARN',
          policy({ ...allow, Principal: { AWS: 'arn:aws:iam::111122223333:user/*' } }),
          invalidPrincipal,
        ],
        [
          'has a statement about a group',
          policy({ ...allow, Principal: { AWS: 'arn:aws:iam::111122223333:group/admins' } }),
          invalidPrincipal,
        ],
        ['has a statement about an unknown kind', policy({ ...allow, Principal: { Person: root } }), invalidPrincipal],
      ])('%s', async (_, text, message) => {
        const KeyId = await freshKey(house())
        const before = await policyOf(KeyId)
        expect(await refused(put(KeyId, text))).toEqual({
          name: 'MalformedPolicyDocumentException',
          message,
          status: 400,
        })
        expect(await policyOf(KeyId)).toBe(before)
      })

      test('nested deep is refused and harms nobody', async () => {
        const KeyId = await freshKey(house())
        const deep = '['.repeat(16_000) + ']'.repeat(16_000)
        expect((await refused(put(KeyId, `{"Statement":${deep}}`))).name).toBe('MalformedPolicyDocumentException')
      })
    })

    test.each(['\u0000', '\u0008', '\u001f', '\u0100', '\u2028', '\u{1f511}'])(
      'the character %j is not allowed',
      async (character) => {
        const body = { KeyId: await freshKey(house()), Policy: policy(allow) + character }
        const { name, message, status } = refusalOf(await raw(house(), { operation: 'PutKeyPolicy', body }))
        expect({ name, status }).toEqual({ name: 'ValidationException', status: 400 })
        expect(message).toContain(
          "at 'policy' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+",
        )
      },
    )

    test('the trail has the policy and who put it', async () => {
      const KeyId = await freshKey(house())
      const { $metadata } = await put(KeyId, policy(allow), { PolicyName: 'default' })
      expect(await trailOf(house(), $metadata.requestId!)).toMatchObject({
        eventName: 'PutKeyPolicy',
        readOnly: false,
        userIdentity: { arn: `arn:aws:iam::${alice.account}:user/alice` },
        requestParameters: { keyId: KeyId, policyName: 'default', policy: policy(allow) },
        resources: [{ accountId: alice.account, type: 'AWS::KMS::Key', ARN: arnOfKey(KeyId) }],
      })
    })
  })
})
