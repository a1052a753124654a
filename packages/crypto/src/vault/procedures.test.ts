import { describe, expect, it } from 'vitest'
import { account, likeWrap, region, testFolder, testProcedures } from './support.ts'

describe('the file of a vault', () => {
  it('takes a first material with its wrapping key, a next one under the key that is there', () => {
    using place = testFolder()
    using file = testProcedures(place.path)
    expect(file.writes.keepFirst(file.key('one'), file.material('first'))).toBe('kept')
    const there = { id: 1, account, keyId: 'one', domainVersion: 1, domainWrapped: likeWrap('domain') }
    const racing = { ...file.key('one'), wrapped: likeWrap('too late') }
    expect(file.writes.keepFirst(racing, file.material('next'))).toEqual({ ...there, wrapped: likeWrap('one key') })
    expect(file.writes.keepNext(1, file.material('next'))).toBe(true)
    expect(file.reads.material(region, file.material('next').materialId)).toEqual({
      ...there,
      wrapped: likeWrap('one key'),
      materialWrapped: likeWrap('next material'),
    })
  })

  it('refuses material under a wrapping key that was destroyed while it was on its way', () => {
    using place = testFolder()
    using file = testProcedures(place.path)
    file.writes.keepFirst(file.key('one'), file.material('first'))
    file.writes.destroy(region, account, 'one')
    expect(file.writes.keepNext(1, file.material('next'))).toBe(false)
    // The number of a destroyed row never names another.
    file.writes.keepFirst(file.key('two'), file.material('second'))
    expect(file.writes.keepNext(1, file.material('next'))).toBe(false)
    expect(file.reads.made(0, 1).map(({ sequence, keyId }) => [sequence, keyId])).toEqual([[2, 'two']])
  })

  it('refuses what is wrapped under any domain key but the newest', () => {
    using place = testFolder()
    using file = testProcedures(place.path)
    expect(file.writes.addDomain(region, account, 2, likeWrap('second'), 0).version).toBe(2)
    expect(file.writes.keepFirst(file.key('one', 1), file.material('first'))).toBe('stale')
    expect(file.writes.keepFirst(file.key('one', 2), file.material('first'))).toBe('kept')
    const secret = { accessKeyId: 'AKID', account, domainVersion: 1, wrapped: likeWrap('secret'), at: 0 }
    expect(file.writes.keepSecret(secret)).toBe('stale')
  })

  it('keeps the first of two domain keys that race to be one version, and tells both', () => {
    using place = testFolder()
    using file = testProcedures(place.path)
    expect(file.writes.addDomain(region, account, 1, likeWrap('late'), 0)).toEqual({
      version: 1,
      wrapped: likeWrap('domain'),
    })
  })

  it('keeps a domain key while anything lies under it', () => {
    using place = testFolder()
    using file = testProcedures(place.path)
    file.writes.keepFirst(file.key('one'), file.material('first'))
    file.writes.addDomain(region, account, 2, likeWrap('second'), 0)
    expect(file.writes.retire(region, account, 2)).toBeUndefined()
    file.writes.rewrap([{ table: 'keys', id: 1, domainVersion: 2, wrapped: likeWrap('again') }])
    // Told again by one who read before, it stays as it is.
    file.writes.rewrap([{ table: 'keys', id: 1, domainVersion: 2, wrapped: likeWrap('and again') }])
    expect(file.writes.retire(region, account, 2)).toEqual({ number: 3, wraps: [] })
    expect(file.reads.domain(region, account)).toEqual({ version: 2, wrapped: likeWrap('second') })
    const found = file.reads.material(region, file.material('first').materialId)
    expect([found?.domainVersion, found?.wrapped, found?.domainWrapped]).toEqual([
      2,
      likeWrap('again'),
      likeWrap('second'),
    ])
  })

  it('does not take a key for erased while its wrap under an older domain key may be left somewhere', () => {
    using place = testFolder()
    using file = testProcedures(place.path)
    file.writes.keepFirst(file.key('one'), file.material('first'))
    file.writes.addDomain(region, account, 2, likeWrap('second'), 0)
    file.writes.rewrap([{ table: 'keys', id: 1, domainVersion: 2, wrapped: likeWrap('again') }])
    const { upTo, deletion } = file.writes.destroy(region, account, 'one')
    expect(file.erase(upTo, [deletion!])).toBe('rebuilt')
  })
})
