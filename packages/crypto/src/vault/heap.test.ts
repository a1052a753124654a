import { createHmac, randomBytes } from 'node:crypto'
import { getHeapSnapshot } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { exposeRoot } from '../seal/root-key.ts'
import { testFolder, testRoot, testVault } from './support.ts'

const written = (bytes: Uint8Array) => {
  const buffer = Buffer.from(bytes)
  return [
    buffer.toString('hex'),
    buffer.toString('base64'),
    [...buffer].join(','),
    JSON.stringify(buffer.toString('latin1')),
  ]
}

/** HMAC's blocks (RFC 2104) give their key away. */
const block = (key: Uint8Array, pad: number) => Buffer.alloc(64).map((_, at) => (key[at] ?? 0) ^ pad)

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
const signing = hmac(hmac(hmac(hmac('AWS4secret', '20260101'), 'eu-west-1'), 'kms'), 'aws4_request')

describe('a heap snapshot', () => {
  it('holds no key in any way in which a heap can write it down', async () => {
    using place = testFolder()
    const root = testRoot()
    const material = randomBytes(32)
    // Seen if the snapshot shows what lies on the heap at all; by a name that no other string has in it.
    const control = { text: randomBytes(32).toString('hex') }
    await using vault = await testVault(place.path)
    const key = { region: 'us-east-1', account: '111122223333', keyId: 'key' }
    const { materialId } = await vault.generate(key, { material })
    using opened = await vault.open(key.region, materialId)
    await vault.keepSecret('AKIDEXAMPLE', key.account, 'secret')
    await vault.signingKey('AKIDEXAMPLE', { date: '20260101', region: 'eu-west-1', service: 'kms' })

    const chunks: Buffer[] = []
    for await (const chunk of getHeapSnapshot()) chunks.push(chunk as Buffer)
    const snapshot = Buffer.concat(chunks)

    expect(snapshot.includes(control.text)).toBe(true)
    expect(snapshot.includes(opened.materialId)).toBe(true)
    const secrets = [material, exposeRoot(root).export(), signing]
      .flatMap((key) => [key, block(key, 0x36), block(key, 0x5c)])
      .flatMap(written)
    expect(secrets.filter((text) => snapshot.includes(text))).toEqual([])
  })
})
