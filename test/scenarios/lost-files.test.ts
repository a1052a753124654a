import { cp, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateKeyCommand, DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { credentialsIn, houseProcess } from '../support/process.ts'

let folder: string
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'keyledger-lost-')), 'data')
})
afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }))

const inHouse = async <T>(act: (kms: KMSClient) => Promise<T>): Promise<T> => {
  const house = await houseProcess(folder)
  const kms = new KMSClient({
    endpoint: house.url,
    region: 'us-east-1',
    credentials: credentialsIn(folder),
    maxAttempts: 1,
  })
  try {
    return await act(kms)
  } finally {
    kms.destroy()
    house.child.kill('SIGINT')
    await house.ended
  }
}
const sealed = () =>
  inHouse(async (kms) => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
    const encrypted = await kms.send(new EncryptCommand({ KeyId: KeyMetadata!.KeyId!, Plaintext: Buffer.from('kept') }))
    return encrypted.CiphertextBlob!
  })
const opens = (blob: Uint8Array) =>
  inHouse(async (kms) =>
    Buffer.from((await kms.send(new DecryptCommand({ CiphertextBlob: blob }))).Plaintext!).toString(),
  )

test.each(['ledger.db', 'vault.db', 'root.json'])(
  'without its %s a house refuses to start, and begins nothing anew; with it back nothing is lost',
  async (file) => {
    const blob = await sealed()
    await rename(join(folder, file), join(folder, '..', file))
    await expect(houseProcess(folder)).rejects.toThrow(`${file} is missing`)
    await rename(join(folder, '..', file), join(folder, file))
    expect(await opens(blob)).toBe('kept')
  },
)

test('beside an older ledger a house refuses to start: it would take newer key material for orphans', async () => {
  await sealed()
  await cp(join(folder, 'ledger.db'), join(folder, '..', 'older.db'))
  const blob = await sealed()
  const older = join(folder, '..', 'older.db')
  await rename(join(folder, 'ledger.db'), join(folder, '..', 'newer.db'))
  await cp(older, join(folder, 'ledger.db'))
  await expect(houseProcess(folder)).rejects.toThrow('older than what was made from it')
  await rename(join(folder, '..', 'newer.db'), join(folder, 'ledger.db'))
  expect(await opens(blob)).toBe('kept')
})
