import { spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
} from '@aws-sdk/client-kms'
import { expect, test } from 'vitest'
import { administrator, alice } from '../support/house.ts'
import { credentialsIn, houseProcess } from '../support/process.ts'
import { connected, folders, main, stop } from '../support/starts.ts'

/** KEYLEDGER_SEED, and the founding of a house with and without one. */
const folder = folders()
const { account, accessKeyId, secretAccessKey, name } = alice
const keyId = '0b1c2d3e-4f50-6172-8394-a5b6c7d8e9fa'
const multi = 'mrk-0123456789abcdef0123456789abcdef'
const seeded = {
  accounts: [
    {
      id: account,
      users: [{ name, accessKeyId, secretAccessKey, policies: [administrator] }],
    },
    { id: '444455556666' },
  ],
  keys: [
    {
      account,
      region: 'us-east-1',
      keyId,
      description: 'from the seed',
      aliases: ['alias/app', 'alias/other'],
      tags: { team: 'red', __proto__x: 'b' },
      material: randomBytes(32).toString('base64'),
    },
    { account, region: 'eu-west-1', keyId: multi },
    { account: '444455556666', region: 'us-east-1', keyId: '11111111-2222-3333-4444-555555555555' },
  ],
}
const seedFile = (seed: unknown) => {
  const path = folder('seed.json')
  writeFileSync(path, JSON.stringify(seed))
  return { KEYLEDGER_SEED: path }
}

test('a seed makes the same keys in two houses: each opens what the other sealed', async () => {
  const environment = seedFile(seeded)
  const houses = [await houseProcess(folder('one'), environment), await houseProcess(folder('two'), environment)]
  const clients = houses.map((house) => connected(house, alice))
  const blobs = await Promise.all(
    clients.map((kms, index) =>
      kms.send(
        new EncryptCommand({
          KeyId: 'alias/app',
          Plaintext: Buffer.from(`of ${index}`),
          EncryptionContext: { a: 'b' },
        }),
      ),
    ),
  )
  for (const [index, { CiphertextBlob }] of blobs.entries()) {
    const opened = await clients[1 - index]!.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { a: 'b' } }))
    expect(Buffer.from(opened.Plaintext!).toString()).toBe(`of ${index}`)
  }
  const kms = clients[0]!
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: keyId }))
  expect([KeyMetadata!.Description, KeyMetadata!.Enabled]).toEqual(['from the seed', true])
  expect((await kms.send(new ListAliasesCommand({ KeyId: keyId }))).Aliases!.map(({ AliasName }) => AliasName)).toEqual(
    ['alias/app', 'alias/other'],
  )
  expect((await kms.send(new ListResourceTagsCommand({ KeyId: keyId }))).Tags).toEqual([
    { TagKey: '__proto__x', TagValue: 'b' },
    { TagKey: 'team', TagValue: 'red' },
  ])
  const europe = new KMSClient({ endpoint: houses[0]!.url, region: 'eu-west-1', credentials: alice })
  expect((await europe.send(new DescribeKeyCommand({ KeyId: multi }))).KeyMetadata!.MultiRegion).toBe(true)
  // The third key is another account's.
  expect((await kms.send(new ListKeysCommand({}))).Keys!.map(({ KeyId }) => KeyId)).toEqual([keyId])
  for (const client of [...clients, europe]) client.destroy()
  for (const house of houses) expect(await stop(house)).toBe(0)
})

test('a seed is applied once: a later start takes no notice of it', async () => {
  const data = folder('data')
  await stop(await houseProcess(data, seedFile(seeded)))
  const changed = {
    accounts: [{ id: '777788889999', users: [{ name, secretAccessKey, accessKeyId: 'AKIALATERLATERLATER1' }] }],
    keys: [],
  }
  const house = await houseProcess(data, seedFile(changed))
  expect(house.output()).toMatch(/^ {2}account +111122223333, 444455556666$/m)
  const kms = connected(house, alice)
  expect((await kms.send(new ListKeysCommand({}))).Keys!.map(({ KeyId }) => KeyId)).toEqual([keyId])
  const later = connected(house, { ...alice, accessKeyId: 'AKIALATERLATERLATER1' })
  await expect(later.send(new ListKeysCommand({}))).rejects.toThrow('The security token included in the request')
  for (const client of [kms, later]) client.destroy()
  await stop(house)
  // Nor does a house that was founded without one.
  const bare = folder('bare')
  await stop(await houseProcess(bare))
  const again = await houseProcess(bare, seedFile(seeded))
  expect(again.output()).toMatch(/^ {2}account +000000000000$/m)
  await stop(again)
})

test('a founding that was cut short is taken up again by the next start', async () => {
  for (let round = 0; round < 5; round++) {
    const environment = round % 2 === 0 ? {} : seedFile(seeded)
    const data = folder('data')
    // Killed at some moment between the first file and a little after the last.
    const child = spawn(process.execPath, [main], {
      env: { PATH: process.env['PATH'], KEYLEDGER_DATA: data, KEYLEDGER_PORT: '0', ...environment },
      stdio: 'ignore',
    })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    while (!existsSync(join(data, 'root.key'))) await sleep(1)
    await sleep(randomInt(0, 150))
    child.kill('SIGKILL')
    await ended
    const house = await houseProcess(data, environment)
    const kms = connected(house, credentialsIn(data))
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
    const { Keys } = await kms.send(new ListKeysCommand({}))
    const seededKeys = 'KEYLEDGER_SEED' in environment ? [keyId] : []
    expect(new Set(Keys!.map(({ KeyId }) => KeyId))).toEqual(new Set([...seededKeys, KeyMetadata!.KeyId!]))
    kms.destroy()
    expect(await stop(house)).toBe(0)
  }
}, 180_000)
