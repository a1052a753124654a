import { Redis, type RedisOptions } from 'ioredis'

/** Redis cannot be reached, or does not answer in time. Jobs wait. */
export class RedisAway extends Error {
  override readonly name = 'RedisAway'
}

/** Redis is set up so that it may throw jobs away. */
export class RedisEvicts extends Error {
  override readonly name = 'RedisEvicts'
  constructor(where: string, policy: string) {
    super(
      `the Redis at ${where} has maxmemory-policy ${policy}: it throws jobs away when its memory is full; ` +
        'set maxmemory-policy to noeviction',
    )
  }
}

interface Options {
  readonly url: string
  /** A key that nothing else uses: it is there as long as nothing was lost. */
  readonly sentinel: string
  /** Milliseconds between two looks for a flush. */
  readonly watch: number
  /** Once for each time that Redis goes away, and for whatever else it says. */
  readonly onFault: (fault: unknown) => void
  /** Redis came (back), or was emptied. */
  readonly onLost: () => void
}

export interface RedisServer extends Disposable {
  /** For short commands: fails at once while Redis is away. */
  readonly client: Redis
  /** For a worker, which waits for ever; it and what was made of it are told of errors through `fault`. */
  readonly patient: Redis
  /** Resolves when Redis was reached, or was not. */
  readonly tried: Promise<void>
  /** Throws RedisAway while it is away. */
  reached(): void
  /** Reached, and set up as it must be. */
  ready(): boolean
  fault(error: unknown): void
}

/** Commands that are answered later than this are failures, milliseconds. */
const patience = 5000

/**
 * A Redis that may come and go. Everything that could be lost there is watched by a *sentinel*: the time at which somebody
 * found the place empty. Another sentinel, or a new connection (a restart from an older snapshot keeps the
 * sentinel), tells that jobs may be gone.
 */
export const redisServer = ({ url, sentinel, watch, onFault, onLost }: Options): RedisServer => {
  const common = {
    // BullMQ reads lists and strings; RESP3 has maps and doubles where it expects them.
    protocol: 2,
    retryStrategy: (times: number) => Math.min(50 * 2 ** times, 2000),
    connectTimeout: patience,
    // A server that vanished without a word keeps its connections for ever; no blocking command is longer than 10 s.
    socketTimeout: 30_000,
  } satisfies RedisOptions
  const client = new Redis(url, {
    ...common,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: patience,
  })
  const patient = new Redis(url, { ...common, maxRetriesPerRequest: null })
  const { host, port } = client.options
  const where = `${host}:${port}`
  let known: string | undefined
  let away = false
  let evicting: string | undefined
  let closed = false
  const tried = Promise.withResolvers<void>()

  const fault = (error: unknown) => {
    if (closed) return
    if (client.status === 'ready') return onFault(error)
    // Each attempt to connect fails for the same reason: once is enough.
    if (away) return
    away = true
    tried.resolve()
    onFault(new RedisAway(`Redis at ${where} is away; jobs wait until it is back`, { cause: error }))
  }

  /** Looks whether everything is still there; `came`: nobody knows, so it may not be. */
  const look = async (came: boolean): Promise<void> => {
    const [seconds, microseconds] = await client.time()
    const place = client.multi().set(sentinel, `${seconds}.${microseconds}`, 'NX').get(sentinel)
    const now = String((await place.exec())?.[1]?.[1])
    const lost = came || now !== known
    known = now
    if (lost && !closed) onLost()
  }

  const check = async (): Promise<void> => {
    const policy = /^maxmemory_policy:(\S+)/m.exec(await client.info('memory'))?.[1]
    evicting = policy === undefined || policy === 'noeviction' ? undefined : policy
    if (evicting !== undefined) onFault(new RedisEvicts(where, evicting))
  }

  for (const each of [client, patient]) each.on('error', fault)
  client.on('ready', () => {
    away = false
    check().catch(fault)
    look(true).then(tried.resolve, fault)
  })
  client.on('close', () => fault(new Error('the connection was closed')))
  // By the system's time, as Redis' own: a clock that a test holds still must not hide a flush.
  const looking = setInterval(() => {
    if (client.status === 'ready') look(false).catch(fault)
  }, watch).unref()

  return {
    client,
    patient,
    tried: tried.promise,
    reached: () => {
      if (client.status !== 'ready') throw new RedisAway(`Redis at ${where} is away`)
    },
    ready: () => client.status === 'ready' && evicting === undefined,
    fault,
    [Symbol.dispose]: () => {
      closed = true
      clearInterval(looking)
      client.disconnect()
      patient.disconnect()
    },
  }
}
