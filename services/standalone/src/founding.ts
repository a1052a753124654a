import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type World, freshId, freshSecret } from '@keyledger/command'
import { writeDurably } from '@keyledger/crypto'
import { type AccountCommand, account, accountStream, defaultKeyPolicy } from '@keyledger/iam'
import { aliasArn, aliasStream, keyStream } from '@keyledger/keys'
import type { EventLog } from '@keyledger/ledger'
import type { Seed } from './seed.ts'
import { roleCommands, roleIds, userCommands } from './seeded-identities.ts'

/** The account of a house that was founded without a seed. */
const firstAccount = '000000000000'

const administrator = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
}

type Founder = Pick<World, 'identities' | 'vault' | 'keys' | 'aliases' | 'now' | 'id'>

interface Founding {
  readonly world: Founder
  readonly log: EventLog
  /** Where the first user's credentials go. */
  readonly folder: string
  readonly seed: Seed | undefined
}

/** The id of the event that founded the house; undefined where none stands. */
export const foundingOf = async (log: EventLog): Promise<string | undefined> => (await log.read('house', 0, 1))[0]?.id

/**
 * Makes the first accounts, users and keys in an empty ledger, once. Its last act is the event `HouseFounded`; until
 * that stands every step may run again, so a crash in the middle is simply continued by the next start. One process at a
 * time may be in here.
 * Resolves to the id of that event, also where the house stands already.
 */
export const found = async ({ world, log, folder, seed }: Founding): Promise<string> => {
  const stands = await foundingOf(log)
  if (stands !== undefined) return stands
  const { accounts, keys } = seed ?? (await firstSeed(folder))
  await foundIdentities(world, accounts)
  for (const key of keys) await foundKey(world, key)
  const first = accounts[0]?.users[0]?.accessKeys[0]
  if (first) await writeCredentials(folder, first.accessKeyId, first.secretAccessKey)
  const time = world.now()
  const id = world.id()
  await log.append('house', 'none', [
    {
      id,
      type: 'HouseFounded',
      version: 1,
      time: new Date(time).toISOString(),
      metadata: envelope(world, accounts[0]!.id, 'global').metadata,
      data: { accounts: accounts.map((one) => one.id), keys: keys.length, seeded: seed !== undefined },
    },
  ])
  return id
}

/** Users before roles: a role's trust policy names people who are there. */
const foundIdentities = async (world: Founder, accounts: Seed['accounts']): Promise<void> => {
  const { identities, vault, now } = world
  const secrets = new Map(
    accounts.flatMap(({ users }) =>
      users.flatMap(({ accessKeys }) =>
        accessKeys.map(({ accessKeyId, secretAccessKey }) => [accessKeyId, secretAccessKey] as const),
      ),
    ),
  )
  const stateOf = (id: string) => identities.account(id) ?? account.initial
  const handle = async (id: string, commands: readonly AccountCommand[]) => {
    for (const command of commands) {
      // The secret first: an access key that the ledger knows must be able to sign.
      if (command.type === 'CreateAccessKey')
        await vault.keepSecret(command.accessKeyId, id, secrets.get(command.accessKeyId)!)
      await identities.accounts.handle(accountStream(id), command, envelope(world, id, 'global'))
    }
  }
  for (const seeded of accounts) await handle(seeded.id, userCommands(seeded, now(), stateOf(seeded.id)))
  const ids = roleIds(accounts, stateOf)
  for (const seeded of accounts)
    await handle(seeded.id, roleCommands(seeded, now(), stateOf(seeded.id), ids, identities))
}

const foundKey = async (world: Founder, seeded: Seed['keys'][number]): Promise<void> => {
  const { account, region, keyId, description, aliases, tags, material } = seeded
  const place = { region, account, id: keyId }
  const now = world.now()
  const inAccount = envelope(world, account, region)
  if ((await world.keys.find(keyStream(place))).exists === 'no') {
    const plain = material === undefined ? undefined : Buffer.from(material, 'base64')
    const { materialId } = await world.vault.generate({ region, account, keyId }, plain ? { material: plain } : {})
    plain?.fill(0)
    await world.keys.handle(
      keyStream(place),
      {
        type: 'CreateKey',
        now,
        region,
        account,
        keyId,
        spec: 'SYMMETRIC_DEFAULT',
        usage: 'ENCRYPT_DECRYPT',
        origin: 'AWS_KMS',
        description,
        policy: defaultKeyPolicy(account),
        tags: Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
        multiRegion: keyId.startsWith('mrk-'),
        materialId,
      },
      inAccount,
    )
  }
  for (const name of aliases) {
    const stream = aliasStream({ region, account, name })
    if ((await world.aliases.find(stream)).targetKeyId === undefined)
      await world.aliases.handle(
        stream,
        { type: 'CreateAlias', now, arn: aliasArn(region, account, name), name, targetKeyId: keyId },
        inAccount,
      )
  }
}

const envelope = (world: Founder, account: string, region: string) => ({
  ids: world.id,
  time: world.now(),
  metadata: { actor: `arn:aws:iam::${account}:root`, requestId: world.id(), region, account },
})

/** Where the first user's credentials stand, in the form of an AWS shared credentials file. */
export const credentialsFile = (folder: string): string => join(folder, 'credentials')

/** A house without a seed: one account with one administrator. A credentials file of a founding cut short is kept. */
const firstSeed = async (folder: string): Promise<Seed> => {
  const text = await readFile(credentialsFile(folder), 'utf8').catch(() => '')
  const read = (name: string) => new RegExp(`^${name} = (\\S+)$`, 'm').exec(text)?.[1]
  const accessKeyId = read('aws_access_key_id') ?? freshId('AKIA')
  const secretAccessKey = read('aws_secret_access_key') ?? freshSecret()
  // Before the ledger hears of them: a secret that nobody holds could not be shown again.
  await writeCredentials(folder, accessKeyId, secretAccessKey)
  const accessKeys = [{ accessKeyId, secretAccessKey }]
  const admin = { name: 'admin', path: '/', tags: [], accessKeys, policies: [administrator] }
  return { accounts: [{ id: firstAccount, users: [admin], roles: [] }], keys: [] }
}

const writeCredentials = (folder: string, accessKeyId: string, secretAccessKey: string): Promise<void> =>
  writeDurably(
    credentialsFile(folder),
    Buffer.from(
      '# Written by keyledger at its first start. Whoever reads this file is the administrator.\n' +
        `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
    ),
  )
