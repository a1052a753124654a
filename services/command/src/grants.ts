import { random } from '@keyledger/crypto'
import {
  type CreateGrant,
  type Grant,
  type GrantConstraints,
  type GrantOperation,
  decide,
  fault,
  grantMade,
  grants,
  grantsStream,
  usable,
} from '@keyledger/keys'
import { epoch } from './key-metadata.ts'
import { envelope } from './keys.ts'
import type { Call } from './operation.ts'
import { principalThere, shownPrincipal } from './principals.ts'
import { refuseDryRun } from './use.ts'
import type { Identities } from './world.ts'

/** What a grant token stands for. */
export interface GrantReference {
  readonly keyArn: string
  readonly grantId: string
}

/** A fresh token of the grant: opaque, no two alike, as good as every other token of that grant. */
export const grantToken = ({ world }: Call, reference: GrantReference): string =>
  world.vault.sealToken('grant', JSON.stringify(reference))

/** Throws InvalidGrantTokenException for what this house never gave out. */
export const openGrantToken = ({ world }: Call, token: string): GrantReference => {
  const text = world.vault.openToken('grant', token)
  if (text === undefined) throw fault('invalidGrantToken')
  return JSON.parse(text) as GrantReference
}

/**
 * Throws InvalidGrantTokenException unless all tokens are genuine. More they need not be: a grant holds from the moment
 * it is answered, so a token never makes it hold any earlier.
 */
export const verifyGrantTokens = (call: Call, tokens: readonly string[] | undefined): void => {
  for (const token of tokens ?? []) openGrantToken(call, token)
}

const grantIdForm = /^[0-9a-f]{64}$/
/** The grant id, if it can be one; throws InvalidGrantIdException. */
export const acceptableGrantId = (grantId: string): string => {
  if (!grantIdForm.test(grantId)) throw fault('invalidGrantId', grantId)
  return grantId
}

type Strings = Readonly<Record<string, string>>
interface Wanted {
  readonly Operations: readonly GrantOperation[]
  readonly GranteePrincipal?: string | undefined
  readonly GranteeServicePrincipal?: string | undefined
  readonly RetiringPrincipal?: string | undefined
  readonly RetiringServicePrincipal?: string | undefined
  readonly Constraints?:
    | {
        readonly EncryptionContextEquals?: Strings | undefined
        readonly EncryptionContextSubset?: Strings | undefined
        readonly SourceArn?: string | undefined
      }
    | undefined
  readonly Name?: string | undefined
  readonly DryRun?: boolean | undefined
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }
const present = <T extends object>(members: T): Present<T> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Present<T>

/** Whoever may make grants only by a grant passes on no more than it has: the names that such a grant is to. */
const through = async ({ caller, decision, world, key }: Call): Promise<Pick<CreateGrant, 'through'>> => {
  if (decision?.by !== 'grant') return {}
  const { byId } = await world.grants.find(grantsStream(key))
  const root = `arn:aws:iam::${caller.accountId}:root`
  const toAccount = decision.grantId !== undefined && byId.get(decision.grantId)?.granteePrincipal === root
  return { through: { actor: caller.arn, names: toAccount ? [root] : caller.names } }
}

const command = async (call: Call, wanted: Wanted): Promise<CreateGrant> => {
  const { key, world, caller, time } = call
  const { identities } = world
  const named = (name: string | undefined) => (name === undefined ? undefined : principalThere(identities, name))
  const grantee = named(wanted.GranteePrincipal)
  const retiring = named(wanted.RetiringPrincipal)
  const constraints: GrantConstraints = present({ ...wanted.Constraints })
  return {
    type: 'CreateGrant',
    now: time,
    arn: key.arn,
    spec: key.spec,
    usage: key.usage,
    grantId: random(32).toString('hex'),
    name: wanted.Name ?? '',
    ...present({
      granteePrincipal: grantee?.arn,
      granteeId: grantee?.id,
      granteeServicePrincipal: wanted.GranteeServicePrincipal,
      retiringPrincipal: retiring?.arn,
      retiringId: retiring?.id,
      retiringServicePrincipal: wanted.RetiringServicePrincipal,
    }),
    issuingAccount: caller.accountId,
    operations: wanted.Operations,
    constraints,
    ...(await through(call)),
  }
}

/** Makes the grant on the request's key, or finds the one of that name that was made with just these terms. */
export const createGrant = async (call: Call, wanted: Wanted): Promise<Grant> => {
  const { key, world } = call
  usable(key, 'CreateGrant')
  const create = await command(call, wanted)
  const stream = grantsStream(key)
  if (wanted.DryRun) decide(grants, await world.grants.find(stream), create)
  refuseDryRun(wanted.DryRun)
  return grantMade(await world.grants.handle(stream, create, envelope(call, key.account)), create)
}

/** A grant as lists tell of it (KMS API reference, `GrantListEntry`). */
export const grantEntry = (identities: Identities, keyArn: string, grant: Grant) => ({
  KeyId: keyArn,
  GrantId: grant.grantId,
  Name: grant.name,
  CreationDate: epoch(grant.createdAt),
  GranteePrincipal: shownPrincipal(identities, grant.granteePrincipal, grant.granteeId),
  GranteeServicePrincipal: grant.granteeServicePrincipal,
  RetiringPrincipal: shownPrincipal(identities, grant.retiringPrincipal, grant.retiringId),
  RetiringServicePrincipal: grant.retiringServicePrincipal,
  IssuingAccount: `arn:aws:iam::${grant.issuingAccount}:root`,
  Operations: grant.operations,
  Constraints: Object.keys(grant.constraints).length === 0 ? undefined : grant.constraints,
})
