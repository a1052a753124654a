import { randomBytes } from 'node:crypto'
import {
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { CreateKeyCommand, DescribeKeyCommand, ListKeysCommand } from '@aws-sdk/client-kms'
import { ConfigFault, config } from '@keyledger/command'
import { beforeAll, describe, expect, test } from 'vitest'
import { filesIn } from '../support/files.ts'
import { leapingHouse } from '../support/leaping-house.ts'
import { administrator } from '../support/house.ts'
import { credentialsIn, houseProcess } from '../support/process.ts'
import { connected, failed, folders, stop } from '../support/starts.ts'

/** Starts that must not be: one line that says why, and everything left as it was. */
const folder = folders()

describe('a bad setting is one line and exit code 2', () => {
  const file = (name: string, text: string | Buffer) => {
    const path = folder(name)
    writeFileSync(path, text)
    return path
  }
  const seedOf = (seed: unknown) => file('seed.json', typeof seed === 'string' ? seed : JSON.stringify(seed))
  const user = {
    name: 'admin',
    accessKeyId: 'AKIASEEDSEEDSEEDSEED',
    secretAccessKey: 'a secret for the seed to keep',
    policies: [administrator],
  }
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
    'a certificate that is a folder': { KEYLEDGER_TLS_CERT: folder.root, KEYLEDGER_TLS_KEY: folder.root },
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
    'a seed with an alias twice': { accounts: [account], keys: [{ ...key, aliases: ['alias/a', 'alias/a'] }] },
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
    'a seed that is a folder': { KEYLEDGER_SEED: folder.root },
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

  test('a bad seed founds nothing, and once mended is a seed', async () => {
    const data = folder('data')
    expect((await failed(data, { KEYLEDGER_SEED: seedOf({ accounts: [] }) })).code).toBe(2)
    expect(readdirSync(data)).toEqual(['lock'])
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

  test.each(['ledger.db', 'vault.db'])('a folder that lost its %s is no place to begin anew', async (name) => {
    const data = copy(byFile)
    const lost = folder(name)
    renameSync(join(data, name), lost)
    const { code, stdout, stderr } = await failed(data)
    expect({ code, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 1, stdout: '', lines: 1 })
    expect(stderr).toContain(`${name} is missing`)
    expect(existsSync(join(data, name))).toBe(false)
    renameSync(lost, join(data, name))
    const house = await houseProcess(data)
    const kms = connected(house, credentialsIn(data))
    expect((await kms.send(new DescribeKeyCommand({ KeyId: byFile.KeyId }))).KeyMetadata!.Description).toBe('sealed')
    kms.destroy()
    expect(await stop(house)).toBe(0)
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
