import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { World } from '@keyledger/command'
import { random, writeDurably } from '@keyledger/crypto'
import { accountStream, defaultKeyPolicy } from '@keyledger/iam'
import { aliasArn, aliasStream, keyStream } from '@keyledger/keys'
import type { EventLog } from '@keyledger/ledger'
import type { Seed } from './seed.ts'

/** The account of a house that was founded without a seed. */
const firstAccount = '000000000000'

const administrator = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
}

interface Founding {
  readonly world: World
  readonly log: EventLog
  readonly folder: string
  readonly seed: Seed | undefined
}

/**
 * Makes the first accounts, users and keys in an empty ledger, once. Its last act is the event `HouseFounded`; until
 * that stands every step may run again, so a crash in the middle is simply continued by the next start.
 * Resolves to false where the house stands already.
 */
export const found = async ({ world, log, folder, seed }: Founding): Promise<boolean> => {
  if ((await log.read('house', 0, 1)).length > 0) return false
  const { accounts, keys } = seed ?? (await firstSeed(folder))
  for (const { id, users } of accounts) {
    const inAccount = envelope(world, id, 'global')
    const handle = (command: Parameters<World['identities']['accounts']['handle']>[1]) =>
      world.identities.accounts.handle(accountStream(id), command, inAccount)
    await handle({ type: 'CreateAccount', accountId: id })
    for (const { name, accessKeyId, secretAccessKey, policies } of users) {
      await handle({ type: 'CreateUser', userName: name, userId: opaqueId('AIDA', 17) })
      for (const [index, policy] of policies.entries())
        await handle({
          type: 'PutUserPolicy',
          userName: name,
          policyName: `policy-${index + 1}`,
          document: JSON.stringify(policy),
        })
      // The secret first: an access key that the ledger knows must be able to sign.
      await world.vault.keepSecret(accessKeyId, id, secretAccessKey)
      await handle({ type: 'CreateAccessKey', userName: name, accessKeyId })
    }
  }
  for (const key of keys) await foundKey(world, key)
  const first = accounts[0]?.users[0]
  if (first) await writeCredentials(folder, first.accessKeyId, first.secretAccessKey)
  const time = world.now()
  await log.append('house', 'none', [
    {
      id: world.id(),
      type: 'HouseFounded',
      version: 1,
      time: new Date(time).toISOString(),
      metadata: envelope(world, accounts[0]!.id, 'global').metadata,
      data: { accounts: accounts.map(({ id }) => id), keys: keys.length, seeded: seed !== undefined },
    },
  ])
  return true
}

const foundKey = async (world: World, seeded: Seed['keys'][number]): Promise<void> => {
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

const envelope = (world: World, account: string, region: string) => ({
  ids: world.id,
  time: world.now(),
  metadata: { actor: `arn:aws:iam::${account}:root`, requestId: world.id(), region, account },
})

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** AWS's form of unique ids: a prefix that says of what, then base32. */
const opaqueId = (prefix: string, length: number): string =>
  prefix + [...random(length)].map((byte) => base32[byte % 32]).join('')

/** Where the first user's credentials stand, in the form of an AWS shared credentials file. */
export const credentialsFile = (folder: string): string => join(folder, 'credentials')

/** A house without a seed: one account with one administrator. A credentials file of a founding cut short is kept. */
const firstSeed = async (folder: string): Promise<Seed> => {
  const text = await readFile(credentialsFile(folder), 'utf8').catch(() => '')
  const read = (name: string) => new RegExp(`^${name} = (\\S+)$`, 'm').exec(text)?.[1]
  const accessKeyId = read('aws_access_key_id') ?? opaqueId('AKIA', 16)
  const secretAccessKey = read('aws_secret_access_key') ?? random(30).toString('base64')
  // Before the ledger hears of them: a secret that nobody holds could not be shown again.
  await writeCredentials(folder, accessKeyId, secretAccessKey)
  const admin = { name: 'admin', accessKeyId, secretAccessKey, policies: [administrator] }
  return { accounts: [{ id: firstAccount, users: [admin] }], keys: [] }
}

const writeCredentials = (folder: string, accessKeyId: string, secretAccessKey: string): Promise<void> =>
  writeDurably(
    credentialsFile(folder),
    Buffer.from(
      '# Written by keyledger at its first start. Whoever reads this file is the administrator.\n' +
        `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
    ),
  )
