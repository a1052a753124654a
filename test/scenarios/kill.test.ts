import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  KMSClient,
  KMSServiceException,
  ListKeyRotationsCommand,
  ListResourceTagsCommand,
  RotateKeyOnDemandCommand,
  TagResourceCommand,
} from '@aws-sdk/client-kms'
import { sqliteLog } from '@keyledger/ledger'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { credentialsIn, houseProcess } from '../support/process.ts'

/**
 * What was acknowledged survives `kill -9`. Each client has keys of its own and notes what the house acknowledged; the
 * one request it had under way when the house died may have happened or not, everything before it must have.
 */
const rounds = Number(process.env['KILL_ROUNDS'] ?? 20)
const clients = 16

interface Noted {
  readonly keyId: string
  readonly blobs: { blob: Uint8Array; plaintext: string }[]
  readonly tags: Map<string, string>
  enabled: boolean
  rotations: number
  /** What was under way when the house died: it may have happened. */
  doubt: string | undefined
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyledger-kill-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const acknowledged = new Set<string>()

const work = async (kms: KMSClient, noted: Noted[], client: number): Promise<void> => {
  const send = async <T extends { $metadata: { requestId?: string | undefined } }>(answer: Promise<T>): Promise<T> => {
    const done = await answer
    acknowledged.add(done.$metadata.requestId!)
    return done
  }
  for (let step = 0; ; step++) {
    const made = await send(kms.send(new CreateKeyCommand({ Description: `client ${client} step ${step}` })))
    const KeyId = made.KeyMetadata!.KeyId!
    const key: Noted = { keyId: KeyId, blobs: [], tags: new Map(), enabled: true, rotations: 0, doubt: undefined }
    noted.push(key)
    const during = async (doubt: string, act: () => Promise<void>) => {
      key.doubt = doubt
      await act()
      key.doubt = undefined
    }
    const encrypt = (plaintext: string) =>
      during('encrypt', async () => {
        const answer = await send(kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from(plaintext) })))
        key.blobs.push({ blob: answer.CiphertextBlob!, plaintext })
      })
    await encrypt(`before rotation ${step}`)
    await during('rotate', async () => {
      await send(kms.send(new RotateKeyOnDemandCommand({ KeyId })))
      key.rotations++
    })
    await encrypt(`after rotation ${step}`)
    await during('tag', async () => {
      await send(kms.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'step', TagValue: String(step) }] })))
      key.tags.set('step', String(step))
    })
    await during('disable', async () => {
      await send(kms.send(new DisableKeyCommand({ KeyId })))
      key.enabled = false
    })
    if (step % 2 === 0)
      await during('enable', async () => {
        await send(kms.send(new EnableKeyCommand({ KeyId })))
        key.enabled = true
      })
  }
}

const check = async (kms: KMSClient, key: Noted): Promise<void> => {
  const { KeyId, Enabled } = (await kms.send(new DescribeKeyCommand({ KeyId: key.keyId }))).KeyMetadata!
  const either = key.doubt === 'enable' || key.doubt === 'disable'
  expect({ KeyId, Enabled }).toEqual({ KeyId: key.keyId, Enabled: either ? expect.any(Boolean) : key.enabled })
  const { Rotations } = await kms.send(new ListKeyRotationsCommand({ KeyId }))
  const rotations = [key.rotations, ...(key.doubt === 'rotate' ? [key.rotations + 1] : [])]
  expect(rotations).toContain(Rotations!.length)
  const { Tags } = await kms.send(new ListResourceTagsCommand({ KeyId }))
  for (const [TagKey, TagValue] of key.tags) expect(Tags).toContainEqual({ TagKey, TagValue })
  if (key.blobs.length === 0) return
  if (!Enabled) await kms.send(new EnableKeyCommand({ KeyId }))
  for (const { blob, plaintext } of key.blobs) {
    const { Plaintext } = await kms.send(new DecryptCommand({ CiphertextBlob: blob }))
    expect(Buffer.from(Plaintext!).toString()).toBe(plaintext)
  }
  if (!Enabled) await kms.send(new DisableKeyCommand({ KeyId }))
}

const connected = (url: string) =>
  new KMSClient({ endpoint: url, region: 'us-east-1', credentials: credentialsIn(folder), maxAttempts: 1 })

test(`${rounds} times kill -9 under ${clients} clients: nothing that was acknowledged is lost`, async () => {
  let before: Noted[] = []
  let keys = 0
  let ciphertexts = 0
  let last: number | string | undefined
  for (let round = 0; round <= rounds; round++) {
    const house = await houseProcess(folder)
    const kms = connected(house.url)
    for (const key of before) await check(kms, key)
    keys += before.length
    ciphertexts += before.reduce((sum, { blobs }) => sum + blobs.length, 0)
    if (round === rounds) {
      house.child.kill('SIGINT')
      last = await house.ended
      kms.destroy()
      break
    }
    const noted: Noted[] = []
    const running = Array.from({ length: clients }, async (_, client) => {
      try {
        await work(kms, noted, client)
      } catch (error) {
        // The house died under this client. A refusal, on the other hand, would be a failure of the house.
        if (error instanceof KMSServiceException && error.$metadata.httpStatusCode) throw error
      }
    })
    await sleep(200 + Math.random() * 800)
    house.child.kill('SIGKILL')
    await house.ended
    await Promise.all(running)
    kms.destroy()
    before = noted
  }

  await using log = await sqliteLog({ path: join(folder, 'ledger.db'), onFault: console.error })
  const onTrail = new Set<string>()
  let after = 0
  const heads = new Map<string, number>()
  for (;;) {
    const events = await log.all({ after, categories: ['house', 'account', 'key', 'alias', 'trail'], limit: 5000 })
    for (const event of events) {
      // No gap: each event's revision follows the one before it in its stream.
      expect(event.revision).toBe((heads.get(event.stream) ?? -1) + 1)
      heads.set(event.stream, event.revision)
      if (event.stream.startsWith('trail-')) onTrail.add((event.data as { requestID: string }).requestID)
    }
    if (events.length === 0) break
    after = events.at(-1)!.position
  }
  const missing = [...acknowledged].filter((requestId) => !onTrail.has(requestId))
  expect({ missing, last }).toEqual({ missing: [], last: 0 })
  expect(keys).toBeGreaterThan(rounds)
  console.log(
    `kill test: ${rounds} kills, ${keys} keys, ${ciphertexts} ciphertexts, ${acknowledged.size} requests: none lost`,
  )
}, 600_000)
