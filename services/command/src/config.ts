import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { z } from 'zod'
import { ConfigFault } from './config/fault.ts'
import { issuersFile } from './config/issuers.ts'
import type { Issuer } from './oidc.ts'

export { ConfigFault }

const readable = (path: string) => existsSync(path)

const region = z.string().regex(/^[a-z]{2,4}(-[a-z]{1,12}){1,2}-\d{1,2}$/, 'is not a region such as us-east-1')

const variables = z.strictObject({
  /** The address to listen on. Anything but loopback should come with TLS. */
  KEYLEDGER_HOST: z.string().min(1, 'is empty').default('127.0.0.1'),
  /** The port to listen on; 0 takes any free one. */
  KEYLEDGER_PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'is not a port number')
    .transform(Number)
    .refine((port) => port <= 65535, 'is not a port number (0 to 65535)')
    .default(4577),
  /** The data folder: the ledger, the vault, the sealed root key, the first credentials. Made if absent, mode 0700. */
  KEYLEDGER_DATA: z
    .string()
    .min(1, 'is empty')
    .default('./data')
    .transform((path) => resolve(path)),
  /** The regions served on this one port; a request's region is the one in its signature's credential scope. */
  KEYLEDGER_REGIONS: z
    .string()
    .default('us-east-1,eu-west-1')
    .transform((list) => list.split(',').map((name) => name.trim()))
    .pipe(
      z
        .array(region)
        .min(1)
        .refine((list) => new Set(list).size === list.length, 'names a region twice'),
    ),
  /** A JSON file of accounts, users and keys, applied once to an empty ledger. */
  KEYLEDGER_SEED: z.string().refine(readable, 'names a file that is not there').optional(),
  /** PEM files: the certificate chain and its private key; both or none. With them the house serves https. */
  KEYLEDGER_TLS_CERT: z.string().refine(readable, 'names a file that is not there').optional(),
  KEYLEDGER_TLS_KEY: z.string().refine(readable, 'names a file that is not there').optional(),
  /** What opens the root key: `file:PATH` or `passphrase`. Default: the file root.key in the data folder. */
  KEYLEDGER_SEAL: z
    .string()
    .regex(/^(passphrase|file:.+)$/, 'is neither "passphrase" nor "file:PATH"')
    .optional(),
  /** The passphrase of the seal `passphrase`; asked for at a terminal when absent. */
  KEYLEDGER_PASSPHRASE: z.string().min(1, 'is empty').optional(),
  /** A JSON file of OpenID Connect issuers: `[{"issuer": "https://...", "audiences": ["..."], "jwks": URL or file}]`. */
  KEYLEDGER_OIDC_ISSUERS: z.string().refine(readable, 'names a file that is not there').optional(),
})

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

export interface Config {
  readonly host: string
  readonly port: number
  readonly data: string
  readonly regions: readonly string[]
  readonly seed: string | undefined
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined
  readonly seal: string
  readonly passphrase: string | undefined
  /** Whose tokens AssumeRoleWithWebIdentity takes. */
  readonly issuers: readonly Issuer[]
}

/** The settings in `environment`, or a {@link ConfigFault} that names the first variable at fault. Values of secrets are not echoed. */
export const config = (environment: NodeJS.ProcessEnv): Config => {
  const ours = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => name.startsWith('KEYLEDGER_') && value !== undefined),
  )
  const parsed = variables.safeParse(ours)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    if (issue.code === 'unrecognized_keys')
      throw new ConfigFault(`${issue.keys[0]} is not a setting; known are ${Object.keys(variables.shape).join(', ')}`)
    throw new ConfigFault(`${String(issue.path[0])} ${issue.message}`)
  }
  const read = parsed.data
  const { KEYLEDGER_TLS_CERT: cert, KEYLEDGER_TLS_KEY: key } = read
  if ((cert === undefined) !== (key === undefined))
    throw new ConfigFault('KEYLEDGER_TLS_CERT and KEYLEDGER_TLS_KEY go together: set both or none')
  return {
    host: read.KEYLEDGER_HOST,
    port: read.KEYLEDGER_PORT,
    data: read.KEYLEDGER_DATA,
    regions: read.KEYLEDGER_REGIONS,
    seed: read.KEYLEDGER_SEED,
    tls: cert && key ? certificate(cert, key) : undefined,
    seal: read.KEYLEDGER_SEAL ?? `file:${resolve(read.KEYLEDGER_DATA, 'root.key')}`,
    passphrase: read.KEYLEDGER_PASSPHRASE,
    issuers: read.KEYLEDGER_OIDC_ISSUERS === undefined ? [] : issuersFile(read.KEYLEDGER_OIDC_ISSUERS),
  }
}
