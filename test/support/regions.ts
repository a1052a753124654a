import { KMSClient } from '@aws-sdk/client-kms'
import type { HouseOptions } from '@keyledger/standalone'
import { type Person, type TestHouse, alice, testHouse } from './house.ts'
import { type LeapingClock, leapingClock } from './leaping-house.ts'
import { relay } from './relay.ts'

/** One Region: a house with a ledger, a vault and a root key of its own. */
export interface TestRegion {
  readonly name: string
  readonly open: TestHouse
  kms(person?: Person): KMSClient
  restart(): Promise<void>
}

/** Two Regions that reach each other over a link that can be cut, under one clock that only the test moves. */
export interface TestRegions extends AsyncDisposable {
  readonly regions: readonly [TestRegion, TestRegion]
  readonly clock: LeapingClock
  cut(): void
  mend(): void
  /** Lets time pass; then both do what is to be done. */
  pass(milliseconds: number): Promise<void>
  /** Both do what is to be done; what has been put off is tried again, for which some minutes pass. */
  settled(): Promise<void>
}

export const twoRegions = async (
  names: readonly [string, string] = ['us-east-1', 'eu-west-1'],
): Promise<TestRegions> => {
  await using parts = new AsyncDisposableStack()
  const clock = leapingClock(Date.parse('2026-06-01T12:00:00Z'))
  const clients: KMSClient[] = []
  parts.defer(() => clients.forEach((client) => client.destroy()))

  const begun = async (name: string) => {
    const way = parts.use(await relay())
    const options: { -readonly [K in keyof HouseOptions]?: HouseOptions[K] } = { clock, regions: [name] }
    const open = parts.use(await testHouse(options))
    return { name, options, open, way, identity: open.house.world.vault.identity }
  }
  const both = [await begun(names[0]), await begun(names[1])] as const
  // Each house has made its root key; now the other can be told who it is.
  const region = async (index: 0 | 1): Promise<TestRegion> => {
    const { name, options, open, way } = both[index]
    const other = both[index === 0 ? 1 : 0]
    options.peers = [{ region: other.name, url: `http://${other.way.address}`, identity: other.identity }]
    options.link = { host: '127.0.0.1', port: 0 }
    const restart = async () => {
      await open.restart()
      way.to(Number(new URL(open.house.link!).port))
    }
    await restart()
    const kms = (person: Person = alice) => {
      const { accessKeyId, secretAccessKey } = person
      const credentials = { accessKeyId, secretAccessKey }
      const client = new KMSClient({ endpoint: open.house.url, region: name, credentials, maxAttempts: 1 })
      Object.defineProperty(client.config, 'systemClockOffset', { get: () => clock.now() - Date.now(), set: () => {} })
      clients.push(client)
      return client
    }
    return { name, open, kms, restart }
  }
  const regions = [await region(0), await region(1)] as const

  const rest = async () => {
    // What one does may be for the other to hear.
    for (let round = 0; round < 3; round++) for (const { open } of regions) await open.house.jobs.settled()
  }
  const pass = async (milliseconds: number) => {
    clock.leap(milliseconds)
    await rest()
  }
  const made = parts.move()
  return {
    regions,
    clock,
    cut: () => both.forEach(({ way }) => way.cut()),
    mend: () => both.forEach(({ way }) => way.mend()),
    pass,
    settled: async () => {
      await rest()
      // Nothing is put off for longer than a minute.
      for (let minute = 0; minute < 4; minute++) await pass(61_000)
    },
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  }
}
