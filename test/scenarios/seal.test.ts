import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { CreateKeyCommand, DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { openRoot, parseBlob, rootSeal, sqliteVault, unseal } from '@keyledger/crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { filesIn } from '../support/files.ts'
import { type HouseProcess, credentialsIn, houseProcess } from '../support/process.ts'

/** `npm run seal -- rotate`: another seal opens the root key, and nobody who uses the house notices. */
const program = fileURLToPath(new URL('../../services/standalone/src/seal.ts', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'keyledger-seal-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

type Environment = Record<string, string>
interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const sealing = (data: string, environment: Environment, ...args: string[]) => {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env['PATH'], KEYLEDGER_DATA: data, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => (stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
  return { child, ended }
}
const rotate = (data: string, to: string, environment: Environment = {}) =>
  sealing(data, environment, 'rotate', '--to', to).ended

const client = ({ url }: HouseProcess, data: string) =>
  new KMSClient({ endpoint: url, region: 'us-east-1', credentials: credentialsIn(data), maxAttempts: 1 })
const stop = async ({ child, ended }: HouseProcess) => {
  child.kill('SIGINT')
  expect(await ended).toBe(0)
}
const opens = async (kms: KMSClient, blobs: readonly Uint8Array[]) => {
  for (const blob of blobs) {
    const { Plaintext } = await kms.send(new DecryptCommand({ CiphertextBlob: blob }))
    expect(Buffer.from(Plaintext!).toString()).toBe('sealed')
  }
}

const data = join(root, 'data')
const file = (name: string) => join(root, name)
const passphrase = { KEYLEDGER_SEAL: 'passphrase', KEYLEDGER_PASSPHRASE: 'correct horse battery staple' }
const blobs: Uint8Array[] = []
let KeyId: string

/** Starts on these settings, opens all that was ever sealed, seals one more. */
const used = async (environment: Environment) => {
  const house = await houseProcess(data, environment)
  const kms = client(house, data)
  await opens(kms, blobs)
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('sealed') }))
  blobs.push(CiphertextBlob!)
  kms.destroy()
  await stop(house)
}
const turnedAway = (environment: Environment) => expect(houseProcess(data, environment)).rejects.toThrow(/ended with 1/)

beforeAll(async () => {
  const house = await houseProcess(data)
  const kms = client(house, data)
  KeyId = (await kms.send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('sealed') }))
  blobs.push(CiphertextBlob!)
  kms.destroy()
  await stop(house)
})

test('from one key file to another, the house closed', async () => {
  const before = filesIn(data)
  const to = `file:${file('second.key')}`
  expect(await rotate(data, to)).toEqual({
    code: 0,
    stdout: `the root key is sealed by ${to} now; start the house with KEYLEDGER_SEAL=${to}\n`,
    stderr: '',
  })
  expect(statSync(file('second.key')).mode & 0o777).toBe(0o600)
  // Customer data is not touched: nothing but root.json is another than before.
  const after = filesIn(data)
  expect([...after].filter(([name, bytes]) => !before.get(name)?.equals(bytes)).map(([name]) => name)).toEqual([
    'root.json',
  ])
  expect([...before.keys()].filter((name) => !after.has(name))).toEqual([])
  await turnedAway({})
  await used({ KEYLEDGER_SEAL: to })
})

test('from a key file to a passphrase and back, the house closed', async () => {
  const second = { KEYLEDGER_SEAL: `file:${file('second.key')}` }
  const toPassphrase = await rotate(data, 'passphrase', {
    ...second,
    KEYLEDGER_NEW_PASSPHRASE: passphrase.KEYLEDGER_PASSPHRASE,
  })
  expect(toPassphrase).toMatchObject({ code: 0, stderr: '' })
  await turnedAway(second)
  await turnedAway({ ...passphrase, KEYLEDGER_PASSPHRASE: 'another' })
  // The variable may stay set: a start takes it for the setting that it is.
  await used({ ...passphrase, KEYLEDGER_NEW_PASSPHRASE: passphrase.KEYLEDGER_PASSPHRASE })

  expect(await rotate(data, 'passphrase', { ...passphrase, KEYLEDGER_NEW_PASSPHRASE: 'a new one' })).toMatchObject({
    code: 0,
  })
  await turnedAway(passphrase)
  const renewed = { ...passphrase, KEYLEDGER_PASSPHRASE: 'a new one' }
  expect(await rotate(data, `file:${file('third.key')}`, renewed)).toMatchObject({ code: 0, stderr: '' })
  await turnedAway(renewed)
  await used({ KEYLEDGER_SEAL: `file:${file('third.key')}` })
}, 180_000)

