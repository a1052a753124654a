import { randomBytes } from 'node:crypto'
import { accountStream, userOf } from '@keyledger/iam'
import { type TestHouse, unknownKey } from './asking.ts'
import { type Person, alice } from './house.ts'

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const opaque = (prefix: string, length: number) =>
  prefix + Array.from(randomBytes(length), (byte) => base32[byte % 32]).join('')

const accountOf = (house: TestHouse, account: string) => {
  const { world } = house.house
  const time = house.clock.now()
  const metadata = { actor: 'test', requestId: unknownKey(), region: 'us-east-1', account }
  return { world, now: time, stream: accountStream(account), envelope: { ids: world.id, time, metadata } }
}

/** A user of alice's account (or another's) who may nothing but what the policies say, with an access key. */
export const newcomer = async (
  house: TestHouse,
  name: string,
  policies: readonly object[] = [],
  { account }: Pick<Person, 'account'> = alice,
): Promise<Person> => {
  const { world, now, stream, envelope } = accountOf(house, account)
  const { accounts } = world.identities
  const person = {
    account,
    name,
    accessKeyId: opaque('AKIA', 16),
    secretAccessKey: randomBytes(30).toString('base64'),
  }
  const user = { userName: name, userId: opaque('AIDA', 17), path: '/', tags: [] }
  await accounts.handle(stream, { type: 'CreateUser', now, ...user }, envelope)
  for (const [index, statement] of policies.entries()) {
    const document = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
    const policy = { userName: name, policyName: `p${index}`, document }
    await accounts.handle(stream, { type: 'PutUserPolicy', ...policy }, envelope)
  }
  await world.vault.keepSecret(person.accessKeyId, account, person.secretAccessKey)
  const { accessKeyId } = person
  await accounts.handle(stream, { type: 'CreateAccessKey', now, userName: name, accessKeyId }, envelope)
  return person
}

/** The person leaves; a newcomer of the same name is somebody else. */
export const leave = async (house: TestHouse, { account, name, accessKeyId }: Person): Promise<void> => {
  const { world, stream, envelope } = accountOf(house, account)
  const { accounts } = world.identities
  await accounts.handle(stream, { type: 'DeleteAccessKey', userName: name, accessKeyId }, envelope)
  const { policies } = userOf(await accounts.find(stream), name)
  for (const policyName of Object.keys(policies))
    await accounts.handle(stream, { type: 'DeleteUserPolicy', userName: name, policyName }, envelope)
  await accounts.handle(stream, { type: 'DeleteUser', userName: name }, envelope)
}

/** The opaque id of a user. */
export const idOf = (house: TestHouse, { account, name }: Person): string =>
  house.house.world.identities.uniqueId(`arn:aws:iam::${account}:user/${name}`)!
