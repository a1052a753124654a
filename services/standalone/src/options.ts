import { dirname, join, resolve, sep } from 'node:path'
import type { Config, Issuer, Service, World } from '@keyledger/command'
import type { EventLog } from '@keyledger/ledger'
import type { Clock } from '@keyledger/messaging'
import type { Limits, Stages } from '@keyledger/wire'
import type { Workers } from '@keyledger/workers'
import type { Watch } from './telemetry/watch.ts'

/** The settings of a house in one process on embedded parts; what goes beyond that may be left out. */
type Usual = 'host' | 'port' | 'data' | 'regions' | 'seed' | 'tls' | 'seal'
type Beyond = 'services' | 'ledger' | 'staleness' | 'vault' | 'redis' | 'peers' | 'link' | 'admin'

export interface HouseOptions extends Pick<Config, Usual>, Partial<Pick<Config, Beyond>> {
  readonly issuers?: readonly Issuer[]
  readonly clock: Clock
  /** A fresh UUID. */
  readonly id: () => string
  readonly passphrase: () => Promise<string>
  /** What went wrong where nobody waits for the outcome (a job, a follower), and what became an answer of ours with 500. */
  readonly onFault: (fault: unknown, about?: object) => void
  /** Ends a start that waits: for the ledger, or for another process to found the house. */
  readonly signal?: AbortSignal
  readonly stages?: Stages
  readonly watch?: Watch
  /** Other bounds for requests than the server's usual ones. */
  readonly limits?: Partial<Limits>
}

/** {@link HouseOptions} with nothing left out that has a default. */
export type Settings = HouseOptions & Pick<Config, Beyond> & { readonly issuers: readonly Issuer[] }

const everything: readonly Service[] = ['command', 'projections', 'workers']

export const settingsOf = (options: HouseOptions): Settings => ({
  services: everything,
  ledger: undefined,
  staleness: 2000,
  vault: join(options.data, 'vault.db'),
  redis: undefined,
  peers: [],
  link: undefined,
  admin: undefined,
  issuers: [],
  ...options,
})

/** Where what belongs to the vault lies: the sealed root key, the first credentials. */
export const vaultFolder = ({ vault }: Pick<Config, 'vault'>): string => dirname(vault)

/** The seal's key file, where it lies with what it opens: whoever takes that folder, or its backup, then has both. */
export const keyFileBeside = (settings: Pick<Config, 'vault' | 'seal'>): string | undefined => {
  if (!settings.seal.startsWith('file:')) return undefined
  const path = resolve(settings.seal.slice('file:'.length))
  return path.startsWith(join(resolve(vaultFolder(settings)), sep)) ? path : undefined
}

export interface House extends AsyncDisposable {
  /** What runs in this process. */
  readonly services: readonly Service[]
  /** Where the front door is; empty where there is none in this process. */
  readonly url: string
  /** Where the admin listener is. */
  readonly admin: string | undefined
  /** Where other regions reach this one. */
  readonly link: string | undefined
  readonly accounts: readonly string[]
  /** See {@link keyFileBeside}; undefined also where no service of this process uses keys. */
  readonly keyFileBeside: string | undefined
  /** What handlers and jobs reach; throws where no service of this process uses keys. */
  readonly world: World
  readonly log: EventLog
  /** What the workers of this process have yet to do. */
  readonly jobs: Pick<Workers, 'parked' | 'retry' | 'settled' | 'counts'>
}
