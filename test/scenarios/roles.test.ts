import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  EncryptCommand,
  ListAliasesCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { eventStoreLog } from '@keyledger/ledger'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Program, ledgerDouble } from '../support/eventstore-double/program.ts'
import { type TestHouse, testHouse } from '../support/house.ts'
import { type HouseProcess, credentialsIn, houseProcess } from '../support/process.ts'
import { asker } from '../support/raw.ts'
import { ownRedis, until, withRedis } from '../support/redis.ts'
import { signed } from '../support/sign.ts'
import { connected, failed, folders, main, stop } from '../support/starts.ts'

/**
 * One program, several processes: which services run where is configuration. The ledger they share is the gRPC double in a
 * process of its own, as no EventStoreDB runs where there are no containers.
 */
const folder = folders()
const closing: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closing.toReversed()) await close()
})
const ledger = async (): Promise<Program> => {
  const double = await ledgerDouble()
  closing.push(() => double[Symbol.asyncDispose]())
  return double
}

/** What the processes of a region share. */
const region = (connection: string) => {
  const shared = folder('shared')
  return {
    shared,
    environment: {
      KEYLEDGER_LEDGER: connection,
      KEYLEDGER_VAULT: join(shared, 'vault.db'),
      KEYLEDGER_ADMIN_PORT: '0',
    },
  }
}
const running: HouseProcess[] = []
const started = async (...place: Parameters<typeof houseProcess>) => {
  const house = await houseProcess(...place)
  running.push(house)
  return house
}
afterAll(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await Promise.all(running.map(({ ended }) => ended))
})

const eventsOf = async (connection: string, stream: string) => {
  await using log = await eventStoreLog({ connection, staleness: 2000, onFault: () => undefined })
  return await log.read(stream)
}
const readiness = async (admin: string) => {
  const response = await fetch(`${admin}/readyz`)
  return { status: response.status, ...((await response.json()) as object) }
}

