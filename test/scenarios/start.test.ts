import { execFileSync, spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import {
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
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
import { ConfigFault, config } from '@keyledger/command'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../services/standalone/package.json' with { type: 'json' }
import { filesIn } from '../support/files.ts'
import { alice } from '../support/house.ts'
import { leapingHouse } from '../support/leaping-house.ts'
import { type HouseProcess, credentialsIn, houseProcess } from '../support/process.ts'
import { signedBytes } from '../support/sign.ts'

/** The house as a person starts it: one command, what it says, what it leaves on the disk, and how it ends. */
const main = fileURLToPath(new URL('../../services/standalone/src/main.ts', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'keyledger-start-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const folder = (name: string) => join(mkdtempSync(join(root, 'case-')), name)

const stop = async ({ child, ended }: HouseProcess, signal: NodeJS.Signals = 'SIGINT') => {
  child.kill(signal)
  return ended
}

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A start that is to fail: what it said and how it ended. */
const failed = (data: string, environment: Record<string, string> = {}): Promise<Ended> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [main], {
      env: { PATH: process.env['PATH'], KEYLEDGER_DATA: data, KEYLEDGER_PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk)
      // It was not to come so far.
      if (stdout.includes('keyledger ready at')) child.kill('SIGKILL')
    })
    child.stderr.on('data', (chunk) => (stderr += String(chunk)))
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })

const connected = ({ url }: HouseProcess, credentials: { accessKeyId: string; secretAccessKey: string }) =>
  new KMSClient({ endpoint: url, region: 'us-east-1', credentials, maxAttempts: 1 })

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
        env: { PATH: process.env['PATH'], HOME: root, NODE: process.execPath, PROGRAM: program },
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
      expect(house.output()).not.toContain('Move it to another disk')
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

describe('a bad setting is one line and exit code 2', () => {
  const file = (name: string, text: string | Buffer) => {
    const path = folder(name)
    writeFileSync(path, text)
    return path
  }
  const seedOf = (seed: unknown) => file('seed.json', typeof seed === 'string' ? seed : JSON.stringify(seed))
  const user = { name: 'admin', accessKeyId: 'AKIASEEDSEEDSEEDSEED', secretAccessKey: 'a secret for the seed to keep' }
  const account = { id: '111122223333', users: [user] }
  const key = { account: '111122223333', region: 'us-east-1', keyId: '0b1c2d3e-4f50-6172-8394-a5b6c7d8e9fa' }
  const pem = (kind: string) => `-----BEGIN ${kind}-----\nAAAA\n-----END ${kind}-----\n`

  /** By what is wrong: the variables, the one at fault first. */
  const values: Record<string, Record<string, string>> = {
    'a name that is none': { KEYLEDGER_X: '1' },
    'a name in lower case': { KEYLEDGER_port: '1' },
    'a port that is no number': { KEYLEDGER_PORT: 'http' },
    'a port too high': { KEYLEDGER_PORT: '65536' },
    'a negative port': { KEYLEDGER_PORT: '-1' },
    'half a port': { KEYLEDGER_PORT: '80.5' },
    'an empty port': { KEYLEDGER_PORT: '' },
    'an empty host': { KEYLEDGER_HOST: '' },
    'an empty data folder': { KEYLEDGER_DATA: '' },
    'no region': { KEYLEDGER_REGIONS: '' },
    'a region that is none': { KEYLEDGER_REGIONS: 'us-east-1,mars' },
    'a region twice': { KEYLEDGER_REGIONS: 'us-east-1,us-east-1' },
    'a seal that is none': { KEYLEDGER_SEAL: 'hsm:1' },
    'a key file without a path': { KEYLEDGER_SEAL: 'file:' },
    'an empty passphrase': { KEYLEDGER_PASSPHRASE: '', KEYLEDGER_SEAL: 'passphrase' },
    'a certificate alone': { KEYLEDGER_TLS_CERT: file('cert.pem', pem('CERTIFICATE')) },
    'a certificate that is not there': { KEYLEDGER_TLS_CERT: '/nowhere', KEYLEDGER_TLS_KEY: '/nowhere' },
    'a certificate that is none': {
      KEYLEDGER_TLS_CERT: file('cert.pem', pem('CERTIFICATE')),
      KEYLEDGER_TLS_KEY: file('key.pem', pem('PRIVATE KEY')),
    },
    'a certificate that is a folder': { KEYLEDGER_TLS_CERT: root, KEYLEDGER_TLS_KEY: root },
    'a seed that is not there': { KEYLEDGER_SEED: '/nowhere' },
  }

  test.each(Object.keys(values))('%s', (name) => {
    const environment = values[name]!
    const refused = () => config(environment)
    expect(refused).toThrow(ConfigFault)
    expect(refused).toThrow(new RegExp(`^[^\\n]*${Object.keys(environment)[0]}[^\\n]*$`))
  })

  const seeds: Record<string, unknown> = {
    'a seed that is no JSON': '{',
    'a seed without accounts': {},
    'a seed with an account that is none': { accounts: [{ id: '1' }] },
    'a seed with a member nobody knows': { accounts: [account], secrets: [] },
    'a seed with a short secret': { accounts: [{ ...account, users: [{ ...user, secretAccessKey: 'sh0rtSecret' }] }] },
    "a seed with a stranger's key": { accounts: [account], keys: [{ ...key, account: '444455556666' }] },
    'a seed with a key elsewhere': { accounts: [account], keys: [{ ...key, region: 'ap-south-1' }] },
    'a seed with a key id that is none': { accounts: [account], keys: [{ ...key, keyId: 'mine' }] },
    'a seed with material of 31 bytes': {
      accounts: [account],
      keys: [{ ...key, material: Buffer.alloc(31, 9).toString('base64') }],
    },
    'a seed with an alias of AWS': { accounts: [account], keys: [{ ...key, aliases: ['alias/aws/mine'] }] },
  }
  test.each(Object.keys(seeds))('%s', async (name) => {
    const refused = leapingHouse({ seed: seedOf(seeds[name]) })
    await expect(refused).rejects.toThrow(ConfigFault)
    await expect(refused).rejects.toThrow(/^KEYLEDGER_SEED[^\n]*$/)
    await expect(refused).rejects.not.toThrow(/sh0rtSecret|CQkJCQ/)
  })

  const starts: Record<string, Record<string, string>> = {
    'a name that is none': { KEYLEDGER_X: '1' },
    'a host that is nowhere': { KEYLEDGER_HOST: 'nowhere.invalid' },
    "somebody else's address": { KEYLEDGER_HOST: '192.0.2.1' },
    'a data folder that is a file': { KEYLEDGER_DATA: file('data', 'a file') },
    'a key file in a folder that is not there': { KEYLEDGER_SEAL: `file:${folder('nowhere/root.key')}` },
    'a passphrase that nobody can be asked for': { KEYLEDGER_SEAL: 'passphrase' },
    'a certificate that is none': {
      KEYLEDGER_TLS_CERT: file('cert.pem', pem('CERTIFICATE')),
      KEYLEDGER_TLS_KEY: file('key.pem', pem('PRIVATE KEY')),
    },
    'a seed that is a folder': { KEYLEDGER_SEED: root },
  }
  test.each(Object.keys(starts))('a start with %s', async (name) => {
    const environment = starts[name]!
    const { code, stdout, stderr } = await failed(folder('data'), environment)
    const variable = name.startsWith('a passphrase') ? 'KEYLEDGER_PASSPHRASE' : Object.keys(environment)[0]!
    expect({ code, stdout, line: stderr }).toEqual({
      code: 2,
      stdout: '',
      line: expect.stringMatching(new RegExp(`^keyledger: [^\\n]*${variable}[^\\n]*\\n$`)) as string,
    })
  })

  test('a port that is taken', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as { port: number }
    const { code, stdout, stderr } = await failed(folder('data'), { KEYLEDGER_PORT: String(port) })
    taken.close()
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(new RegExp(`^keyledger: [^\\n]*KEYLEDGER_PORT[^\\n]*${port}[^\\n]*\\n$`))
  })

  test('a bad seed, once mended, is a seed', async () => {
    const data = folder('data')
    expect((await failed(data, { KEYLEDGER_SEED: seedOf({ accounts: [] }) })).code).toBe(2)
    const house = await houseProcess(data, { KEYLEDGER_SEED: seedOf({ accounts: [account], keys: [key] }) })
    const kms = connected(house, user)
    expect((await kms.send(new ListKeysCommand({}))).Keys!.map(({ KeyId }) => KeyId)).toEqual([key.keyId])
    kms.destroy()
    expect(await stop(house)).toBe(0)
  })
})

