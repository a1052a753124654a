import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'

const readable = (path: string) => existsSync(path)
const file = () => z.string().refine(readable, 'names a file that is not there')
const path = () =>
  z
    .string()
    .min(1, 'is empty')
    .transform((given) => resolve(given))
const host = () => z.string().min(1, 'is empty').default('127.0.0.1')
const port = () =>
  z
    .string()
    .regex(/^\d{1,5}$/, 'is not a port number')
    .transform(Number)
    .refine((number) => number <= 65535, 'is not a port number (0 to 65535)')
const names = () => z.string().transform((list) => list.split(',').map((name) => name.trim()))
const unique = (list: readonly string[]) => new Set(list).size === list.length
/** A server's address as its own client takes it; what follows the scheme is that client's to judge. */
const address = (schemes: RegExp, example: string) =>
  z.string().regex(new RegExp(`^(?:${schemes.source})://[^\\s/]`), `is not an address such as ${example}`)

export const region = z.string().regex(/^[a-z]{2,4}(-[a-z]{1,12}){1,2}-\d{1,2}$/, 'is not a region such as us-east-1')

/** What can run in a process, see `KEYLEDGER_SERVICES`. */
export const services = ['command', 'projections', 'workers'] as const
export type Service = (typeof services)[number]

/** Least to most that is logged. */
export const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const
export type Level = (typeof levels)[number]

/** Every environment variable: what it means, and its default. */
export const variables = z.strictObject({
  /** The address to listen on. Anything but loopback should come with TLS. */
  KEYLEDGER_HOST: host(),
  /** The port to listen on; 0 takes any free one. */
  KEYLEDGER_PORT: port().default(4577),
  /** The data folder of this process: read models and, where nothing else is said, the ledger and the vault. Made if absent, mode 0700. */
  KEYLEDGER_DATA: path().default(resolve('./data')),
  /** The regions served on this one port; a request's region is the one in its signature's credential scope. */
  KEYLEDGER_REGIONS: names()
    .pipe(z.array(region).min(1).refine(unique, 'names a region twice'))
    .default(['us-east-1', 'eu-west-1']),
  /** A JSON file of accounts, users and keys, applied once to an empty ledger. */
  KEYLEDGER_SEED: file().optional(),
  /** PEM files: the certificate chain and its private key; both or none. With them the house serves https. */
  KEYLEDGER_TLS_CERT: file().optional(),
  KEYLEDGER_TLS_KEY: file().optional(),
  /** What opens the root key: `file:PATH` or `passphrase`. Default: the file root.key beside the vault. */
  KEYLEDGER_SEAL: z
    .string()
    .regex(/^(passphrase|file:.+)$/, 'is neither "passphrase" nor "file:PATH"')
    .optional(),
  /** The passphrase of the seal `passphrase`; asked for at a terminal when absent. */
  KEYLEDGER_PASSPHRASE: z.string().min(1, 'is empty').optional(),
  /** The passphrase to seal with from now on, for `npm run seal`; asked for at a terminal when absent. */
  KEYLEDGER_NEW_PASSPHRASE: z.string().min(1, 'is empty').optional(),
  /** A JSON file of OpenID Connect issuers: `[{"issuer": "https://...", "audiences": ["..."], "jwks": URL or file}]`. */
  KEYLEDGER_OIDC_ISSUERS: file().optional(),

  /** The services that run in this process. */
  KEYLEDGER_SERVICES: names()
    .pipe(
      z
        .array(z.enum(services, `names something else than ${services.join(', ')}`))
        .min(1)
        .refine(unique, 'names a service twice'),
    )
    .default([...services]),
  /** The event log that the processes of a region share: EventStoreDB. Default: SQLite in the data folder, for one process. */
  KEYLEDGER_LEDGER: address(/esdb(?:\+discover)?/, 'esdb://ledger:2113').optional(),
  /** How far, in milliseconds, a process may lag behind a shared ledger before it asks it (or refuses). */
  KEYLEDGER_STALENESS: z
    .string()
    .regex(/^\d{1,5}$/, 'is not a number of milliseconds')
    .transform(Number)
    .refine((time) => time >= 50 && time <= 60_000, 'is not a number of milliseconds from 50 to 60000')
    .default(2000),
  /** The vault's file, shared by the processes of a region; root.json and the first credentials lie beside it. Default: vault.db in the data folder. */
  KEYLEDGER_VAULT: path().optional(),
  /** Redis, which holds the jobs that are due so that several workers share them. Default: in this process. */
  KEYLEDGER_REDIS: address(/rediss?/, 'redis://jobs:6379').optional(),
  /** A JSON file of the other regions: `[{"region": "...", "url": "https://...", "identity": KEY or "file:PATH"}]`. */
  KEYLEDGER_PEERS: file().optional(),
  /** Where the other regions reach this one; no port, no listener. With a certificate (above) it serves https. */
  KEYLEDGER_LINK_HOST: host(),
  KEYLEDGER_LINK_PORT: port().optional(),
  /** Where the operator's programs ask how this process is: /healthz, /readyz, /metrics, /jobs/parked; no port, no listener. */
  KEYLEDGER_ADMIN_HOST: host(),
  KEYLEDGER_ADMIN_PORT: port().optional(),
  /** Log as JSON lines on stdout, from this level on. Default: a greeting for people, and faults as lines on stderr. */
  KEYLEDGER_LOG: z.enum(levels, `is not one of ${levels.join(', ')}`).optional(),
  /** Where OpenTelemetry traces go, by OTLP over HTTP; none without it. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/, error: 'is not an http(s) URL' }).optional(),
})

export type Variables = z.output<typeof variables>
