import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kms } from '@keyledger/command'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyOf, filesIn, sightings } from '../support/files.ts'
import { administrator, alice, bob } from '../support/house.ts'
import { type Member, type Operation, operationOf } from '../support/model.ts'
import { type HouseProcess, houseProcess } from '../support/process.ts'
import { asker, say } from '../support/raw.ts'

/**
 * Canaries go through every member of every operation that can carry a secret, well-formed and not, allowed and refused.
 * Afterwards none of them is in any file of the data folder, nor in anything the process printed.
 */
let folder: string
let data: string
let house: HouseProcess
const material = randomBytes(32)
const seedKey = '0b1c2d3e-4f50-6172-8394-a5b6c7d8e9fa'
const needles: Record<string, Uint8Array> = {
  'the seeded material': material,
  "alice's secret access key": Buffer.from(alice.secretAccessKey),
  "bob's secret access key": Buffer.from(bob.secretAccessKey),
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyledger-secrets-'))
  data = join(folder, 'data')
  const users = ({ name, accessKeyId, secretAccessKey }: typeof alice) => [
    { name, accessKeyId, secretAccessKey, policies: [administrator] },
  ]
  const seed = {
    accounts: [alice, bob].map((one) => ({ id: one.account, users: users(one) })),
    keys: [{ account: alice.account, region: 'us-east-1', keyId: seedKey, material: material.toString('base64') }],
  }
  writeFileSync(join(folder, 'seed.json'), JSON.stringify(seed))
  house = await houseProcess(data, {
    KEYLEDGER_SEED: join(folder, 'seed.json'),
    KEYLEDGER_SEAL: `file:${join(folder, 'root.key')}`,
  })
})
afterAll(async () => {
  house.child.kill('SIGKILL')
  await house.ended
  rmSync(folder, { recursive: true, force: true })
})

const ask = asker(
  () => house.url,
  () => Date.now(),
)

/** A text that is nowhere else, remembered under what it was used for. */
const canary = (use: string): string => {
  const text = `canary-${randomBytes(16).toString('hex')}`
  needles[use] = Buffer.from(text)
  return text
}
const blobOf = (text: string) => Buffer.from(text).toString('base64')

/** What a member can be made to carry, by how. */
const guisesOf = (name: string, member: Member): Readonly<Record<string, (text: string) => unknown>> => {
  if (name === 'GrantTokens')
    return {
      'as it should be': (text) => [text],
      'too long': (text) => [text + 'x'.repeat(9000)],
      'too many': (text) => Array.from({ length: 11 }, () => text),
      'not in a list': (text) => text,
      'in a structure': (text) => [{ [text]: text }],
    }
  if (name === 'Recipient')
    return {
      'as it should be': (text) => ({ AttestationDocument: blobOf(text) }),
      'not base64': (text) => ({ AttestationDocument: `${text}*` }),
      'not in a structure': (text) => text,
    }
  const wrapped = member.type === 'blob' ? blobOf : (text: string) => text
  return {
    'as it should be': wrapped,
    'too long': (text) => wrapped(text.repeat(200)),
    'not base64': (text) => `${text}*`,
    'in a list': (text) => [wrapped(text)],
    'in a structure': (text) => ({ [text]: wrapped(text) }),
  }
}
const secretMembers = ({ input }: Operation) =>
  Object.entries(input).filter(
    ([name, { type, sensitive }]) => type === 'blob' || sensitive || name === 'GrantTokens' || name === 'Recipient',
  )