describe('a seal that does not open', () => {
  const passphrase = { KEYLEDGER_SEAL: 'passphrase', KEYLEDGER_PASSPHRASE: 'correct horse battery staple' }
  const founded = async (environment: Record<string, string> = {}) => {
    const data = folder('data')
    const house = await houseProcess(data, environment)
    const kms = connected(house, credentialsIn(data))
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description: 'sealed' }))
    kms.destroy()
    await stop(house)
    return { data, KeyId: KeyMetadata!.KeyId! }
  }
  let byFile: Awaited<ReturnType<typeof founded>>
  let byPassphrase: typeof byFile
  beforeAll(async () => {
    ;[byFile, byPassphrase] = await Promise.all([founded(), founded(passphrase)])
  })
  /** The data folder of a closed house, for a test to spoil. */
  const copy = ({ data }: typeof byFile) => {
    const into = folder('data')
    cpSync(data, into, { recursive: true, mode: constants.COPYFILE_EXCL })
    return into
  }
  const cases: Record<
    string,
    { seal?: Record<string, string>; spoil(data: string): void; start?: Record<string, string>; says: RegExp }
  > = {
    'another key in root.key': {
      spoil: (data) => writeFileSync(join(data, 'root.key'), `${randomBytes(32).toString('hex')}\n`),
      says: /file:.*root\.key: /,
    },
    'no root.key': { spoil: (data) => rmSync(join(data, 'root.key')), says: /file:.*root\.key: / },
    'a root.key that is none': {
      spoil: (data) => writeFileSync(join(data, 'root.key'), 'not a key\n'),
      says: /file:.*root\.key: /,
    },
    'no root.json': {
      spoil: (data) => rmSync(join(data, 'root.json')),
      says: /file:.*root\.key: .*root\.json is missing/,
    },
    'no root.json and no root.key': {
      spoil: (data) => ['root.json', 'root.key'].forEach((name) => rmSync(join(data, name))),
      says: /file:.*root\.key: .*root\.json is missing/,
    },
    'a root.json that breaks off': {
      spoil: (data) => writeFileSync(join(data, 'root.json'), readFileSync(join(data, 'root.json')).subarray(0, 100)),
      says: /root\.json: /,
    },
    'a vault and no ledger, no root.json': {
      spoil: (data) => ['root.json', 'ledger.db'].forEach((name) => rmSync(join(data, name))),
      says: /file:.*root\.key: .*root\.json is missing/,
    },
    'a ledger and no vault, no root.json': {
      spoil: (data) => ['root.json', 'vault.db'].forEach((name) => rmSync(join(data, name))),
      says: /file:.*root\.key: .*root\.json is missing/,
    },
    'another seal than it was sealed by': {
      spoil: () => undefined,
      start: passphrase,
      says: /passphrase: .*sealed by file/,
    },
    'a wrong passphrase': {
      seal: passphrase,
      spoil: () => undefined,
      start: { ...passphrase, KEYLEDGER_PASSPHRASE: 'correct horse battery stable' },
      says: /passphrase: /,
    },
    'no root.json under a passphrase': {
      seal: passphrase,
      spoil: (data) => rmSync(join(data, 'root.json')),
      start: passphrase,
      says: /passphrase: .*root\.json is missing/,
    },
  }

  test.each(Object.keys(cases))('%s', async (name) => {
    const { seal = {}, spoil, start = seal, says } = cases[name]!
    const data = copy('KEYLEDGER_SEAL' in seal ? byPassphrase : byFile)
    spoil(data)
    const before = filesIn(data)
    const { code, stdout, stderr } = await failed(data, start)
    expect({ code, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 1, stdout: '', lines: 1 })
    expect(stderr).toMatch(says)
    expect(stderr).not.toContain('staple')
    expect(filesIn(data)).toEqual(before)
  })

  test("another house's root key opens none of the vault, and says so", async () => {
    const data = copy(byFile)
    const other = (await founded()).data
    for (const name of ['root.json', 'root.key']) writeFileSync(join(data, name), readFileSync(join(other, name)))
    const { code, stdout, stderr } = await failed(data)
    expect({ code, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 1, stdout: '', lines: 1 })
    expect(stderr).toContain('this vault was made under another root key')
  })

  test('put right again it opens as if nothing had been', async () => {
    const data = copy(byFile)
    const { KeyId } = byFile
    const rootKey = readFileSync(join(data, 'root.key'))
    rmSync(join(data, 'root.key'))
    expect((await failed(data)).code).toBe(1)
    // Moved elsewhere, as the greeting asks for.
    const elsewhere = folder('elsewhere/root.key')
    mkdirSync(dirname(elsewhere))
    writeFileSync(elsewhere, rootKey, { mode: 0o600 })
    const house = await houseProcess(data, { KEYLEDGER_SEAL: `file:${elsewhere}` })
    const kms = connected(house, credentialsIn(data))
    expect((await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.Description).toBe('sealed')
    kms.destroy()
    expect(await stop(house)).toBe(0)
    expect(existsSync(join(data, 'root.key'))).toBe(false)
  })
})

describe('a seed', () => {
  const { account, accessKeyId, secretAccessKey, name } = alice
  const keyId = '0b1c2d3e-4f50-6172-8394-a5b6c7d8e9fa'
  const multi = 'mrk-0123456789abcdef0123456789abcdef'
  const seeded = {
    accounts: [
      {
        id: account,
        users: [{ name, accessKeyId, secretAccessKey, policies: [{ Version: '2012-10-17', Statement: [] }] }],
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

  test('makes the same keys in two houses: each opens what the other sealed', async () => {
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
      const opened = await clients[1 - index]!.send(
        new DecryptCommand({ CiphertextBlob, EncryptionContext: { a: 'b' } }),
      )
      expect(Buffer.from(opened.Plaintext!).toString()).toBe(`of ${index}`)
    }
    const kms = clients[0]!
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: keyId }))
    expect([KeyMetadata!.Description, KeyMetadata!.Enabled]).toEqual(['from the seed', true])
    expect(
      (await kms.send(new ListAliasesCommand({ KeyId: keyId }))).Aliases!.map(({ AliasName }) => AliasName),
    ).toEqual(['alias/app', 'alias/other'])
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

  test('is applied once: a later start takes no notice of it', async () => {
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
  })
})
