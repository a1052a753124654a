import { describe, expect, test } from 'vitest'
import { allow, policy, reading, refusal, root } from './told.ts'

const principalWords = 'Policy contains a statement with one or more invalid principals.'

describe('a principal', () => {
  test.each<[unknown, readonly [string, string][]]>([
    ['*', [['AWS', '*']]],
    [{ AWS: '*' }, [['AWS', '*']]],
    [{ AWS: '111122223333' }, [['AWS', '111122223333']]],
    [{ AWS: root }, [['AWS', root]]],
    [{ AWS: 'AIDACKCEVSQ6C2EXAMPLE' }, [['AWS', 'AIDACKCEVSQ6C2EXAMPLE']]],
    [{ AWS: 'arn:aws:iam::111122223333:user/Alice' }, [['AWS', 'arn:aws:iam::111122223333:user/Alice']]],
    [{ AWS: 'arn:aws-us-gov:iam::111122223333:role/a/b' }, [['AWS', 'arn:aws-us-gov:iam::111122223333:role/a/b']]],
    [
      { AWS: 'arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling' },
      [
        [
          'AWS',
          'arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling',
        ],
      ],
    ],
    [
      { AWS: 'arn:aws:sts::111122223333:assumed-role/role/session@x' },
      [['AWS', 'arn:aws:sts::111122223333:assumed-role/role/session@x']],
    ],
    [
      { AWS: 'arn:aws:sts::111122223333:federated-user/Bob' },
      [['AWS', 'arn:aws:sts::111122223333:federated-user/Bob']],
    ],
    [
      { Service: ['logs.eu-west-1.amazonaws.com'], Federated: 'accounts.google.com' },
      [
        ['Service', 'logs.eu-west-1.amazonaws.com'],
        ['Federated', 'accounts.google.com'],
      ],
    ],
    [
      { Federated: 'arn:aws:iam::111122223333:saml-provider/corp' },
      [['Federated', 'arn:aws:iam::111122223333:saml-provider/corp']],
    ],
  ])('may be written %j', (Principal, expected) => {
    const [statement] = reading(policy({ ...allow, Principal }))
    expect(statement?.principals).toEqual(expected.map(([type, id]) => ({ type, id })))
  })

  test.each<[unknown]>([
    ['Alice'],
    [7],
    [['*']],
    [null],
    [{ AWS: 'AIDACKCEVSQ6C2Example' }],
    [{ AWS: 'AKIACKCEVSQ6C2EXAMPLE' }],
    [{ AWS: 'AIDA' }],
    [{ AWS: '11112222333' }],
    [{ AWS: 111122223333 }],
    [{ AWS: '' }],
    [{ AWS: 'arn:aws:iam::111122223333:group/Admins' }],
    [{ AWS: 'arn:aws:iam::111122223333:user/*' }],
    [{ AWS: 'arn:aws:iam::111122223333:user/Al?ce' }],
    [{ AWS: 'arn:aws:iam::111122223333:user/' }],
    [{ AWS: 'arn:aws:iam::111122223333:user' }],
    [{ AWS: 'arn:aws:iam::111122223333:*' }],
    [{ AWS: 'arn:aws:iam::*:root' }],
    [{ AWS: 'arn:aws:iam:eu-west-1:111122223333:root' }],
    [{ AWS: 'arn:aws:sts::111122223333:root' }],
    [{ AWS: 'arn:aws:sts::111122223333:assumed-role/role' }],
    [{ AWS: 'arn:aws:sts::111122223333:assumed-role/role/' }],
    [{ AWS: 'arn:aws:s3:::bucket' }],
    [{ AWS: `x${root}` }],
    [{ AWS: `${root} ` }],
    [{ AWS: [root, 'nobody'] }],
    [{ Service: 'amazonaws' }],
    [{ Service: '*' }],
    [{ Service: 'sns..com' }],
    [{ Federated: root }],
    [{ Federated: 'arn:aws:iam::111122223333:user/Alice' }],
    [{ CanonicalUser: '79a59df900b949e55d96a1e698fbaced' }],
    [{ aws: root }],
    [{ constructor: root }],
  ])('may not be written %j', (Principal) => {
    expect(refusal(policy({ ...allow, Principal }))?.message).toBe(principalWords)
    expect(refusal(policy({ Effect: 'Deny', NotPrincipal: Principal }))?.message).toBe(principalWords)
  })

  test('may not be missing', () => {
    const words = 'Policy contains a statement with no principal.'
    expect([
      refusal(policy({ Effect: 'Allow', Action: 'kms:*', Resource: '*' }))?.message,
      refusal(policy({ ...allow, Principal: {} }))?.message,
      refusal(policy({ ...allow, Principal: { AWS: [] } }))?.message,
    ]).toEqual([words, words, words])
  })
})