test('what is secret in a request or an answer is in no file of the data folder and in no word of the process', async () => {
  const context = { EncryptionContext: { canary: 'no secret' } }
  const { CiphertextBlob: blob } = JSON.parse(
    (await ask('Encrypt', { KeyId: seedKey, Plaintext: blobOf(canary('the plaintext')), ...context })).body,
  ) as { CiphertextBlob: string }
  needles['the ciphertext'] = Buffer.from(blob, 'base64')

  // Enough for each operation to come as far as it can: what is missing or too much is one more refusal.
  const sound: Readonly<Record<string, unknown>> = {
    KeyId: seedKey,
    TargetKeyId: seedKey,
    DestinationKeyId: seedKey,
    Plaintext: blobOf('anything'),
    CiphertextBlob: blob,
    SourceEncryptionContext: context.EncryptionContext,
    ...context,
    NumberOfBytes: 32,
  }
  const carriers: string[] = []
  for (const operation of Object.keys(kms)) {
    const model = operationOf(operation)
    const known = Object.fromEntries(Object.entries(sound).filter(([name]) => name in model.input))
    for (const [name, member] of secretMembers(model)) {
      carriers.push(`${operation} ${name}`)
      for (const [how, guise] of Object.entries(guisesOf(name, member))) {
        const text = canary(`${operation}'s ${name} ${how}`)
        const { status } = await ask(operation, { ...known, [name]: guise(text) })
        expect(status).toBeLessThan(500)
      }
    }
    const text = canary(`a member that ${operation} does not have`)
    await ask(operation, { ...known, Secret: text, plaintext: blobOf(text), [text]: text })
    await ask(operation, `{"Plaintext":"${canary(`a body that breaks off, of ${operation}`)}`)
    await ask(
      operation,
      { ...known, Plaintext: blobOf(canary(`what ${operation} brings under a wrong signature`)) },
      { secretAccessKey: 'not the secret access key of alice' },
    )
    await ask(operation, known, { headers: { 'x-amz-security-token': canary(`the session token of ${operation}`) } })
    // Some of them are meant to take the key out of use.
    await ask('CancelKeyDeletion', { KeyId: seedKey })
    await ask('EnableKey', { KeyId: seedKey })
  }
  expect(carriers.toSorted()).toEqual([
    'CreateGrant GrantTokens',
    'Decrypt CiphertextBlob',
    'Decrypt GrantTokens',
    'Decrypt Recipient',
    'DescribeKey GrantTokens',
    'Encrypt GrantTokens',
    'Encrypt Plaintext',
    'GenerateDataKey GrantTokens',
    'GenerateDataKey Recipient',
    'GenerateDataKeyWithoutPlaintext GrantTokens',
    'GenerateRandom Recipient',
    'ReEncrypt CiphertextBlob',
    'ReEncrypt GrantTokens',
    'RetireGrant GrantToken',
  ])

  const answers = await Promise.all([
    ask('GenerateDataKey', { KeyId: seedKey, NumberOfBytes: 64, ...context }),
    ask('GenerateDataKey', { KeyId: seedKey, KeySpec: 'AES_256' }),
    ask('GenerateDataKeyWithoutPlaintext', { KeyId: seedKey, KeySpec: 'AES_256' }),
    ask('GenerateRandom', { NumberOfBytes: 64 }),
    ask('ReEncrypt', {
      CiphertextBlob: blob,
      SourceEncryptionContext: context.EncryptionContext,
      DestinationKeyId: seedKey,
    }),
    ask('Decrypt', { CiphertextBlob: blob, ...context }),
    ask('CreateGrant', { KeyId: seedKey, GranteePrincipal: '111122223333', Operations: ['Encrypt'] }),
  ])
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
  answers.forEach(({ body }, index) => {
    const { Plaintext, CiphertextBlob, GrantToken } = JSON.parse(body) as Readonly<Record<string, string>>
    if (GrantToken) needles[`the grant token of answer ${index}`] = Buffer.from(GrantToken)
    if (Plaintext) needles[`the plaintext of answer ${index}`] = Buffer.from(Plaintext, 'base64')
    if (CiphertextBlob) needles[`the ciphertext of answer ${index}`] = Buffer.from(CiphertextBlob, 'base64')
  })

  for (const authorization of [
    `Bearer ${canary('a bearer token')}`,
    canary('an authorization header that is nothing but a secret'),
    `Basic ${blobOf(`alice:${canary('a basic password')}`)}`,
    `AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=${canary('what stands for a signature')}`,
  ])
    expect((await say(house.url, { headers: { authorization }, body: '{}' })).status).toBe(400)
  await say(house.url, {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `Action=GetCallerIdentity&Password=${canary('a form field')}`,
  })
  await say(house.url, {
    path: `/?X-Amz-Signature=${canary('a query')}&X-Amz-Security-Token=${canary('a token in a query')}`,
    headers: {},
    body: '{}',
  })

  const everywhere = () => {
    using copy = copyOf(data)
    const files = new Map([...filesIn(copy.folder), ['what it printed', Buffer.from(house.output())]])
    // The credentials file is there to hold the first user's secret access key, and nothing else.
    return sightings(files, needles).filter((seen) => seen !== "credentials: alice's secret access key")
  }
  // What is looked for can be found: the context, which is no secret, stands on the trail.
  using copy = copyOf(data)
  expect(sightings(filesIn(copy.folder), { context: Buffer.from('"encryptionContext":{"canary"') })).not.toEqual([])
  expect(everywhere()).toEqual([])

  house.child.kill('SIGINT')
  expect(await house.ended).toBe(0)
  expect(everywhere()).toEqual([])
})
