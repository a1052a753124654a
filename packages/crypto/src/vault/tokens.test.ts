import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { openRoot, rotateSeal } from '../seal/root.ts'
import { rootSeal } from '../seal/index.ts'
import { sqliteVault } from './sqlite.ts'
import { allBytes, rootBytes, testFolder, testVault } from './support.ts'

const payload = JSON.stringify({ who: 'alice', what: 'a payload that nobody may read', letters: 'ä€😀' })
const scope = { date: '20260601', region: 'us-east-1', service: 'kms' }
const id = 'ASIAEXAMPLEEXAMPLE01'

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()
/** SP 800-108 in counter mode, one block, written out. */
const derivedBytes = (label: string, context: string, length: number) => {
  const bits = Buffer.alloc(4)
  bits.writeUInt32BE(length * 8)
  const input = Buffer.concat([Buffer.of(0, 0, 0, 1), Buffer.from(label), Buffer.of(0), Buffer.from(context), bits])
  return createHmac('sha256', rootBytes).update(input).digest().subarray(0, length)
}

describe('a token', () => {
  it('opens for its purpose, again after a restart, and stands in no file', async () => {
    using place = testFolder()
    let token: string
    {
      await using vault = await testVault(place.path)
      token = vault.sealToken('session', payload)
      expect(vault.openToken('session', token)).toBe(payload)
    }
    await using vault = await testVault(place.path)
    expect(vault.openToken('session', token)).toBe(payload)
    expect(allBytes(place.folder).includes(token)).toBe(false)
  })

  it('of one payload is never the same twice', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    expect(new Set(Array.from({ length: 50 }, () => vault.sealToken('session', 'x'))).size).toBe(50)
  })

  it('shows nothing of its payload but the length', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    const token = vault.sealToken('session', payload)
    const bytes = Buffer.from(token, 'base64')
    expect(bytes.length).toBe(1 + 16 + 12 + Buffer.byteLength(payload) + 16)
    for (const text of ['alice', 'payload', 'session', 'who'])
      expect([bytes.includes(text), token.includes(text)]).toEqual([false, false])
  })

  it('opens for no other purpose', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    const token = vault.sealToken('session', payload)
    const others = ['grant', 'Session', 'session ', '', 'session\0']
    expect(others.map((purpose) => vault.openToken(purpose, token))).toEqual(others.map(() => undefined))
  })

  it('opens no more when any bit of it is another', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    const bytes = Buffer.from(vault.sealToken('session', 'a small payload'), 'base64')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const altered = Buffer.from(bytes)
      altered[bit >> 3]! ^= 1 << (bit & 7)
      expect([bit, vault.openToken('session', altered.toString('base64'))]).toEqual([bit, undefined])
    }
  })

  it('opens no more when it is cut, longer or spelled in another way', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    const token = vault.sealToken('session', 'four')
    expect(token.endsWith('=')).toBe(true)
    const others = [
      ...Array.from(token, (_, end) => token.slice(0, end)),
      ...['=', 'A', 'AAAA', ' ', '\n'].map((more) => token + more),
      ` ${token}`,
      token.replaceAll('=', ''),
      token.replaceAll('=', '') + '!='.repeat(2),
      'x'.repeat(8192),
      'A'.repeat(9000),
      '\ud800',
    ]
    expect(others.filter((other) => vault.openToken('session', other) !== undefined)).toEqual([])
    expect(vault.openToken('session', token)).toBe('four')
  })

  it('has at most 8192 characters', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    expect(vault.sealToken('session', 'x'.repeat(6_099))).toHaveLength(8192)
    expect(() => vault.sealToken('session', 'x'.repeat(6_100))).toThrow(RangeError)
  })

  it('of another root key does not open', async () => {
    using one = testFolder()
    using other = testFolder()
    const seal = (folder: string) =>
      rootSeal(`file:${folder}/root.key`, { passphrase: () => Promise.reject(new Error()) })
    const root = await openRoot({ folder: other.folder, seal: seal(other.folder), firstStart: true })
    await using mine = await testVault(one.path)
    await using foreign = await sqliteVault({ path: other.path, root, now: () => 1 })
    expect(mine.openToken('session', foreign.sealToken('session', payload))).toBeUndefined()
    expect(mine.sessionSecret(id)).not.toBe(foreign.sessionSecret(id))
  })

  it('opens after the seal of the root key was rotated, and sessions sign as before', async () => {
    using place = testFolder()
    const seal = (name: string) =>
      rootSeal(`file:${place.folder}/${name}.key`, { passphrase: () => Promise.reject(new Error()) })
    const open = async (name: string, firstStart: boolean) => {
      const root = await openRoot({ folder: place.folder, seal: seal(name), firstStart })
      return sqliteVault({ path: place.path, root, now: () => 1 })
    }
    let token: string
    let signature: string
    {
      await using vault = await open('first', true)
      token = vault.sealToken('session', payload)
      signature = vault.signingKey(id, scope, true).hex('text')
    }
    await rotateSeal(place.folder, seal('first'), seal('second'))
    await using vault = await open('second', false)
    expect(vault.openToken('session', token)).toBe(payload)
    expect(vault.signingKey(id, scope, true).hex('text')).toBe(signature)
  })
})

describe('the secret of a session', () => {
  it('is 40 characters that follow from the root key and its access key id', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    const secret = derivedBytes('keyledger/session-secret/v1', id, 30).toString('base64')
    expect(secret).toHaveLength(40)
    expect(vault.sessionSecret(id)).toBe(secret)
    expect(vault.sessionSecret('ASIAEXAMPLEEXAMPLE02')).not.toBe(secret)
  })

  it('signs, at once and from memory the second time', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    const key = ['20260601', 'us-east-1', 'kms', 'aws4_request'].reduce(
      hmac,
      Buffer.from(`AWS4${vault.sessionSecret(id)}`),
    )
    const signing = vault.signingKey(id, scope, true)
    expect(signing.hex('text')).toBe(hmac(key, 'text').toString('hex'))
    expect(vault.signingKey(id, scope, true)).toBe(signing)
    expect(vault.signingKey(id, { ...scope, region: 'eu-west-1' }, true).hex('text')).not.toBe(signing.hex('text'))
  })

  it('is no secret of a user who has the same id', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    const session = vault.signingKey(id, scope, true)
    expect(await vault.signingKey(id, scope)).toBeUndefined()
    await vault.keepSecret(id, '111122223333', 'a secret of a user')
    expect((await vault.signingKey(id, scope))?.hex('text')).not.toBe(session.hex('text'))
    expect(vault.signingKey(id, scope, true).hex('text')).toBe(session.hex('text'))
  })
})