describe('the services of a house in processes of their own', () => {
  const day = 24 * 3600 * 1000
  let double: Program
  let front: TestHouse
  let back: TestHouse

  beforeAll(async () => {
    double = await ledger()
    const common = { ledger: double.connection, vault: join(folder('region'), 'vault.db') }
    front = await testHouse({ ...common, services: ['command'] })
    back = await testHouse({
      ...common,
      services: ['workers'],
      clock: front.clock,
      seal: `file:${front.folder}/root.key`,
    })
  })
  afterAll(async () => {
    await back[Symbol.asyncDispose]()
    await front[Symbol.asyncDispose]()
  })

  test('a process has what its services need', () => {
    expect([front.house.url, back.house.url]).toEqual([expect.stringMatching(/^http:/) as string, ''])
    expect([front.house.services, back.house.services]).toEqual([['command'], ['workers']])
    expect(readdirSync(join(back.folder, 'data')).filter((name) => name.endsWith('.db'))).toEqual([
      'projections.db',
      'workers.db',
    ])
    expect(readdirSync(join(front.folder, 'data')).filter((name) => name.endsWith('.db'))).toEqual(['projections.db'])
  })

  test('what one process is asked for, another does when it is due, and the first obeys', async () => {
    const kms = front.kms()
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
    const KeyId = KeyMetadata!.KeyId!
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/going', TargetKeyId: KeyId }))
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    await until('the workers have heard of it', async () => (await back.house.log.head()) > 0)
    await front.clock.advance(6 * day)
    expect((await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.KeyState).toBe('PendingDeletion')
    await front.clock.advance(2 * day)
    await until('the key is gone', () =>
      kms.send(new DescribeKeyCommand({ KeyId })).then(
        () => false,
        (error: Error) => error.name === 'NotFoundException',
      ),
    )
    await until('its alias is gone', async () =>
      (await kms.send(new ListAliasesCommand({}))).Aliases!.every((each) => each.AliasName !== 'alias/going'),
    )
    await back.house.jobs.settled()
    expect([...front.faults, ...back.faults]).toEqual([])
  })
})

describe('a region of processes, started in any order', () => {
  test('whoever is no founder waits, says on what, and can be stopped', async () => {
    const double = await ledger()
    const { environment } = region(double.connection)
    const port = 20_000 + (process.pid % 10_000)
    const child = spawn(process.execPath, [main], {
      env: {
        PATH: process.env['PATH'],
        ...environment,
        KEYLEDGER_DATA: folder('workers'),
        KEYLEDGER_SERVICES: 'workers',
        KEYLEDGER_ADMIN_PORT: String(port),
      },
      stdio: 'ignore',
    })
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)))
    const admin = `http://127.0.0.1:${port}`
    await until('it can be asked', () =>
      fetch(`${admin}/healthz`).then(
        (answer) => answer.ok,
        () => false,
      ),
    )
    await until('it waits for the founding', async () => {
      const { missing } = (await readiness(admin)) as { missing?: { part: string }[] }
      return missing?.every(({ part }) => part !== 'ledger') === true
    })
    expect(await readiness(admin)).toEqual({
      status: 503,
      ready: false,
      missing: [
        { part: 'house', why: 'is not known to be founded yet' },
        { part: 'vault', why: 'is not open yet' },
        { part: 'read models', why: 'are not caught up yet' },
        { part: 'jobs', why: 'are not taken yet' },
      ],
    })
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  test('one founds, the others find: one administrator, one root key, whoever was first', async () => {
    const double = await ledger()
    const { shared, environment } = region(double.connection)
    const roles = ['command', 'workers', 'command', 'projections', 'command']
    const houses = await Promise.all(
      roles.map((KEYLEDGER_SERVICES, index) =>
        started(folder(`${KEYLEDGER_SERVICES}-${index}`), { ...environment, KEYLEDGER_SERVICES }),
      ),
    )
    const foundings = await eventsOf(double.connection, 'house')
    expect(foundings.map(({ type }) => type)).toEqual(['HouseFounded'])
    expect(readFileSync(join(shared, 'founded'), 'utf8')).toBe(foundings[0]!.id)
    const credentials = credentialsIn(shared)
    const keys = (await eventsOf(double.connection, 'account-000000000000')).filter(
      ({ type }) => type === 'AccessKeyCreated',
    )
    expect(keys.map(({ data }) => (data as { accessKeyId: string }).accessKeyId)).toEqual([credentials.accessKeyId])

    const fronts = houses.filter(({ url }) => url !== '')
    expect(fronts).toHaveLength(3)
    const clients = fronts.map((house) => connected(house, credentials))
    const { KeyMetadata } = await clients[0]!.send(new CreateKeyCommand({}))
    for (const kms of clients) {
      await kms.send(new EncryptCommand({ KeyId: KeyMetadata!.KeyId!, Plaintext: Buffer.from('x') }))
      kms.destroy()
    }
    expect(await Promise.all(houses.map(({ admin }) => readiness(admin!)))).toEqual(
      houses.map(() => ({ status: 200, ready: true })),
    )
    // Keys, secrets and whoever may make them lie in one place: beside the vault.
    expect(
      readdirSync(shared)
        .filter((name) => !/-(?:wal|shm)$/.test(name))
        .toSorted(),
    ).toEqual(['credentials', 'founded', 'founding.lock', 'root.json', 'root.key', 'vault.db'])
    for (const house of houses) expect(await stop(house)).toBe(0)
  })
})

