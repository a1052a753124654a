import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { ConfigFault } from './config/fault.ts'
import { issuersFile } from './config/issuers.ts'
import { type Peer, peersOf } from './config/peers.ts'
import { type Level, type Service, type Variables, variables } from './config/variables.ts'
import type { Issuer } from './oidc.ts'

export { ConfigFault, type Level, type Peer, type Service }

/** Where to listen; port 0 takes any free one. */
export interface Address {
  readonly host: string
  readonly port: number
}

export interface Config extends Address {
  readonly data: string
  readonly regions: readonly string[]
  readonly seed: string | undefined
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined
  readonly seal: string
  readonly passphrase: string | undefined
  /** What `npm run seal` is to seal with. */
  readonly newPassphrase: string | undefined
  /** Whose tokens AssumeRoleWithWebIdentity takes. */
  readonly issuers: readonly Issuer[]
  /** What runs in this process. */
  readonly services: readonly Service[]
  /** `esdb://...`; undefined: SQLite in the data folder. */
  readonly ledger: string | undefined
  /** Milliseconds. */
  readonly staleness: number
  /** The vault's file. */
  readonly vault: string
  /** `redis://...`; undefined: jobs in this process. */
  readonly redis: string | undefined
  readonly peers: readonly Peer[]
  /** Where peers reach this region. */
  readonly link: Address | undefined
  /** Where operators' programs ask how this process is. */
  readonly admin: Address | undefined
  /** Undefined: for people, not for programs. */
  readonly log: Level | undefined
  /** The OTLP endpoint that traces go to. */
  readonly traces: string | undefined
}

const certificate = (cert: string, key: string) => {
  try {
    const pair = { cert: readFileSync(cert), key: readFileSync(key) }
    createSecureContext(pair)
    return pair
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigFault(`KEYLEDGER_TLS_CERT and KEYLEDGER_TLS_KEY are no certificate with its key: ${reason}`)
  }
}

/** Our own variables, and the one that every program with OpenTelemetry has. An empty one of those is none. */
const ours = (environment: NodeJS.ProcessEnv) =>
  Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) =>
        value !== undefined &&
        (name.startsWith('KEYLEDGER_') || (name === 'OTEL_EXPORTER_OTLP_ENDPOINT' && value !== '')),
    ),
  )

/** The settings that only make sense together. */
const refuseContradictions = (read: Variables): void => {
  const has = (service: Service) => read.KEYLEDGER_SERVICES.includes(service)
  if ((read.KEYLEDGER_TLS_CERT === undefined) !== (read.KEYLEDGER_TLS_KEY === undefined))
    throw new ConfigFault('KEYLEDGER_TLS_CERT and KEYLEDGER_TLS_KEY go together: set both or none')
  if (!has('command') && read.KEYLEDGER_LEDGER === undefined)
    throw new ConfigFault(
      'KEYLEDGER_SERVICES without command needs KEYLEDGER_LEDGER: a ledger in the data folder is of one process alone',
    )
  if (read.KEYLEDGER_LINK_PORT !== undefined && !has('command'))
    throw new ConfigFault('KEYLEDGER_LINK_PORT is of the service command, which KEYLEDGER_SERVICES does not name')
  if (read.KEYLEDGER_LINK_PORT !== undefined && read.KEYLEDGER_PEERS === undefined)
    throw new ConfigFault('KEYLEDGER_LINK_PORT needs KEYLEDGER_PEERS: nobody else would be answered')
}

const listener = (host: string, port: number | undefined): Address | undefined =>
  port === undefined ? undefined : { host, port }

/** The settings in `environment`, or a {@link ConfigFault} that names the first variable at fault. Values of secrets are not echoed. */
export const config = (environment: NodeJS.ProcessEnv): Config => {
  const parsed = variables.safeParse(ours(environment))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    if (issue.code === 'unrecognized_keys')
      throw new ConfigFault(`${issue.keys[0]} is not a setting; known are ${Object.keys(variables.shape).join(', ')}`)
    throw new ConfigFault(`${String(issue.path[0])} ${issue.message}`)
  }
  const read = parsed.data
  refuseContradictions(read)
  const { KEYLEDGER_TLS_CERT: cert, KEYLEDGER_TLS_KEY: key, KEYLEDGER_DATA: data, KEYLEDGER_REGIONS: regions } = read
  const vault = read.KEYLEDGER_VAULT ?? join(data, 'vault.db')
  return {
    host: read.KEYLEDGER_HOST,
    port: read.KEYLEDGER_PORT,
    data,
    regions,
    seed: read.KEYLEDGER_SEED,
    tls: cert && key ? certificate(cert, key) : undefined,
    seal: read.KEYLEDGER_SEAL ?? `file:${join(dirname(vault), 'root.key')}`,
    passphrase: read.KEYLEDGER_PASSPHRASE,
    newPassphrase: read.KEYLEDGER_NEW_PASSPHRASE,
    issuers: read.KEYLEDGER_OIDC_ISSUERS === undefined ? [] : issuersFile(read.KEYLEDGER_OIDC_ISSUERS),
    services: read.KEYLEDGER_SERVICES,
    ledger: read.KEYLEDGER_LEDGER,
    staleness: read.KEYLEDGER_STALENESS,
    vault,
    redis: read.KEYLEDGER_REDIS,
    peers: read.KEYLEDGER_PEERS === undefined ? [] : peersOf(read.KEYLEDGER_PEERS, regions),
    link: listener(read.KEYLEDGER_LINK_HOST, read.KEYLEDGER_LINK_PORT),
    admin: listener(read.KEYLEDGER_ADMIN_HOST, read.KEYLEDGER_ADMIN_PORT),
    log: read.KEYLEDGER_LOG,
    traces: read.OTEL_EXPORTER_OTLP_ENDPOINT,
  }
}
