import { expect, test } from 'vitest'
import { bounds, tallies } from './tally.ts'

test('work is counted by name: how often, how long, in which bucket, how it failed', () => {
  const counted = tallies()
  counted.add('Encrypt', 0.001, undefined)
  counted.add('Encrypt', 0.0011, 'DisabledException')
  counted.add('Encrypt', 60, 'DisabledException')
  counted.add('Decrypt', 0, undefined)
  const [encrypt, decrypt] = [...counted.all()]
  expect({ ...encrypt, buckets: [...encrypt!.buckets] }).toEqual({
    name: 'Encrypt',
    count: 3,
    sum: 60.0021,
    buckets: [1, 1, ...bounds.slice(2).map(() => 0), 1],
    failures: new Map([['DisabledException', 2]]),
  })
  expect(decrypt).toMatchObject({ name: 'Decrypt', count: 1, sum: 0, failures: new Map() })
})
