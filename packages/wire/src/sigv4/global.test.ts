import { expect, test } from 'vitest'
import { verifier } from '../sigv4.ts'
import { derived, invalid, noon, refusal, secretAccessKey, sign } from './testing.ts'

const judge = verifier({
  signingKey: (_, scope) => derived(secretAccessKey, scope),
  now: () => noon,
  regions: ['eu-west-1'],
  services: ['kms', 'iam'],
  global: { iam: 'us-east-1' },
})

test('a service without a region is signed for in the region of its own, or in one that is served', () => {
  for (const region of ['us-east-1', 'eu-west-1'])
    expect(judge(sign({ region, service: 'iam' }), 'iam')).toMatchObject({ region, service: 'iam' })
})

test('that region is not served to others, nor another one to it', () => {
  const wrong = (region: string) => invalid(`Credential should be scoped to a valid region, not '${region}'. `)
  expect(refusal(sign({ region: 'us-east-1', service: 'kms' }), judge, 'kms')).toEqual(wrong('us-east-1'))
  expect(refusal(sign({ region: 'us-west-2', service: 'iam' }), judge, 'iam')).toEqual(wrong('us-west-2'))
})
