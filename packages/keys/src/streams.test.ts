import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  aliasOfStream,
  aliasStream,
  grantsStream,
  keyOfGrants,
  keyOfStream,
  keyStream,
  trailStream,
} from './streams.ts'

const place = { region: 'eu-west-1', account: '111122223333' }

test('streams are named after what they are about', () => {
  expect([
    keyStream({ ...place, id: 'mrk-0123' }),
    aliasStream({ ...place, name: 'alias/app/main' }),
    grantsStream({ ...place, id: 'mrk-0123' }),
    trailStream(place.region, place.account, '2026-11-23'),
  ]).toEqual([
    'key-eu-west-1.111122223333.mrk-0123',
    'alias-eu-west-1.111122223333.alias/app/main',
    'grants-eu-west-1.111122223333.mrk-0123',
    'trail-eu-west-1.111122223333.2026-11-23',
  ])
})

test('a stream leads back to its key, the key it has the grants of, or its alias', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.stringMatching(/^alias\/[\w/-]{1,40}$/), (id, name) => {
      expect(keyOfStream(keyStream({ ...place, id }))).toEqual({ ...place, id })
      expect(keyOfGrants(grantsStream({ ...place, id }))).toEqual({ ...place, id })
      expect(keyOfStream(grantsStream({ ...place, id }))).toBeUndefined()
      expect(aliasOfStream(aliasStream({ ...place, name }))).toEqual({ ...place, name })
    }),
  )
})

test.each(['', 'key-', 'key-eu-west-1', 'key-eu-west-1.111122223333', 'keys-a.b.c', 'trail-a.b.c', 'account-1'])(
  'the stream %j is neither of a key, its grants nor of an alias',
  (stream) => {
    expect([keyOfStream(stream), keyOfGrants(stream), aliasOfStream(stream)]).toEqual(Array(3).fill(undefined))
  },
)
