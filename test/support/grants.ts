import { randomBytes } from 'node:crypto'
import { CreateGrantCommand, type CreateGrantCommandInput, ListGrantsCommand } from '@aws-sdk/client-kms'
import { type TestHouse, kms } from './asking.ts'
import { type Person, alice, arnOf } from './house.ts'

export const unknownGrant = (): string => randomBytes(32).toString('hex')

export const rootOf = ({ account }: Pick<Person, 'account'>) => `arn:aws:iam::${account}:root`

/** A grant on a key of alice's, by alice, to alice to encrypt, unless asked otherwise. */
export const grant = async (
  house: TestHouse,
  KeyId: string,
  more: Partial<CreateGrantCommandInput> = {},
  person: Person = alice,
): Promise<{ GrantId: string; GrantToken: string }> => {
  const { GrantId, GrantToken } = await kms(house, person).send(
    new CreateGrantCommand({ KeyId, GranteePrincipal: arnOf(alice), Operations: ['Encrypt'], ...more }),
  )
  return { GrantId: GrantId!, GrantToken: GrantToken! }
}

/** The ids of the grants on a key of alice's. */
export const grantsOn = async (house: TestHouse, KeyId: string): Promise<readonly string[]> => {
  const { Grants } = await kms(house).send(new ListGrantsCommand({ KeyId, Limit: 100 }))
  return Grants!.map(({ GrantId }) => GrantId!)
}

/** A grant on the key if there is such a key, else an id that no grant has. */
export const someGrant = async (house: TestHouse, KeyId: string, more: Partial<CreateGrantCommandInput> = {}) =>
  grant(house, KeyId, more).then(
    ({ GrantId }) => GrantId,
    () => unknownGrant(),
  )
