import { type ChildProcess, type SpawnOptions, execFileSync, spawn } from 'node:child_process'
import { type Relay, relay } from './relay.ts'

/** A place where processes run, reached from the test at `address`. */
export interface Host {
  readonly address: string
  /** Starts a program there; the answer is the program itself, to be killed as it is. */
  run(command: string, args: readonly string[], options: SpawnOptions): ChildProcess
}

/** Two hosts, and between them a link that can be cut while the test still reaches both. */
export interface Network extends AsyncDisposable {
  readonly kind: 'network namespaces' | 'a relay on loopback'
  readonly hosts: readonly [Host, Host]
  /** How one host reaches a port of the other: over the link. */
  linkTo(host: 0 | 1, port: number): Promise<string>
  cut(): void
  mend(): void
}

const ip = (...args: readonly string[]) => void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
let made = 0

/** Two network namespaces: a bridge to the test, and a pair of interfaces that is the link between them. */
const namespaces = (): Network => {
  const tag = `kl${process.pid % 100_000}x${made++}`
  const net = (process.pid % 200) + 20
  const bridge = `${tag}b`
  const names = [`${tag}-0`, `${tag}-1`] as const
  const undo: (() => void)[] = []
  const close = () => {
    for (const step of undo.splice(0).toReversed())
      try {
        step()
      } catch {
        // Gone already: a namespace takes its interfaces along.
      }
  }
  try {
    ip('link', 'add', bridge, 'type', 'bridge')
    undo.push(() => ip('link', 'del', bridge))
    ip('addr', 'add', `10.77.${net}.1/24`, 'dev', bridge)
    ip('link', 'set', bridge, 'up')
    for (const [index, name] of names.entries()) {
      ip('netns', 'add', name)
      undo.push(() => ip('netns', 'del', name))
      ip('link', 'add', `${tag}v${index}`, 'type', 'veth', 'peer', 'name', 'up0', 'netns', name)
      ip('link', 'set', `${tag}v${index}`, 'master', bridge, 'up')
      ip('-n', name, 'addr', 'add', `10.77.${net}.${index + 2}/24`, 'dev', 'up0')
      for (const device of ['lo', 'up0']) ip('-n', name, 'link', 'set', device, 'up')
    }
    ip('-n', names[0], 'link', 'add', 'peer0', 'type', 'veth', 'peer', 'name', 'peer0', 'netns', names[1])
    for (const [index, name] of names.entries()) {
      ip('-n', name, 'addr', 'add', `10.78.${net}.${index + 2}/24`, 'dev', 'peer0')
      ip('-n', name, 'link', 'set', 'peer0', 'up')
    }
  } catch (error) {
    close()
    throw error
  }
  const host = (index: 0 | 1): Host => ({
    address: `10.77.${net}.${index + 2}`,
    run: (command, args, options) => spawn('ip', ['netns', 'exec', names[index], command, ...args], options),
  })
  return {
    kind: 'network namespaces',
    hosts: [host(0), host(1)],
    linkTo: (index, port) => Promise.resolve(`10.78.${net}.${index + 2}:${port}`),
    cut: () => ip('-n', names[0], 'link', 'set', 'peer0', 'down'),
    mend: () => ip('-n', names[0], 'link', 'set', 'peer0', 'up'),
    [Symbol.asyncDispose]: () => Promise.resolve(close()),
  }
}

/** Where the kernel lets nobody make namespaces: one host, and relays in the middle that can stop relaying. */
const relayed = (): Network => {
  const host: Host = { address: '127.0.0.1', run: (command, args, options) => spawn(command, args, options) }
  const ways: Relay[] = []
  return {
    kind: 'a relay on loopback',
    hosts: [host, host],
    linkTo: async (_, port) => {
      const way = await relay(port)
      ways.push(way)
      return way.address
    },
    cut: () => ways.forEach((way) => way.cut()),
    mend: () => ways.forEach((way) => way.mend()),
    [Symbol.asyncDispose]: async () => void (await Promise.all(ways.map((way) => way[Symbol.asyncDispose]()))),
  }
}

/** Namespaces where there may be any (Linux, root), else a relay. */
export const network = (): Network => {
  try {
    return namespaces()
  } catch {
    return relayed()
  }
}
