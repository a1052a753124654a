import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IAMClient } from '@aws-sdk/client-iam'
import { KMSClient } from '@aws-sdk/client-kms'
import { STSClient } from '@aws-sdk/client-sts'
import { type TestClock, testClock } from '@keyledger/messaging'
import { type House, type HouseOptions, house } from '@keyledger/standalone'
import { writeFile } from 'node:fs/promises'

/** Two accounts, so that every test has a stranger. */
export const alice = {
  account: '111122223333',
  name: 'alice',
  accessKeyId: 'AKIAALICEALICEALICE1',
  secretAccessKey: 'alice-secret-access-key-of-the-tests',
}
export const bob = {
  account: '444455556666',
  name: 'bob',
  accessKeyId: 'AKIABOBBOBBOBBOBBOB1',
  secretAccessKey: 'bob-secret-access-key-of-the-tests',
}
/** Someone with credentials; a session's come with its token. */
export type Person = typeof alice & { readonly sessionToken?: string }

/** An IAM policy: everything, where the key policies leave it to IAM. */
export const administrator = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
}
export const arnOf = ({ account, name }: Person) => `arn:aws:iam::${account}:user/${name}`

export interface TestHouse extends AsyncDisposable {
  readonly house: House
  readonly clock: TestClock
  readonly folder: string
  /** What went wrong behind the scenes; a test that does not expect any asserts it empty. */
  readonly faults: unknown[]
  /** The official SDK's client, signing by the house's clock; no retries, so that each error is seen once. */
  kms(person?: Person, region?: string): KMSClient
  sts(person?: Person): STSClient
  iam(person?: Person): IAMClient
  /** Closes the house and opens it again on the same folder, with the same clock. */
  restart(): Promise<void>
}

/** A house of its own in a fresh folder, with a clock that only the test moves. */
export const testHouse = async (options: Partial<HouseOptions> = {}): Promise<TestHouse> => {
  const folder = await mkdtemp(join(tmpdir(), 'keyledger-'))
  const seed = join(folder, 'seed.json')
  const user = ({ name, accessKeyId, secretAccessKey }: Person) => ({
    name,
    accessKeyId,
    secretAccessKey,
    policies: [administrator],
  })
  await writeFile(
    seed,
    JSON.stringify({ accounts: [alice, bob].map((one) => ({ id: one.account, users: [user(one)] })) }),
  )
  const clock = testClock(Date.parse('2026-06-01T12:00:00Z'))
  const faults: unknown[] = []
  const clients: { destroy(): void }[] = []
  const open = () =>
    house({
      host: '127.0.0.1',
      port: 0,
      data: join(folder, 'data'),
      regions: ['us-east-1', 'eu-west-1'],
      seed,
      tls: undefined,
      seal: `file:${join(folder, 'root.key')}`,
      passphrase: () => Promise.reject(new Error('this house has no passphrase')),
      clock,
      id: randomUUID,
      onFault: (fault) => faults.push(fault),
      ...options,
    })
  let current = await open()

  const settings = (person: Person, region: string) => ({
    endpoint: current.url,
    region,
    credentials: {
      accessKeyId: person.accessKeyId,
      secretAccessKey: person.secretAccessKey,
      ...(person.sessionToken !== undefined && { sessionToken: person.sessionToken }),
    },
    maxAttempts: 1,
  })
  const byOurClock = <C extends { config: object; destroy(): void }>(client: C): C => {
    Object.defineProperty(client.config, 'systemClockOffset', {
      get: () => clock.now() - Date.now(),
      set: () => {},
    })
    clients.push(client)
    return client
  }

  return {
    get house() {
      return current
    },
    clock,
    folder,
    faults,
    kms: (person = alice, region = 'us-east-1') => byOurClock(new KMSClient(settings(person, region))),
    sts: (person = alice) => byOurClock(new STSClient(settings(person, 'us-east-1'))),
    iam: (person = alice) => byOurClock(new IAMClient(settings(person, 'us-east-1'))),
    restart: async () => {
      await current[Symbol.asyncDispose]()
      current = await open()
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy()
      await current[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
