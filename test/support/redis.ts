/* oxlint-disable vitest/no-conditional-tests, vitest/valid-title, vitest/expect-expect -- a suite that is not there says why */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { describe, test } from 'vitest'

/** A Redis that a test may use, and (if it is the test's own) put through anything. */
export interface TestRedis extends AsyncDisposable {
  readonly url: string
  /** A client for the test's own questions. */
  readonly client: Redis
  flush(): Promise<void>
}
export interface OwnRedis extends TestRedis {
  /** kill -9. What it keeps is in its memory alone, unless it was opened with `durable`. */
  kill(): Promise<void>
  /** Starts it again, on the same port. */
  start(): Promise<void>
}

const binary = (process.env['PATH'] ?? '')
  .split(delimiter)
  .concat('/usr/bin')
  .map((folder) => join(folder, 'redis-server'))
  .find((path) => existsSync(path))

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })

const clientOf = (url: string) => {
  const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 20 })
  // While the server is down on purpose this client has nothing to say.
  client.on('error', () => {})
  return client
}

/** A redis-server of the test's own, on a free loopback port, in a folder that goes with it. */
export const ownRedis = async ({ durable = false, settings = [] as readonly string[] } = {}): Promise<OwnRedis> => {
  if (binary === undefined) throw new Error('there is no redis-server here')
  const folder = await mkdtemp(join(tmpdir(), 'keyledger-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  let server: ChildProcess | undefined

  const start = async () => {
    const keeping = durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--save', '']
    const place = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder]
    server = spawn(binary, [...place, ...keeping, ...settings], { stdio: 'ignore' })
    const probe = clientOf(url)
    await probe.ping()
    probe.disconnect()
  }
  const kill = async () => {
    const dying = server
    server = undefined
    if (!dying) return
    const gone = new Promise((resolve) => dying.once('exit', resolve))
    dying.kill('SIGKILL')
    await gone
  }
  await start()
  const client = clientOf(url)
  return {
    url,
    client,
    flush: async () => void (await client.flushall()),
    kill,
    start,
    [Symbol.asyncDispose]: async () => {
      client.disconnect()
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The Redis at REDIS_URL, or one of the test's own. */
export const anyRedis = async (): Promise<TestRedis> => {
  const url = process.env['REDIS_URL']
  if (!url) return ownRedis()
  const client = clientOf(url)
  return {
    url,
    client,
    // Somebody else's may lie beside it.
    flush: async () => {
      const keys = await client.keys('keyledger:*')
      if (keys.length > 0) await client.del(...keys)
    },
    [Symbol.asyncDispose]: async () => client.disconnect(),
  }
}

/**
 * A suite that needs Redis, and says by name how to have it where it is missing; in CI that is a failure. `own`: one that it may
 * kill, so a redis-server of its own.
 */
export const withRedis = (title: string, suite: () => void, { own = false } = {}): void => {
  const missing = binary === undefined && (own || !process.env['REDIS_URL'])
  const how = own ? 'apt-get install redis-server' : 'apt-get install redis-server, or REDIS_URL=redis://...'
  if (!missing)
    describe(title, () => {
      suite()
    })
  else
    test(`${title} (needs Redis: ${how})`, { skip: !process.env['CI'] }, () => {
      throw new Error(`there is no Redis here: ${how}`)
    })
}

/** Waits, by the system's time, for what other processes bring about; what it waits for is in the error. */
export const until = async (
  what: string,
  happened: () => boolean | Promise<boolean>,
  patience = 60_000,
): Promise<void> => {
  for (const start = performance.now(); !(await happened()); await pause(10))
    if (performance.now() - start > patience) throw new Error(`not within ${patience / 1000} s: ${what}`)
}
