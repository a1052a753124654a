import { readFile } from 'node:fs/promises'
import { ConfigFault } from '@keyledger/command'
import { IamFault } from '@keyledger/iam'
import { z } from 'zod'
import { rehearse } from './seeded-identities.ts'

const accountId = z.string().regex(/^\d{12}$/, 'is not a 12-digit account id')
const keyId = z
  .string()
  .regex(/^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/, 'is not a UUID nor mrk- and 32 hex digits')

const documents = z.array(z.record(z.string(), z.unknown())).default([])
const path = z
  .string()
  .regex(/^\/(?:[!-~]{1,510}\/)?$/, 'is not an IAM path')
  .default('/')
const identityTags = z
  .record(z.string().min(1).max(128), z.string().max(256))
  .default({})
  .transform((tags) => Object.entries(tags).map(([key, value]) => ({ key, value })))

const accessKey = {
  accessKeyId: z.string().regex(/^\w{16,128}$/, 'is not an access key id (16 to 128 letters and digits)'),
  secretAccessKey: z.string().min(16, 'is shorter than 16 characters').max(128),
}
/** The access key of a user may stand in `accessKeys` or, if there is one only, with the user itself. */
const user = z
  .strictObject({
    name: z.string().regex(/^[\w+=,.@-]{1,64}$/, 'is not an IAM user name'),
    path,
    tags: identityTags,
    accessKeyId: accessKey.accessKeyId.optional(),
    secretAccessKey: accessKey.secretAccessKey.optional(),
    accessKeys: z.array(z.strictObject(accessKey)).default([]),
    policies: documents,
  })
  .transform(({ accessKeyId, secretAccessKey, accessKeys, ...rest }, { issues, value }) => {
    if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
      issues.push({ code: 'custom', message: 'has one half of an access key', input: value })
    const own = accessKeyId && secretAccessKey ? [{ accessKeyId, secretAccessKey }] : []
    return { ...rest, accessKeys: [...own, ...accessKeys] }
  })

const role = z.strictObject({
  name: z.string().regex(/^[\w+=,.@-]{1,64}$/, 'is not an IAM role name'),
  path,
  tags: identityTags,
  description: z.string().max(1000).optional(),
  /** Seconds. */
  maxSessionDuration: z.int().min(3600).max(43_200).default(3600),
  trustPolicy: z.record(z.string(), z.unknown()),
  policies: documents,
})

/** What `KEYLEDGER_SEED` may hold. */
const seedFile = z.strictObject({
  accounts: z
    .array(
      z.strictObject({
        id: accountId,
        users: z.array(user).default([]),
        roles: z.array(role).default([]),
      }),
    )
    .min(1, 'is empty'),
  keys: z
    .array(
      z.strictObject({
        account: accountId,
        region: z.string(),
        keyId,
        description: z.string().max(8192).default(''),
        aliases: z
          .array(z.string().regex(/^alias\/(?!aws\/)[a-zA-Z0-9/_-]{1,250}$/, 'is not an alias name'))
          .default([]),
        tags: z.record(z.string().regex(/^(?!aws:).{1,128}$/iu, 'is not a tag key'), z.string().max(256)).default({}),
        /** 32 bytes, base64. */
        material: z
          .base64()
          .refine((text) => Buffer.from(text, 'base64').length === 32, 'is not 32 bytes in base64')
          .optional(),
      }),
    )
    .default([]),
})

export type Seed = z.output<typeof seedFile>

/** Reads and checks a seed file; a {@link ConfigFault} says which place in it is wrong, never what stands there. */
export const seed = async (path: string, regions: readonly string[]): Promise<Seed> => {
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch {
    throw new ConfigFault('KEYLEDGER_SEED is not a JSON file')
  }
  const parsed = seedFile.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    throw new ConfigFault(`KEYLEDGER_SEED: ${issue.path.join('.') || 'the file'} ${issue.message}`)
  }
  const { accounts, keys } = parsed.data
  const names = [
    ...accounts.map(({ id }) => `account ${id}`),
    ...accounts.flatMap(({ users }) =>
      users.flatMap(({ accessKeys }) => accessKeys.map(({ accessKeyId }) => `access key ${accessKeyId}`)),
    ),
    ...accounts.flatMap(({ id, users }) => users.map(({ name }) => `user ${id}/${name}`)),
    ...keys.map(({ region, account, keyId }) => `key ${region}/${account}/${keyId}`),
    ...keys.flatMap(({ region, account, aliases }) => aliases.map((name) => `${region}/${account}/${name}`)),
  ]
  const seen = new Set<string>()
  const twice = names.find((name) => seen.size === seen.add(name).size)
  if (twice !== undefined) throw new ConfigFault(`KEYLEDGER_SEED names ${twice} twice`)
  const known = new Set(accounts.map(({ id }) => id))
  for (const { account, region, keyId } of keys) {
    if (!known.has(account))
      throw new ConfigFault(`KEYLEDGER_SEED: key ${keyId} is of account ${account}, which is not in it`)
    if (!regions.includes(region))
      throw new ConfigFault(
        `KEYLEDGER_SEED: key ${keyId} is of region ${region}, which KEYLEDGER_REGIONS does not name`,
      )
  }
  try {
    rehearse(accounts)
  } catch (error) {
    if (error instanceof IamFault) throw new ConfigFault(`KEYLEDGER_SEED: ${error.message}`)
    throw error
  }
  return parsed.data
}