test('while the house runs: it goes on as if nothing had been, and starts with the new seal alone', async () => {
  const from = { KEYLEDGER_SEAL: `file:${file('third.key')}` }
  const to = { KEYLEDGER_SEAL: `file:${file('fourth.key')}` }
  const house = await houseProcess(data, from)
  const kms = client(house, data)
  const enough = new AbortController()
  const using = (async () => {
    let count = 0
    for (; !enough.signal.aborted; count++) {
      const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('sealed') }))
      await opens(kms, [CiphertextBlob!])
      if (count % 10 === 0) blobs.push(CiphertextBlob!)
    }
    return count
  })()
  expect(await rotate(data, to.KEYLEDGER_SEAL, from)).toMatchObject({ code: 0, stderr: '' })
  // A key made after the rotation is as good as one made before.
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
  const later = await kms.send(new EncryptCommand({ KeyId: KeyMetadata!.KeyId!, Plaintext: Buffer.from('sealed') }))
  blobs.push(later.CiphertextBlob!)
  enough.abort()
  expect(await using).toBeGreaterThan(10)
  kms.destroy()
  await stop(house)
  await turnedAway(from)
  await used(to)
})

test('what cannot be done changes nothing and says why in one line', async () => {
  const now = { KEYLEDGER_SEAL: `file:${file('fourth.key')}` }
  const before = filesIn(data)
  const refusals: [Environment, string[], number, RegExp][] = [
    [now, ['rotate', '--to', now.KEYLEDGER_SEAL], 1, /sealed by this very key already/],
    [{ KEYLEDGER_SEAL: `file:${file('second.key')}` }, ['rotate', '--to', `file:${file('x.key')}`], 1, /another key/],
    [{ KEYLEDGER_SEAL: `file:${file('nowhere.key')}` }, ['rotate', '--to', `file:${file('x.key')}`], 1, /missing/],
    [passphrase, ['rotate', '--to', `file:${file('x.key')}`], 1, /sealed by file/],
    [now, ['rotate', '--to', 'hsm:1'], 1, /there is no such seal/],
    [now, ['rotate', '--to', 'passphrase'], 2, /no terminal to ask at/],
    [
      { ...now, KEYLEDGER_NEW_PASSPHRASE: '' },
      ['rotate', '--to', 'passphrase'],
      2,
      /KEYLEDGER_NEW_PASSPHRASE is empty/,
    ],
    [{ ...now, KEYLEDGER_X: '1' }, ['rotate', '--to', 'passphrase'], 2, /KEYLEDGER_X/],
  ]
  for (const [environment, args, code, says] of refusals) {
    const ended = await sealing(data, environment, ...args).ended
    expect([ended.code, ended.stdout, ended.stderr.trimEnd().split('\n').length]).toEqual([code, '', 1])
    expect(ended.stderr).toMatch(says)
    expect(filesIn(data)).toEqual(before)
  }
  for (const args of [[], ['rotate'], ['turn', '--to', 'passphrase']])
    expect(await sealing(data, now, ...args).ended).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('npm run seal') as string,
    })
}, 180_000)

test('killed at any moment it leaves at least one of the two seals able to open, and every ciphertext with it', async () => {
  const from = { KEYLEDGER_SEAL: `file:${file('fourth.key')}` }
  const intact = readFileSync(join(data, 'root.json'))
  /** Whether this seal opens the root key, and with it every ciphertext. */
  const opensBy = async ({ KEYLEDGER_SEAL }: typeof from): Promise<boolean> => {
    const seal = rootSeal(KEYLEDGER_SEAL, { passphrase: () => '' })
    const opened = await openRoot({ folder: data, seal, firstStart: false }).catch(() => undefined)
    if (!opened) return false
    await using vault = await sqliteVault({ path: join(data, 'vault.db'), root: opened, now: () => 0 })
    for (const blob of blobs) {
      using material = await vault.open('us-east-1', parseBlob(blob).materialId)
      const ours = await vault.locate('us-east-1', parseBlob(blob).materialId)
      if (unseal(material, ours!.keyId, blob).toString() !== 'sealed') return false
    }
    return true
  }
  // How long it takes unhindered, so that the kills fall into its work and not beside it.
  const began = performance.now()
  expect(await rotate(data, `file:${file('measured.key')}`, from)).toMatchObject({ code: 0 })
  let took = performance.now() - began

  let interrupted = 0
  for (let round = 0; round < 10; round++) {
    writeFileSync(join(data, 'root.json'), intact)
    const to = { KEYLEDGER_SEAL: `file:${file(`kill-${round}.key`)}` }
    const { child, ended } = sealing(data, from, 'rotate', '--to', to.KEYLEDGER_SEAL)
    // Half of the time is node's own start.
    await sleep((took * randomInt(50, 105)) / 100)
    child.kill('SIGKILL')
    if ((await ended).code === null) interrupted++
    // It was over before: the machine had more to do while it was measured.
    else took *= 0.8
    const opening = { from: await opensBy(from), to: await opensBy(to) }
    expect([opening.from, opening.to]).toContain(true)
    // Done again it comes to its end, whatever the kill left.
    expect(opening.from ? (await rotate(data, to.KEYLEDGER_SEAL, from)).code : 0).toBe(0)
    expect([await opensBy(from), await opensBy(to)]).toEqual([false, true])
  }
  expect(interrupted).toBeGreaterThan(0)
  await used({ KEYLEDGER_SEAL: `file:${file('kill-9.key')}` })
}, 180_000)
