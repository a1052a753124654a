import { describe, expect, test } from 'vitest'
import { defaultKeyPolicy } from './default-policy.ts'
import { policyDocument } from './policy-document.ts'
import { allow, policy, reading, refusal, root } from './policy/told.ts'

describe('a key policy', () => {
  test('is read into its statements', () => {
    expect(policyDocument(defaultKeyPolicy('111122223333'))).toEqual({
      version: '2012-10-17',
      id: 'key-default-1',
      statements: [
        {
          sid: 'Enable IAM User Permissions',
          effect: 'Allow',
          principals: [{ type: 'AWS', id: root }],
          notPrincipals: undefined,
          actions: ['kms:*'],
          notActions: undefined,
          resources: ['*'],
          notResources: undefined,
          conditions: [],
        },
      ],
    })
  })

  test('may have one statement without a list, no Version, and every kind of element', () => {
    const text = JSON.stringify({
      Statement: {
        Effect: 'Deny',
        NotPrincipal: { AWS: ['111122223333', `arn:aws:iam::111122223333:user/a/b`], Service: 'sns.amazonaws.com' },
        NotAction: ['kms:Decrypt', 'kms:Encrypt'],
        NotResource: 'arn:aws:kms:eu-west-1:111122223333:key/1',
        Condition: {
          StringEquals: { 'kms:ViaService': ['s3.eu-west-1.amazonaws.com', 'sqs.eu-west-1.amazonaws.com'] },
          'ForAnyValue:StringLikeIfExists': { 'kms:EncryptionContextKeys': 'a*' },
          Bool: { 'kms:GrantIsForAWSResource': true },
          NumericLessThan: { 'kms:RotationPeriodInDays': 365 },
        },
      },
    })
    const plain = { quantifier: undefined, ifExists: false }
    expect(policyDocument(text)).toEqual({
      version: '2008-10-17',
      id: undefined,
      statements: [
        {
          sid: undefined,
          effect: 'Deny',
          principals: undefined,
          notPrincipals: [
            { type: 'AWS', id: '111122223333' },
            { type: 'AWS', id: 'arn:aws:iam::111122223333:user/a/b' },
            { type: 'Service', id: 'sns.amazonaws.com' },
          ],
          actions: undefined,
          notActions: ['kms:Decrypt', 'kms:Encrypt'],
          resources: undefined,
          notResources: ['arn:aws:kms:eu-west-1:111122223333:key/1'],
          conditions: [
            {
              operator: 'StringEquals',
              ...plain,
              key: 'kms:ViaService',
              values: ['s3.eu-west-1.amazonaws.com', 'sqs.eu-west-1.amazonaws.com'],
            },
            {
              operator: 'StringLike',
              quantifier: 'ForAnyValue',
              ifExists: true,
              key: 'kms:EncryptionContextKeys',
              values: ['a*'],
            },
            { operator: 'Bool', ...plain, key: 'kms:GrantIsForAWSResource', values: ['true'] },
            { operator: 'NumericLessThan', ...plain, key: 'kms:RotationPeriodInDays', values: ['365'] },
          ],
        },
      ],
    })
  })

  test('may have a statement without actions or resources, which has no effect', () => {
    const [statement] = reading(policy({ Effect: 'Allow', Principal: '*' }))
    expect([statement?.actions, statement?.resources]).toEqual([undefined, undefined])
  })

  test('may have spaces in a Sid', () => {
    expect(reading(policy({ ...allow, Sid: 'Allow use of the key' }))[0]?.sid).toBe('Allow use of the key')
  })
})

describe('KMS has no words for a policy', () => {
  test.each<[string, unknown]>([
    ['The policy is not JSON', 'not a real policy statement'],
    ['The policy is not JSON', '{"Version":"2012-10-17"'],
    ['The policy is not JSON', ''],
    ['The policy is no object', []],
    ['The policy is no object', null],
    ['The policy is no object', 7],
    ['The policy has an unknown element', { Statement: allow, statement: allow }],
    ['The policy has an unknown element', `{"__proto__":{"Statement":[]},"Statement":${JSON.stringify(allow)}}`],
    ['Version is 2012-10-17 or 2008-10-17', { Version: '2020-01-01', Statement: allow }],
    ['Version is 2012-10-17 or 2008-10-17', { Version: null, Statement: allow }],
    ['Id is no string', { Id: 7, Statement: allow }],
    ['Statement is empty', { Statement: [] }],
    ['A statement is no object', {}],
    ['A statement is no object', { Statement: ['Allow'] }],
    ['A statement has an unknown element', policy({ ...allow, Resources: '*' })],
    ['A statement has an unknown element', policy({ ...allow, constructor: '*' })],
    ['Effect is Allow or Deny', policy({ ...allow, Effect: 'allow' })],
    ['Effect is Allow or Deny', policy({ Principal: '*' })],
    ['Sid is no string', policy({ ...allow, Sid: 1 })],
    ['Two statements have the same Sid', policy({ ...allow, Sid: 'a' }, { ...allow, Sid: 'a' })],
    ['A statement has both Principal and NotPrincipal', policy({ ...allow, NotPrincipal: '*' })],
    ['A statement has both Action and NotAction', policy({ ...allow, NotAction: '*' })],
    ['A statement has both Resource and NotResource', policy({ ...allow, NotResource: '*' })],
    ['Action is a string or a list of strings', policy({ ...allow, Action: { a: 1 } })],
    ['Action is a string or a list of strings', policy({ ...allow, Action: ['kms:*', 1] })],
    ['Resource is a string or a list of strings', policy({ ...allow, Resource: '' })],
    ['Resource is a string or a list of strings', policy({ ...allow, Resource: null })],
    ['An object has two members of one name', '{"Statement":[],"Statement":[]}'],
    ['An object has two members of one name', policy(allow).replace('"Action"', '"Effect":"Deny","Action"')],
    ['An object has two members of one name', policy(allow).replace('"Action"', '"\\u0045ffect":"Deny","Action"')],
  ])('of which this is true: %s (%j)', (reason, document) => {
    expect(refusal(document)).toEqual({ reason, message: '' })
  })
})
