import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

// The server has one core to itself and the load another, where the system can say so.
const canPin = process.platform === 'linux' && existsSync('/usr/bin/taskset') && availableParallelism() > 1
const pinned = (core: 0 | 1, args: readonly string[]): [string, string[]] =>
  canPin ? ['taskset', ['-c', String(core), process.execPath, ...args]] : [process.execPath, [...args]]
export const pinning = canPin ? 'server on core 0, load on core 1' : 'processes not pinned to cores'

/** What `npm start` tells node besides the program. */
const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly scripts: { readonly start: string }
}
const asStarted = (name: string): readonly string[] =>
  name === 'server.ts' ? (scripts.start.match(/ --[\w-]+(?:=\S+)?/g) ?? []).map((option) => option.trim()) : []

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url))

export interface Server extends AsyncDisposable {
  readonly port: number
  readonly startMs: number
  /** The answer to one line on the server's standard input. */
  ask<T>(question: string): Promise<T>
  readonly child: ChildProcess
}

/** Starts a server script and waits for its first line. */
export const serve = async (name: string, ...args: readonly string[]): Promise<Server> => {
  const [command, all] = pinned(0, ['--expose-gc', ...asStarted(name), script(name), ...args])
  const child = spawn(command, all, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${name} ended`)
    return JSON.parse(value as string)
  }
  const { port, startMs } = (await line()) as { port: number; startMs: number }
  return {
    port,
    startMs,
    child,
    ask: async (question) => {
      child.stdin.write(`${question}\n`)
      return (await line()) as never
    },
    [Symbol.asyncDispose]: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.stdin.end()
      setTimeout(() => child.kill(), name === 'echo.ts' ? 0 : 10_000).unref()
      await ended
    },
  }
}

export interface Load {
  readonly count: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly statuses: Readonly<Record<string, number>>
}

/** One round of load from a process of its own; throws unless every answer was 200. */
export const load = async (
  port: number,
  connections: number,
  seconds: number,
  requests: string,
  count?: number,
): Promise<Load> => {
  const asked = [port, connections, seconds, requests, ...(count === undefined ? [] : [count])].map(String)
  const [command, all] = pinned(1, [script('load.ts'), ...asked])
  const child = spawn(command, all, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  for await (const chunk of child.stdout) text += String(chunk)
  const result = JSON.parse(text) as Load
  if (Object.keys(result.statuses).join() !== '200') throw new Error(`not all answers were 200: ${text}`)
  return result
}

export const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
