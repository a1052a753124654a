import { randomUUID } from 'node:crypto'
import type { House } from '@keyledger/standalone'
import { accountStream, principalsOf } from '@keyledger/iam'
import type { Credentials } from '@aws-sdk/client-sts'
import type { Person } from './house.ts'

/** Roles made without IAM's own API, so that tests of sessions do not hang on it. */

type Accounts = House['world']['identities']['accounts']
type Command = Parameters<Accounts['handle']>[1]

export const handle = ({ world }: House, account: string, command: Command) =>
  world.identities.accounts.handle(accountStream(account), command, {
    ids: randomUUID,
    time: world.now(),
    metadata: { actor: 'test', requestId: randomUUID(), region: 'global', account },
  })

export interface WantedRole {
  readonly account: string
  readonly name: string
  /** Statements of the trust policy. */
  readonly trust: readonly object[]
  /** Statements of its one inline policy. */
  readonly allow?: readonly object[]
  readonly maxSessionDuration?: number
  readonly tags?: Readonly<Record<string, string>>
  readonly path?: string
}

const document = (statements: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements })

let made = 0

/** The ARN of a new role. */
export const makeRole = async (house: House, wanted: WantedRole): Promise<{ arn: string; roleId: string }> => {
  const { account, name, trust, allow, maxSessionDuration = 3_600, tags = {}, path = '/' } = wanted
  const roleId = `AROA${String(++made).padStart(17, 'A')}`.replaceAll(/[01]/g, 'B')
  const trustPolicy = document(trust)
  const ids = principalsOf(trustPolicy).flatMap((arn) => {
    const id = house.world.identities.uniqueId(arn)
    return id?.startsWith('A') ? [[arn, id] as const] : []
  })
  await handle(house, account, {
    type: 'CreateRole',
    now: house.world.now(),
    roleName: name,
    roleId,
    path,
    maxSessionDuration,
    tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    trustPolicy,
    principalIds: Object.fromEntries(ids),
  })
  if (allow && allow.length > 0)
    await handle(house, account, {
      type: 'PutRolePolicy',
      roleName: name,
      policyName: 'inline',
      document: document(allow),
    })
  return { arn: `arn:aws:iam::${account}:role${path}${name}`, roleId }
}

/** A user of the account without any policy, with an access key. */
export const makeUser = async (
  house: House,
  account: string,
  name: string,
  policy: readonly object[] = [],
): Promise<Person> => {
  const key = `AKIA${name.toUpperCase().padEnd(16, 'X')}`
  const secretAccessKey = `the-secret-access-key-of-${name}`
  const now = house.world.now()
  const userId = `AIDA${name.toUpperCase().padEnd(17, 'X')}`
  await house.world.vault.keepSecret(key, account, secretAccessKey)
  await handle(house, account, { type: 'CreateUser', now, userName: name, userId, path: '/', tags: [] })
  if (policy.length > 0)
    await handle(house, account, {
      type: 'PutUserPolicy',
      userName: name,
      policyName: 'inline',
      document: document(policy),
    })
  await handle(house, account, { type: 'CreateAccessKey', now, userName: name, accessKeyId: key })
  return { account, name, accessKeyId: key, secretAccessKey }
}

/** Who holds these temporary credentials. */
export const bearer = (account: string, credentials: Credentials | undefined): Person => ({
  account,
  name: 'a session',
  accessKeyId: credentials!.AccessKeyId!,
  secretAccessKey: credentials!.SecretAccessKey!,
  sessionToken: credentials!.SessionToken!,
})

/** Name, message and status of what the SDK threw. */
export const refusalOf = async (asked: Promise<unknown>) => {
  try {
    await asked
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } }
    return { name, message, status: $metadata?.httpStatusCode }
  }
  throw new Error('was not refused')
}
