import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MacKey } from './mac.ts'
import { watchedMemory } from './testing.ts'

const keyOf = (bytes: Uint8Array) => new MacKey(createSecretKey(bytes))
const hmac = (key: Uint8Array, message: Uint8Array | string) => createHmac('sha256', key).update(message)

describe('a MAC key', () => {
  it("computes what node's own HMAC computes, of messages that fit the shared memory and of longer ones", () => {
    const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength, size: 'max' })
    fc.assert(
      fc.property(bytes(32, 32), fc.oneof(bytes(0, 200), bytes(4000, 4200)), (secret, message) => {
        const key = keyOf(secret)
        expect(key.digest(message).equals(hmac(secret, message).digest())).toBe(true)
        const text = Buffer.from(message).toString('latin1')
        expect(key.hex(text)).toBe(hmac(secret, message).digest('hex'))
      }),
    )
  })

  it('is one of many, and none is mistaken for another', () => {
    const many = Array.from({ length: 2000 }, () => randomBytes(32)).map((secret) => ({ secret, key: keyOf(secret) }))
    const wrong = many.filter(({ secret, key }) => !key.digest(secret).equals(hmac(secret, secret).digest()))
    expect(wrong).toEqual([])
  })

  it('has 32 bytes and no other number', () => {
    for (const length of [16, 31, 33, 64]) expect(() => keyOf(randomBytes(length))).toThrow(RangeError)
  })

  it('shows nothing of itself', () => {
    const key = keyOf(Buffer.alloc(32, 7))
    expect([String(key), JSON.stringify({ key }), Object.keys(key)]).toEqual(['[secret]', '{"key":"[secret]"}', []])
  })
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
/** Finalizers run in turns of their own, some time after a collection. */
const collected = async (done: () => boolean) => {
  for (let tries = 0; tries < 100; tries++) {
    if (done()) return
    collect()
    await turn()
  }
  throw new Error('what nobody holds was not collected')
}

/** A room of MAC keys with nobody in it yet. */
const emptyRoom = async () => {
  const memory = watchedMemory()
  const { MacKey: Fresh } = await import('./mac.ts')
  return { ...memory, make: (secret: Uint8Array): MacKey => new Fresh(createSecretKey(secret)) }
}
const right = (key: MacKey, secret: Buffer) => key.digest(secret).equals(hmac(secret, secret).digest())

describe('the place of a MAC key', () => {
  it('is wiped when nobody holds the key any more, not before, and only then given to another', async () => {
    using room = await emptyRoom()
    const { slabs, places, at, make } = room
    const secrets = Array.from({ length: 512 }, () => randomBytes(32))
    const keys: (MacKey | undefined)[] = secrets.map(make)
    expect([slabs.length, secrets.filter((secret) => places(secret).length !== 1)]).toEqual([1, []])
    const place = places(secrets[100]!)[0]!
    for (let round = 0; round < 3; round++) {
      collect()
      await turn()
    }
    expect(at(place)).toEqual(secrets[100])

    keys[100] = undefined
    // Nobody holds the key, but that is not known yet: the next one lies elsewhere.
    const elsewhere = randomBytes(32)
    const another = make(elsewhere)
    expect([slabs.length, places(elsewhere)[0]! >= 512]).toEqual([2, true])

    await collected(() => places(secrets[100]!).length === 0)
    expect(at(place)).toEqual(Buffer.alloc(32))
    const next = randomBytes(32)
    const heir = make(next)
    expect([slabs.length, places(next)]).toEqual([2, [place]])
    expect([right(heir, next), right(another, elsewhere)]).toEqual([true, true])
    expect(keys.every((key, index) => !key || right(key, secrets[index]!))).toBe(true)
  })

  it("is nobody else's, however many keys come and go", async () => {
    using room = await emptyRoom()
    const { slabs, places, make } = room
    const held = new Map<Buffer, MacKey>()
    const gone: Buffer[] = []
    for (let round = 0; round < 6; round++) {
      for (let count = 0; count < 400; count++) {
        const secret = randomBytes(32)
        held.set(secret, make(secret))
      }
      for (const secret of held.keys())
        if (secret[0]! < 128) {
          held.delete(secret)
          gone.push(secret)
        }
      // Some places are free again by now, others not yet.
      collect()
      await turn()
      expect([...held].every(([secret, key]) => right(key, secret))).toBe(true)
    }
    await collected(() => gone.every((secret) => places(secret).length === 0))
    expect([...held.keys()].filter((secret) => places(secret).length !== 1)).toEqual([])
    // No place was lost on the way, and none is given away twice.
    const before = slabs.length
    const many = Array.from({ length: before * 512 - held.size }, () => randomBytes(32))
    for (const secret of many) held.set(secret, make(secret))
    expect(slabs.length).toBe(before)
    expect([...held].every(([secret, key]) => right(key, secret))).toBe(true)
  })

  it('is empty as soon as the key is wiped, which computes nothing any more', async () => {
    using room = await emptyRoom()
    const secret = randomBytes(32)
    const key = room.make(secret)
    const place = room.places(secret)[0]!
    key.wipe()
    key.wipe()
    expect(room.at(place)).toEqual(Buffer.alloc(32))
    const uses = [() => key.hex('text'), ...[32, 5000].map((length) => () => key.digest(Buffer.alloc(length)))]
    for (const use of uses) expect(use).toThrow('a key was used after it had been wiped')
  })

  it('of a wiped key is given to nobody while somebody holds that, and then to one', async () => {
    using room = await emptyRoom()
    const made = new Map<Buffer, MacKey>()
    const make = () => {
      const secret = randomBytes(32)
      made.set(secret, room.make(secret))
      return room.places(secret)[0]!
    }
    const place = make()
    const held = [...made.values()]
    made.clear()
    held[0]!.wipe()
    for (let round = 0; round < 3; round++) {
      collect()
      await turn()
      for (let count = 0; count < 300; count++) expect(make()).not.toBe(place)
    }
    expect(held.splice(0).length).toBe(1)
    await collected(() => make() === place)
    for (let count = 0; count < 600; count++) expect(make()).not.toBe(place)
    expect([...made].every(([secret, key]) => right(key, secret))).toBe(true)
  })
})
