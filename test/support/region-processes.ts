import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KMSClient } from '@aws-sdk/client-kms'
import { administrator, alice } from './house.ts'
import type { Host, Network } from './network.ts'

const main = fileURLToPath(new URL('region-main.ts', import.meta.url))
const identityMain = fileURLToPath(new URL('../../services/standalone/src/identity.ts', import.meta.url))

const ports = { kms: 4577, link: 4579, redis: 6390 }

/** One region: a house with a ledger, a vault and a root key of its own, and a Redis of its own, on a host of its own. */
export interface RegionProcesses {
  readonly name: string
  readonly folder: string
  readonly kms: KMSClient
  /** What the house said, on all its lives. */
  readonly said: () => string
  start(): Promise<void>
  /** `kill -9`, then waits until it is dead. */
  killHouse(): Promise<void>
  killRedis(): Promise<void>
  startRedis(): Promise<void>
  flushRedis(): Promise<void>
  moveTo(offset: number): Promise<void>
  end(): Promise<void>
}

const killed = async (child: ChildProcess | undefined, signal: NodeJS.Signals = 'SIGKILL') => {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

/** Resolves with what `pattern` found in the child's output; rejects with the output if it ends before. */
const heard = (child: ChildProcess, pattern: RegExp, note: (text: string) => void): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    const hear = (chunk: Buffer) => {
      text += String(chunk)
      note(String(chunk))
      const found = pattern.exec(text)
      if (found) resolve(found[1] ?? found[0])
    }
    child.stdout!.on('data', hear)
    child.stderr!.on('data', hear)
    child.once('exit', (code, signal) => reject(new Error(`ended with ${signal ?? code}:\n${text}`)))
  })

interface Setting {
  readonly name: string
  readonly host: Host
  readonly index: 0 | 1
  readonly port: (base: number) => number
  readonly folder: string
  readonly clock: { offset: number }
  /** The file of KEYLEDGER_PEERS. */
  readonly peers: string
}

const region = ({ name, host, port, folder, clock, peers }: Setting): RegionProcesses => {
  let house: ChildProcess | undefined
  let redis: ChildProcess | undefined
  let output = ''
  const bind = host.address
  const redisUrl = `redis://127.0.0.1:${port(ports.redis)}`
  const environment = {
    PATH: process.env['PATH'],
    KEYLEDGER_HOST: bind,
    KEYLEDGER_PORT: String(port(ports.kms)),
    KEYLEDGER_DATA: join(folder, 'data'),
    KEYLEDGER_REGIONS: name,
    KEYLEDGER_SEED: join(folder, 'seed.json'),
    KEYLEDGER_REDIS: redisUrl,
    KEYLEDGER_PEERS: peers,
    KEYLEDGER_LINK_HOST: '0.0.0.0',
    KEYLEDGER_LINK_PORT: String(port(ports.link)),
  }
  const kms = new KMSClient({
    endpoint: `http://${bind}:${port(ports.kms)}`,
    region: name,
    credentials: alice,
    maxAttempts: 1,
  })
  Object.defineProperty(kms.config, 'systemClockOffset', { get: () => clock.offset, set: () => {} })

  const startRedis = async () => {
    const options = ['--port', String(port(ports.redis)), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    redis = host.run('/usr/bin/redis-server', [...options, '--maxmemory-policy', 'noeviction', '--dir', folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    await heard(redis, /Ready to accept connections/, () => undefined)
  }
  return {
    name,
    folder,
    kms,
    said: () => output,
    start: async () => {
      const stdio = ['pipe', 'pipe', 'pipe'] as const
      house = host.run(process.execPath, [main, String(clock.offset)], { env: environment, stdio: [...stdio] })
      await heard(house, /^keyledger ready at (\S+)$/m, (text) => (output += text))
    },
    killHouse: () => killed(house),
    killRedis: () => killed(redis),
    startRedis,
    flushRedis: async () => {
      const cli = host.run('/usr/bin/redis-cli', ['-p', String(port(ports.redis)), 'flushall'], { stdio: 'ignore' })
      await once(cli, 'exit')
    },
    moveTo: async (offset) => {
      if (!house || house.exitCode !== null || house.signalCode !== null) return
      const moved = heard(house, new RegExp(`^offset ${offset}$`, 'm'), () => undefined)
      house.stdin!.write(`${offset}\n`)
      await moved
    },
    end: async () => {
      kms.destroy()
      await killed(house, 'SIGTERM')
      await killed(redis)
    },
  }
}

export interface TwoRegions extends AsyncDisposable {
  readonly regions: readonly [RegionProcesses, RegionProcesses]
  readonly clock: { offset: number }
  /** Moves both regions' clocks, and the clients'. */
  advance(milliseconds: number): Promise<void>
}

/** Two regions that know each other, started, each in a folder of its own. */
export const twoRegions = async (folder: string, net: Network): Promise<TwoRegions> => {
  const clock = { offset: 0 }
  const names = ['us-east-1', 'eu-west-1'] as const
  // On hosts of their own the usual ports; on one host every process needs another.
  const base = 20_000 + Math.floor((process.pid % 400) * 100)
  const port = (index: 0 | 1) => (usual: number) =>
    net.kind === 'network namespaces' ? usual : base + (usual % 50) + index * 50
  const { name, accessKeyId, secretAccessKey } = alice
  const user = { name, accessKeyId, secretAccessKey, policies: [administrator] }
  const made = await Promise.all(
    ([0, 1] as const).map(async (index) => {
      const own = join(folder, names[index])
      await mkdir(own, { recursive: true })
      await writeFile(join(own, 'seed.json'), JSON.stringify({ accounts: [{ id: alice.account, users: [user] }] }))
      const setting = { name: names[index], host: net.hosts[index], index, port: port(index), folder: own, clock }
      return { ...setting, peers: join(own, 'peers.json') }
    }),
  )
  const identities = await Promise.all(
    made.map(async ({ host, folder: own }) => {
      const env = { PATH: process.env['PATH'], KEYLEDGER_DATA: join(own, 'data') }
      const child = host.run(process.execPath, [identityMain, '--make'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
      return heard(child, /^([\w-]{43})$/m, () => undefined)
    }),
  )
  for (const { index, peers } of made) {
    const other = index === 0 ? 1 : 0
    const url = `http://${await net.linkTo(other, port(other)(ports.link))}`
    await writeFile(peers, JSON.stringify([{ region: names[other], url, identity: identities[other] }]))
  }
  const [first, second] = made.map(region) as [RegionProcesses, RegionProcesses]
  const regions = [first, second] as const
  for (const one of regions) await one.startRedis()
  await Promise.all(regions.map((one) => one.start()))
  return {
    regions,
    clock,
    advance: async (milliseconds) => {
      clock.offset += milliseconds
      await Promise.all(regions.map((one) => one.moveTo(clock.offset)))
    },
    [Symbol.asyncDispose]: async () => {
      for (const one of regions) await one.end()
    },
  }
}
