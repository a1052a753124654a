import { describe, expect, test } from 'vitest'
import { decide, identityPolicy, keyPolicy, principalsOf } from '../evaluation.ts'
import { PolicyFault } from '../policy-document.ts'
import { arnOf, asks, context, key, onIdentity, onKey, other, owner, root, rootUser, session, user } from './told.ts'

const alice = user('Alice')
const allowed = (policy: ReturnType<typeof keyPolicy>, more = {}, caller = alice) =>
  decide(asks(caller, { keyPolicy: policy, ...more })).allowed
const reason = (compile: () => unknown): readonly [string, string] | undefined => {
  try {
    compile()
    return undefined
  } catch (error) {
    if (!(error instanceof PolicyFault)) throw error
    return [error.reason, error.message]
  }
}

describe('actions and resources', () => {
  test.each<[object, string, boolean]>([
    [{ Action: 'kms:Encrypt' }, 'kms:Encrypt', true],
    [{ Action: 'KMS:encrypt' }, 'kms:Encrypt', true],
    [{ Action: 'kms:Encrypt' }, 'kms:EncryptX', false],
    [{ Action: ['kms:Decrypt', 'kms:Gen*'] }, 'kms:GenerateDataKey', true],
    [{ Action: 'kms:*Key' }, 'kms:GenerateDataKey', true],
    [{ Action: 'kms:*Key' }, 'kms:GenerateDataKeyPair', false],
    [{ Action: 'kms:Get*P*y' }, 'kms:GetKeyPolicy', true],
    [{ Action: 'kms:?ncrypt' }, 'kms:Encrypt', true],
    [{ Action: '*' }, 'kms:Encrypt', true],
    [{ Action: 'kms.Encrypt' }, 'kms:Encrypt', false],
    [{ Action: undefined, NotAction: 'kms:Decrypt' }, 'kms:Encrypt', true],
    [{ Action: undefined, NotAction: ['kms:Decrypt', 'KMS:E*'] }, 'kms:Encrypt', false],
    [{ Resource: key }, 'kms:Encrypt', true],
    [{ Resource: `${key}x` }, 'kms:Encrypt', false],
    [{ Resource: ['arn:aws:s3:::b', `arn:aws:kms:*:${owner}:key/*`] }, 'kms:Encrypt', true],
    [{ Resource: 'arn:aws:kms:*' }, 'kms:Encrypt', true],
    [{ Resource: undefined, NotResource: key }, 'kms:Encrypt', false],
    [{ Resource: undefined, NotResource: `${key}x` }, 'kms:Encrypt', true],
  ])('%j asked for %s: %s', (statement, action, expected) => {
    expect(allowed(onKey({ Principal: '*', ...statement }), { action })).toBe(expected)
  })
})

describe('variables', () => {
  const values = context({ 'aws:username': 'Alice', 'aws:principaltag/team': 'a*c', 'aws:tagkeys': ['1234abcd'] })
  const at = (id: string) => `arn:aws:kms:eu-west-1:${owner}:key/${id}`

  test.each<[string, string, boolean]>([
    ['${aws:username}', 'Alice', true],
    ['${ AWS:UserName }', 'Alice', true],
    ['${aws:username}/*', 'Alice/x', true],
    ['${aws:username}', 'Bob', false],
    ['${aws:PrincipalTag/Team}', 'a*c', true],
    ['${aws:PrincipalTag/Team}', 'abc', false],
    ['${aws:userid}', 'Alice', false],
    ["${aws:userid, 'none'}", 'none', true],
    ["${aws:username, 'none'}", 'none', false],
    ["${aws:username,'none'}", 'Alice', true],
    ['${aws:TagKeys}', '1234abcd', false],
    ['${*}', '*', true],
    ['${*}', 'x', false],
    ['${?}', '?', true],
    ['${$}{aws:username}', '${aws:username}', true],
    ['$x', '$x', true],
  ])('%s is %s: %s', (Resource, id, expected) => {
    const policy = onKey({ Principal: '*', Resource: at(Resource) })
    expect(allowed(policy, { resource: at(id), context: values })).toBe(expected)
  })

  test('without a value leave a NotResource with nothing in it', () => {
    const policy = onKey({ Principal: '*', Resource: undefined, NotResource: at('${aws:userid}') })
    expect(allowed(policy)).toBe(true)
  })

  test('are plain text in the policies of 2008', () => {
    const policy = keyPolicy(
      JSON.stringify({
        Statement: { Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: at('${aws:username}') },
      }),
    )
    expect([
      allowed(policy, { resource: at('Alice'), context: values }),
      allowed(policy, { resource: at('${aws:username}'), context: values }),
    ]).toEqual([false, true])
  })

  test.each(['${', '${}', '${ }', '${aws:username', "${aws:userid, 'x}", '${aws:userid, x}', "${aws:userid, 'x' y}"])(
    'are refused as malformed: %s',
    (Resource) => {
      expect(reason(() => onKey({ Principal: '*', Resource }))).toEqual(['A policy variable is malformed', ''])
    },
  )
})