describe('a ledger that cannot be read', () => {
  let double: Program
  let house: HouseProcess
  let credentials: { accessKeyId: string; secretAccessKey: string }
  let shared: string

  beforeAll(async () => {
    double = await ledger()
    const one = region(double.connection)
    shared = one.shared
    house = await started(folder('command'), {
      ...one.environment,
      KEYLEDGER_SERVICES: 'command',
      KEYLEDGER_STALENESS: '500',
    })
    credentials = credentialsIn(shared)
  })

  const form = async (service: 'sts' | 'iam', body: string) => {
    const { host } = new URL(house.url)
    const headers = signed({
      ...credentials,
      host,
      body,
      service,
      time: Date.now(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    const response = await fetch(house.url, { method: 'POST', headers, body })
    return { status: response.status, code: /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1] }
  }

  test('every service refuses in its own words, readiness says why, and all go on when it is back', async () => {
    const person = { ...credentials, account: '000000000000', name: 'admin' }
    const ask = asker(
      () => house.url,
      () => Date.now(),
    )
    expect(await ask('ListKeys', {}, { person })).toMatchObject({ status: 200 })
    double.child.kill('SIGSTOP')
    try {
      await sleep(600)
      const [kms, sts, iam, ready] = await Promise.all([
        ask('ListKeys', {}, { person }),
        form('sts', 'Action=GetCallerIdentity&Version=2011-06-15'),
        form('iam', 'Action=ListUsers&Version=2010-05-08'),
        readiness(house.admin!),
      ])
      expect([kms.status, kms.body]).toEqual([500, '{"__type":"KMSInternalException"}'])
      expect(sts).toEqual({ status: 500, code: 'InternalFailure' })
      expect(iam).toEqual({ status: 500, code: 'ServiceFailure' })
      expect(ready).toMatchObject({
        status: 503,
        missing: expect.arrayContaining([expect.objectContaining({ part: 'ledger' })]) as unknown,
      })
      // Alive all the while: nobody should restart it.
      expect((await fetch(`${house.admin}/healthz`)).status).toBe(200)
      expect((await fetch(`${house.admin}/metrics`)).status).toBe(200)
    } finally {
      double.child.kill('SIGCONT')
    }
    await until('it answers again', async () => (await ask('ListKeys', {}, { person })).status === 200)
    await until('it is ready again', async () => (await readiness(house.admin!)).status === 200)
  })
})

describe('what does not belong together does not start', () => {
  const lines = (text: string) => text.trimEnd().split('\n').length
  let double: Program
  let shared: string
  let environment: Record<string, string>
  beforeAll(async () => {
    double = await ledger()
    ;({ shared, environment } = region(double.connection))
    const house = await started(folder('command'), environment)
    const kms = connected(house, credentialsIn(shared))
    await kms.send(new CreateKeyCommand({}))
    kms.destroy()
    expect(await stop(house)).toBe(0)
  })

  test('a vault beside an empty ledger', async () => {
    const other = await ledger()
    const { code, stdout, stderr } = await failed(folder('data'), {
      ...environment,
      KEYLEDGER_LEDGER: other.connection,
    })
    expect({ code, stdout, lines: lines(stderr) }).toEqual({ code: 1, stdout: '', lines: 1 })
    expect(stderr).toContain(`${other.connection} is missing in ${shared}`)
    expect(await eventsOf(other.connection, 'house')).toEqual([])
  })

  test("a vault beside another house's ledger", async () => {
    const other = await ledger()
    const elsewhere = region(other.connection)
    expect(await stop(await started(folder('command'), elsewhere.environment))).toBe(0)
    for (const services of ['command', 'workers']) {
      const { code, stdout, stderr } = await failed(folder('data'), {
        ...environment,
        KEYLEDGER_LEDGER: other.connection,
        KEYLEDGER_SERVICES: services,
      })
      expect({ code, stdout, lines: lines(stderr) }).toEqual({ code: 1, stdout: '', lines: 1 })
      expect(stderr).toContain('is the ledger of another house')
    }
  })

  test('a ledger without its vault', async () => {
    const copy = folder('lost')
    mkdirSync(copy)
    for (const name of ['root.json', 'root.key', 'founded']) cpSync(join(shared, name), join(copy, name))
    const { code, stderr } = await failed(folder('data'), { ...environment, KEYLEDGER_VAULT: join(copy, 'vault.db') })
    expect(code).toBe(1)
    expect(stderr).toContain(`vault.db is missing in ${copy}`)
    expect(readdirSync(copy)).not.toContain('vault.db')
  })

  test('two houses with ledgers of their own on one vault', async () => {
    const vault = { KEYLEDGER_VAULT: join(folder('one'), 'vault.db') }
    const house = await started(folder('first'), vault)
    const { code, stderr } = await failed(folder('second'), vault)
    expect({ code, lines: lines(stderr) }).toEqual({ code: 1, lines: 1 })
    expect(stderr).toContain('ledger.db is missing')
    expect(await stop(house)).toBe(0)
  })
})

describe('npm run identity', () => {
  const identity = (environment: Record<string, string>, ...args: string[]) => {
    const program = fileURLToPath(new URL('../../services/standalone/src/identity.ts', import.meta.url))
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
      env: { PATH: process.env['PATH'], ...environment },
      encoding: 'utf8',
    })
    return { status, stdout, stderr }
  }

  test('says who a house is: the same before its first start, beside it, and after it', async () => {
    const data = folder('data')
    const environment = { KEYLEDGER_DATA: data }
    expect(identity(environment)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('root.json') as string,
    })
    const made = identity(environment, '--make')
    expect(made).toMatchObject({ status: 0, stdout: expect.stringMatching(/^[\w-]{43}\n$/) as string, stderr: '' })
    const house = await started(data, {})
    expect(identity(environment)).toEqual(made)
    expect(await stop(house)).toBe(0)
    expect(identity(environment, '--make')).toEqual(made)
  })

  test('makes no root key where the rest of a house stands', async () => {
    const data = folder('data')
    expect(await stop(await started(data, {}))).toBe(0)
    rmSync(join(data, 'root.json'))
    expect(identity({ KEYLEDGER_DATA: data }, '--make')).toMatchObject({ status: 1, stdout: '' })
    expect(readdirSync(data)).not.toContain('root.json')
  })
})

