import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DecryptCommand, ListKeysCommand } from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import manifest from '../../services/standalone/package.json' with { type: 'json' }
import { credentialsIn, houseProcess } from '../support/process.ts'
import { signedBytes } from '../support/sign.ts'
import { connected, failed, folders, stop } from '../support/starts.ts'

/** The house as a person starts it: one command, what it says, what it leaves on the disk, and how it ends. */
const folder = folders()

describe('the first start and the second', () => {
  const data = folder('data')
  const mode = (name: string) => (statSync(join(data, name)).mode & 0o777).toString(8)
  let keyId: string
  let blob: Uint8Array

  test('it says where everything is, and its three lines are all that an SDK needs', async () => {
    const house = await houseProcess(data)
    try {
      const said = house.output()
      const row = (name: string) => new RegExp(`^ {2}${name} +(.*)$`, 'm').exec(said)?.[1]
      expect({
        version: row('version'),
        address: row('address'),
        'data folder': row('data folder'),
        regions: row('regions'),
        account: row('account'),
        credentials: row('credentials')?.split(' ')[0],
      }).toEqual({
        version: manifest.version,
        address: house.url,
        'data folder': data,
        regions: 'us-east-1, eu-west-1',
        account: '000000000000',
        credentials: join(data, 'credentials'),
      })
      expect(said).toContain('Move it to another disk')
      expect(said.trimEnd().split('\n').at(-1)).toBe(`keyledger ready at ${house.url}`)
      expect(house.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)

      const [environment, endpoints, command] = said.split('\n').filter((line) => /^(export|aws) /.test(line))
      expect(command).toBe(`aws kms create-key --endpoint-url ${house.url}`)
      const program = `import { CreateKeyCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
        import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
        const kms = new KMSClient()
        const { KeyMetadata: { KeyId } } = await kms.send(new CreateKeyCommand({}))
        const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('first') }))
        const { Arn } = await new STSClient().send(new GetCallerIdentityCommand())
        console.log(JSON.stringify({ KeyId, Arn, blob: Buffer.from(CiphertextBlob).toString('base64') }))`
      const script = `${environment}\n${endpoints}\nexec "$NODE" --input-type=module -e "$PROGRAM"`
      const pasted = execFileSync('sh', ['-ec', script], {
        // Nothing but what was pasted: the SDK must find its way by it alone.
        env: { PATH: process.env['PATH'], HOME: folder.root, NODE: process.execPath, PROGRAM: program },
        cwd: dirname(fileURLToPath(new URL('../package.json', import.meta.url))),
        encoding: 'utf8',
      })
      const made = JSON.parse(pasted) as { KeyId: string; Arn: string; blob: string }
      expect(made.Arn).toBe('arn:aws:iam::000000000000:user/admin')
      keyId = made.KeyId
      blob = Buffer.from(made.blob, 'base64')
    } finally {
      expect(await stop(house)).toBe(0)
    }
    expect(house.output().trimEnd().split('\n').at(-1)).toBe('keyledger is closing')
  })

  test('what it wrote is for its owner alone', () => {
    expect(['credentials', 'root.key', 'root.json', 'ledger.db', 'vault.db'].map((name) => [name, mode(name)])).toEqual(
      ['credentials', 'root.key', 'root.json', 'ledger.db', 'vault.db'].map((name) => [name, '600']),
    )
    expect(mode('.')).toBe('700')
  })

  test('the second start finds everything again, and makes nothing new', async () => {
    const before = ['credentials', 'root.key', 'root.json'].map((name) => readFileSync(join(data, name), 'utf8'))
    const house = await houseProcess(data)
    try {
      const kms = connected(house, credentialsIn(data))
      expect((await kms.send(new ListKeysCommand({}))).Keys!.map(({ KeyId }) => KeyId)).toEqual([keyId])
      const { Plaintext } = await kms.send(new DecryptCommand({ CiphertextBlob: blob }))
      expect(Buffer.from(Plaintext!).toString()).toBe('first')
      kms.destroy()
    } finally {
      expect(await stop(house, 'SIGTERM')).toBe(0)
    }
    const after = ['credentials', 'root.key', 'root.json'].map((name) => readFileSync(join(data, name), 'utf8'))
    expect(after).toEqual(before)
  })

  test('a second house on the same folder is turned away, and the first does not mind', async () => {
    const house = await houseProcess(data)
    try {
      expect(await failed(data)).toEqual({
        code: 1,
        stdout: '',
        stderr: `keyledger: another keyledger is running on the data folder ${data}\n`,
      })
      const kms = connected(house, credentialsIn(data))
      expect((await kms.send(new ListKeysCommand({}))).Keys).toHaveLength(1)
      kms.destroy()
    } finally {
      expect(await stop(house, 'SIGKILL')).toBe('SIGKILL')
    }
    // No lock is left behind, however the first one ended.
    const next = await houseProcess(data)
    expect(await stop(next)).toBe(0)
  })
})

test('that the key lies beside what it opens is said until it is moved, also where the start that made it failed', async () => {
  const data = folder('data')
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as { port: number }
  expect((await failed(data, { KEYLEDGER_PORT: String(port) })).code).toBe(2)
  taken.close()
  const told = async (environment: Record<string, string> = {}) => {
    const house = await houseProcess(data, environment)
    await stop(house)
    return house.output()
  }
  const key = join(data, 'root.key')
  for (let start = 0; start < 2; start++)
    expect(await told()).toContain(`lies beside what it opens: ${key}\n  Move it to another disk`)
  expect(await told({ KEYLEDGER_LOG: 'info' })).toContain(`"keyFileBeside":"${key}"`)

  // A folder whose name begins as the data folder's does is another one.
  mkdirSync(`${data}-seal`)
  renameSync(key, join(`${data}-seal`, 'root.key'))
  const moved = { KEYLEDGER_SEAL: `file:${data}-seal/root.key` }
  expect(await told(moved)).not.toContain('beside what it opens')
  expect(await told({ ...moved, KEYLEDGER_LOG: 'info' })).not.toContain('keyFileBeside')
})

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s lets requests under way finish and hangs up on all others',
  async (signal) => {
    const data = folder('data')
    const house = await houseProcess(data)
    const { host, port, hostname } = new URL(house.url)
    const idle = connect(Number(port), hostname)
    const idleEnded = new Promise((resolve) => idle.once('close', resolve))
    await new Promise((resolve) => idle.once('connect', resolve))
    const bytes = signedBytes({
      ...credentialsIn(data),
      host,
      target: 'TrentService.CreateKey',
      body: '{"Description":"under way"}',
      time: Date.now(),
    })
    const socket = connect(Number(port), hostname)
    let heard = ''
    socket.on('data', (chunk) => (heard += String(chunk)))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(bytes.subarray(0, bytes.length - 5))
    // The house has seen half of it when it has answered somebody who came later.
    const kms = connected(house, credentialsIn(data))
    await kms.send(new ListKeysCommand({}))
    await kms.send(new ListKeysCommand({}))
    house.child.kill(signal)
    await idleEnded
    await expect(kms.send(new ListKeysCommand({}))).rejects.toThrow(/./)
    socket.write(bytes.subarray(bytes.length - 5))
    await closed
    expect(heard).toMatch(/^HTTP\/1.1 200 /)
    expect(heard.toLowerCase()).toContain('connection: close')
    expect(heard).toContain('"Description":"under way"')
    expect(await house.ended).toBe(0)
    kms.destroy()
  },
)
