import { describe, expect, test } from 'vitest'
import { trustPolicy } from '../evaluation.ts'
import { PolicyFault } from '../policy-document.ts'
import { arnOf, context, onIdentity, other, owner, root, user } from './told.ts'
import { trusts } from './trust.ts'

const alice = user('Alice')

describe('a trust policy', () => {
  const role = `arn:aws:iam::${owner}:role/worker`
  const provider = `arn:aws:iam::${owner}:oidc-provider/issuer.example.com`
  const trust = (...statements: readonly object[]) =>
    trustPolicy(
      JSON.stringify({
        Version: '2012-10-17',
        Statement: statements.map((statement) => ({ Effect: 'Allow', Action: 'sts:AssumeRole', ...statement })),
      }),
    )
  const assume = (caller = alice) => ({ caller, action: 'sts:AssumeRole', resource: role, context: context() })
  const federated = (values = {}) => ({
    federated: provider,
    action: 'sts:AssumeRoleWithWebIdentity',
    resource: role,
    context: context(values),
  })

  test.each<[string, object]>([
    ['Missing required field Principal', {}],
    ['Missing required field Principal', { NotPrincipal: '*' }],
    ['Has prohibited field Resource', { Principal: '*', Resource: '*' }],
    ['Missing required field Action', { Principal: '*', Action: undefined }],
    ['AssumeRole policy may only specify STS AssumeRole actions.', { Principal: '*', Action: 'kms:*' }],
  ])('is refused: %s (%j)', (words, statement) => {
    const refused = () => trust(statement)
    expect(refused).toThrow(PolicyFault)
    expect(refused).toThrow(expect.objectContaining({ reason: words, message: words }))
  })

  test('lets whom it names assume the role, and others of the account if their policies allow it', () => {
    const mayAssume = { ...alice, identityPolicies: [onIdentity({ Action: 'sts:AssumeRole', Resource: role })] }
    const stranger = user('Alice', other)
    const toStranger = trust({ Principal: { AWS: stranger.arn } })
    expect([
      trusts(trust({ Principal: { AWS: alice.arn } }), assume()),
      trusts(trust({ Principal: { AWS: root(owner) } }), assume()),
      trusts(trust({ Principal: { AWS: root(owner) } }), assume(mayAssume)),
      trusts(trust({ Principal: { AWS: arnOf('Bob') } }), assume(mayAssume)),
      trusts(toStranger, assume(stranger)),
      trusts(toStranger, assume({ ...stranger, identityPolicies: mayAssume.identityPolicies })),
      trusts(trust({ Principal: '*' }, { Principal: '*', Effect: 'Deny' }), assume()),
    ]).toEqual([true, false, true, false, false, true, false])
  })

  test('lets in the identities of the providers it names, under its conditions', () => {
    const policy = trust({
      Principal: { Federated: provider },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: { StringEquals: { 'issuer.example.com:sub': 'build' } },
    })
    const everyone = trust({ Principal: '*', Action: 'sts:*' })
    expect([
      trusts(policy, federated({ 'issuer.example.com:sub': 'build' })),
      trusts(policy, federated({ 'issuer.example.com:sub': 'other' })),
      trusts(policy, { ...federated({ 'issuer.example.com:sub': 'build' }), federated: `${provider}x` }),
      trusts(policy, assume()),
      trusts(everyone, federated()),
      trusts(trust({ Principal: { Federated: provider }, Action: 'sts:*' }), federated()),
      trusts(
        trust(
          { Principal: { Federated: provider }, Action: 'sts:*' },
          { Principal: { Federated: provider }, Action: 'sts:*', Effect: 'Deny' },
        ),
        federated(),
      ),
    ]).toEqual([true, false, false, false, false, true, false])
  })
})