describe('principals', () => {
  const ids = { [arnOf('Alice')]: 'AIDAALICE000000000000' }
  const toAlice = JSON.stringify({
    Statement: { Effect: 'Allow', Principal: { AWS: arnOf('Alice') }, Action: '*', Resource: '*' },
  })
  const namesake = { ...alice, names: ['AIDASECOND00000000000', arnOf('Alice')] }

  test('with a unique id are who has it, and not a namesake', () => {
    const policy = keyPolicy(toAlice, ids)
    expect([allowed(policy), allowed(policy, {}, namesake)]).toEqual([true, false])
  })

  test('without one are who has the ARN', () => {
    expect(allowed(keyPolicy(toAlice), {}, namesake)).toBe(true)
  })

  test('may be unique ids', () => {
    const policy = onKey({ Principal: { AWS: 'AIDAALICE000000000000' } })
    expect([allowed(policy), allowed(policy, {}, namesake)]).toEqual([true, false])
  })

  test('whose names end like an account are not the account', () => {
    const policy = onKey({ Principal: { AWS: arnOf('Alice:root') } })
    expect([allowed(policy, {}, rootUser()), allowed(policy, {}, user('Alice:root'))]).toEqual([false, true])
  })

  test.each<[string, object, readonly boolean[]]>([
    [
      'Deny leaves out who is listed',
      { Effect: 'Deny', NotPrincipal: { AWS: arnOf('Alice') } },
      [true, false, false, false],
    ],
    [
      'Deny leaves out of a listed account its root alone',
      { Effect: 'Deny', NotPrincipal: { AWS: owner } },
      [false, false, true, false],
    ],
    [
      'Deny leaves out a role',
      { Effect: 'Deny', NotPrincipal: { AWS: [`arn:aws:iam::${owner}:role/worker`] } },
      [false, false, false, true],
    ],
    [
      'Deny of nobody left out',
      { Effect: 'Deny', NotPrincipal: { Service: 'sns.amazonaws.com' } },
      [false, false, false, false],
    ],
    ['Deny of everyone left out', { Effect: 'Deny', NotPrincipal: '*' }, [true, true, true, true]],
  ])('%s', (_, statement, expected) => {
    const policy = onKey({ Principal: '*' }, statement)
    const callers = [alice, user('Bob'), rootUser(), session('worker', 'w1')]
    expect(callers.map((caller) => allowed(policy, {}, caller))).toEqual(expected)
  })

  test('that are not to be allowed are left out with all of their account', () => {
    const callers = [alice, user('Bob'), rootUser()]
    const seen = (NotPrincipal: unknown) => callers.map((caller) => allowed(onKey({ NotPrincipal }), {}, caller))
    expect([seen({ AWS: arnOf('Alice') }), seen({ AWS: root(owner) })]).toEqual([
      [false, true, true],
      [false, false, false],
    ])
  })

  test('that have to be there are told once each', () => {
    const policy = JSON.stringify({
      Statement: [
        { Effect: 'Allow', Principal: { AWS: [arnOf('a'), root(owner), other], Service: 'sns.amazonaws.com' } },
        {
          Effect: 'Deny',
          NotPrincipal: { AWS: [arnOf('a'), `arn:aws:iam::${owner}:role/r`, 'AROAR0000000000000000'] },
        },
        { Effect: 'Allow', Principal: '*' },
        { Effect: 'Allow', Principal: { AWS: `arn:aws:sts::${owner}:assumed-role/r/s` } },
      ],
    })
    expect(principalsOf(policy)).toEqual([
      arnOf('a'),
      root(owner),
      other,
      `arn:aws:iam::${owner}:role/r`,
      'AROAR0000000000000000',
    ])
  })
})

describe('a policy of an identity', () => {
  test.each<[string, object]>([
    ['Policy document should not specify a principal.', { Principal: '*' }],
    ['Policy document should not specify a principal.', { NotPrincipal: '*' }],
    ['Policy statement must contain actions.', { Action: undefined }],
    ['Policy statement must contain actions.', { Action: [] }],
    ['Policy statement must contain resources.', { Resource: undefined }],
    ['Policy statement must contain resources.', { Resource: undefined, NotResource: [] }],
    ['Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.', { Action: 'Encrypt' }],
    ['Resource must be in ARN format or "*".', { Resource: 'key/1' }],
    [
      'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
      { Sid: 'a b' },
    ],
  ])('is refused: %s (%j)', (words, statement) => {
    expect(reason(() => onIdentity(statement))).toEqual([words, words])
  })

  test('is refused where any policy is', () => {
    expect(reason(() => identityPolicy('{'))).toEqual(['The policy is not JSON', ''])
    expect(reason(() => onIdentity({ Effect: 'No' }))).toEqual(['Effect is Allow or Deny', ''])
  })

  test('may have ForAllValues on the encryption context', () => {
    const Condition = { 'ForAllValues:StringEquals': { 'kms:EncryptionContext:a': 'b' } }
    expect(reason(() => onIdentity({ Condition }))).toBe(undefined)
  })
})