withRedis(
  'workers that share a Redis',
  () => {
    test('are ready when it is there, say so when it is away, and go on when it is back', async () => {
      await using redis = await ownRedis({ settings: ['--maxmemory-policy', 'noeviction'] })
      const admin = (await started(folder('data'), { KEYLEDGER_REDIS: redis.url, KEYLEDGER_ADMIN_PORT: '0' })).admin!
      expect(await readiness(admin)).toEqual({ status: 200, ready: true })
      const metrics = async () => (await fetch(`${admin}/metrics`)).text()
      expect(await metrics()).toContain('keyledger_jobs{state="waiting"} 0\n')
      await redis.kill()
      await until('it says that Redis is away', async () => (await readiness(admin)).status === 503)
      expect(await readiness(admin)).toMatchObject({ missing: [{ part: 'jobs' }] })
      // What cannot be known is left out; the rest is told.
      expect(await metrics()).not.toContain('keyledger_jobs{')
      expect(await metrics()).toContain('keyledger_requests_in_flight 0\n')
      await redis.start()
      await until('it is ready again', async () => (await readiness(admin)).status === 200)
    })
  },
  { own: true },
)

test('a ledger that is not there yet is waited for, and a wrong address is a bad setting', async () => {
  const { code, stderr } = await failed(folder('data'), { KEYLEDGER_LEDGER: 'esdb://127.0.0.1:1?nonsense=true' })
  expect(code).toBe(2)
  expect(stderr).toMatch(/^keyledger: KEYLEDGER_LEDGER: .*nonsense/)
  const gone = await ledger()
  const { connection } = gone
  const port = Number(/:(\d+)\?/.exec(connection)![1])
  await gone[Symbol.asyncDispose]()
  const waiting = Promise.withResolvers<void>()
  const starting = started(folder('data'), { KEYLEDGER_LEDGER: connection }, (output) => {
    if (output.includes('keyledger: ')) waiting.resolve()
  })
  await waiting.promise
  const back = await ledgerDouble({ port })
  closing.push(() => back[Symbol.asyncDispose]())
  const house = await starting
  expect(await stop(house)).toBe(0)
})
