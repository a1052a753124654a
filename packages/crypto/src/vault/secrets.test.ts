import { createHmac } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import type { MacKey } from '../mac.ts'
import { watchedMemory } from '../testing.ts'
import type { Vault } from './index.ts'
import { allBytes, found, testFolder, testVault } from './support.ts'

const account = '111122223333'
const scope = { date: '20120215', region: 'us-east-1', service: 'iam' }
// From AWS's page on deriving a signing key, as is the answer to it.
const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const signingBytes = Buffer.from('f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d', 'hex')
const signing = createHmac('sha256', signingBytes).update('text').digest('hex')

const hex = (key: MacKey | undefined) => key?.hex('text')
const signingKey = async (vault: Vault, accessKeyId = 'AKIDEXAMPLE', of = scope) =>
  hex(await vault.signingKey(accessKeyId, of))

describe('a secret access key', () => {
  it("gives the signing key that AWS's own example gives, again after a restart", async () => {
    using place = testFolder()
    {
      await using vault = await testVault(place.path)
      await vault.keepSecret('AKIDEXAMPLE', account, secret)
      expect(await signingKey(vault)).toBe(signing)
    }
    await using vault = await testVault(place.path)
    expect(await signingKey(vault)).toBe(signing)
  })

  it('gives its signing key at once when it gave it before, and another for every scope', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    await vault.keepSecret('AKIDEXAMPLE', account, secret)
    expect(vault.signingKey('AKIDEXAMPLE', scope)).toBeInstanceOf(Promise)
    await vault.signingKey('AKIDEXAMPLE', scope)
    expect(hex(vault.signingKey('AKIDEXAMPLE', scope) as MacKey)).toBe(signing)
    const scopes = [
      scope,
      { ...scope, date: '20120216' },
      { ...scope, region: 'eu-west-1' },
      { ...scope, service: 'kms' },
    ]
    const keys = await Promise.all(scopes.map((each) => signingKey(vault, 'AKIDEXAMPLE', each)))
    expect(new Set(keys).size).toBe(4)
  })

  it('is unknown until it is kept and once it is forgotten, whatever was asked before', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    expect(await signingKey(vault)).toBeUndefined()
    expect(vault.signingKey('AKIDEXAMPLE', scope)).toBeUndefined()
    const asked = signingKey(vault, 'ANOTHER')
    await Promise.all([vault.keepSecret('AKIDEXAMPLE', account, secret), vault.keepSecret('ANOTHER', account, secret)])
    await asked
    expect([await signingKey(vault), await signingKey(vault, 'ANOTHER')]).toEqual([signing, signing])
    const forgotten = vault.forgetSecret('AKIDEXAMPLE')
    expect(await signingKey(vault)).toBeUndefined()
    await forgotten
    await vault.forgetSecret('AKIDEXAMPLE')
    expect([await signingKey(vault), await signingKey(vault, 'ANOTHER')]).toEqual([undefined, signing])
  })

  it('may be replaced, and then signs as the new one', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    await vault.keepSecret('AKIDEXAMPLE', account, 'old')
    const old = await signingKey(vault)
    await vault.keepSecret('AKIDEXAMPLE', account, secret)
    expect(old).not.toBe(signing)
    expect(await signingKey(vault)).toBe(signing)
  })

  it('stands in no file in the clear, and once forgotten or replaced in no file at all', async () => {
    using place = testFolder()
    await using vault = await testVault(place.path)
    const wraps = () => {
      using db = new DatabaseSync(place.path)
      return db
        .prepare('SELECT wrapped FROM secrets')
        .all()
        .map(({ wrapped }) => wrapped as Uint8Array)
    }
    await vault.keepSecret('AKIDEXAMPLE', account, secret)
    const first = wraps()
    expect([allBytes(place.folder).includes(secret), found(place.folder, first)]).toEqual([false, 1])
    await vault.keepSecret('AKIDEXAMPLE', account, secret)
    const second = wraps()
    expect([found(place.folder, first), found(place.folder, second)]).toEqual([0, 1])
    await vault.forgetSecret('AKIDEXAMPLE')
    expect(found(place.folder, second)).toBe(0)
  })

  it('leaves no signing key in memory once forgotten or replaced, however many asked for it at the same time', async () => {
    using place = testFolder()
    using memory = watchedMemory()
    const { testVault } = await import('./support.ts')
    await using vault = await testVault(place.path)
    const left = async (change: () => Promise<void>) => {
      await vault.keepSecret('AKIDEXAMPLE', account, secret)
      const asked = () => Promise.resolve(vault.signingKey('AKIDEXAMPLE', scope))
      const keys = await Promise.all([asked(), asked(), asked()])
      const before = memory.places(signingBytes).length
      await change()
      for (const key of keys) expect(() => hex(key)).toThrow('a key was used after it had been wiped')
      return [before, memory.places(signingBytes).length]
    }
    expect(await left(() => vault.keepSecret('AKIDEXAMPLE', account, 'another'))).toEqual([1, 0])
    expect(await left(() => vault.forgetSecret('AKIDEXAMPLE'))).toEqual([1, 0])
  })

  it('signs as before when the domain key it lies under is replaced', async () => {
    using place = testFolder()
    {
      await using vault = await testVault(place.path)
      await vault.keepSecret('AKIDEXAMPLE', account, secret)
      const rotated = vault.rotateDomainKey('global', account)
      await vault.keepSecret('MEANWHILE', account, secret)
      await rotated
    }
    await using vault = await testVault(place.path)
    expect([await signingKey(vault), await signingKey(vault, 'MEANWHILE')]).toEqual([signing, signing])
  })
})
