import { Ambiguous, type Context } from '@keyledger/iam'
import type { Key } from '@keyledger/keys'
import { tagsOfIdentity } from './iam/tags-of.ts'
import type { Call } from './operation.ts'
import { principalNamed } from './principals.ts'

/** What a condition may ask about: the request, and the key it is about, if it is about one. */
export interface Asked {
  readonly call: Call
  readonly action: string
  readonly key: Key | undefined
  /** Of ReEncrypt alone: whether source and destination are one key. */
  readonly sameKey: boolean | undefined
  /** Of RetireGrant alone: those of the grant. */
  readonly constraints: Constraints | undefined
}
type Value = (asked: Asked) => ReturnType<Context>
type Strings = Readonly<Record<string, string>>
export interface Constraints {
  readonly EncryptionContextEquals?: Strings
  readonly EncryptionContextSubset?: Strings
  readonly SourceArn?: string
}
type Pairs = readonly (readonly [name: string, value: string])[]

const day = 86_400_000
/** More aliases than this, and whoever's policies ask for kms:ResourceAliases is refused (KMS developer guide, on that condition key). */
const mostAliases = 50

const member = <T>({ call }: Asked, name: string): T | undefined => call.input[name] as T | undefined
const text = (value: string | number | boolean | undefined): string | undefined =>
  value === undefined ? undefined : String(value)
const moment = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString()
const some = (values: readonly string[] | undefined): readonly string[] | undefined =>
  values && values.length > 0 ? values : undefined

const constraints = (asked: Asked): Constraints | undefined =>
  asked.constraints ?? member<Constraints>(asked, 'Constraints')

const encryptionContext = (asked: Asked): Strings | undefined => {
  if (asked.action === 'kms:ReEncryptFrom') return member(asked, 'SourceEncryptionContext')
  if (asked.action === 'kms:ReEncryptTo') return member(asked, 'DestinationEncryptionContext')
  if (asked.action !== 'kms:CreateGrant' && asked.action !== 'kms:RetireGrant')
    return member(asked, 'EncryptionContext')
  const { EncryptionContextEquals, EncryptionContextSubset } = constraints(asked) ?? {}
  return EncryptionContextEquals ?? EncryptionContextSubset
}

const keyIdentifiers: Readonly<Record<string, string>> = {
  'kms:ReEncryptFrom': 'SourceKeyId',
  'kms:ReEncryptTo': 'DestinationKeyId',
}
/** The alias by which the request names its key, without the ARN around it. */
const requestAlias: Value = (asked) => {
  const named = member<string>(asked, keyIdentifiers[asked.action] ?? 'KeyId')
  const at = named?.indexOf('alias/') ?? -1
  return at === 0 || (at > 0 && named!.startsWith('arn:')) ? named!.slice(at) : undefined
}

const encryptionAlgorithm: Value = (asked) =>
  member<string>(asked, 'EncryptionAlgorithm') ??
  (asked.action === 'kms:ReEncryptFrom'
    ? member<string>(asked, 'SourceEncryptionAlgorithm')
    : asked.action === 'kms:ReEncryptTo'
      ? member<string>(asked, 'DestinationEncryptionAlgorithm')
      : asked.action.startsWith('kms:GenerateDataKey')
        ? 'SYMMETRIC_DEFAULT'
        : undefined)

const constraintType: Value = (asked) => {
  const given = constraints(asked)
  if (given?.EncryptionContextEquals) return 'EncryptionContextEquals'
  // A subset of nothing constrains nothing.
  return Object.keys(given?.EncryptionContextSubset ?? {}).length > 0 ? 'EncryptionContextSubset' : undefined
}

const resourceAliases: Value = ({ call, key }) => {
  if (!key) return undefined
  const page = { keyId: key.id, limit: mostAliases + 1 }
  const names = call.world.lists.aliases(key.region, key.account, page).map(({ name }) => name)
  // Neither an Allow nor a Deny could be told from some of them.
  return names.length > mostAliases ? Ambiguous.untold : some(names)
}

/** Whole days since the key was last used, or made if it never was. */
const trailingDays: Value = ({ call, key }) => {
  if (!key) return undefined
  const last = call.world.lists.lastUsed(key.arn) ?? key.createdAt
  return String(Math.floor((call.time - last) / day))
}

/** KMS and IAM have two names for the same. */
type Tag = { readonly TagKey: string; readonly TagValue: string } | { readonly Key: string; readonly Value: string }
const requestTags = (asked: Asked): Pairs =>
  (member<readonly Tag[]>(asked, 'Tags') ?? []).map((tag) =>
    'TagKey' in tag ? ([tag.TagKey, tag.TagValue] as const) : ([tag.Key, tag.Value] as const),
  )
const resourceTags = ({ call, action, key }: Asked): Pairs =>
  key
    ? key.tags.map(({ TagKey, TagValue }) => [TagKey, TagValue] as const)
    : tagsOfIdentity(call, action).map(({ key: name, value }) => [name, value] as const)

const tagKeys: Value = (asked) =>
  some(member<readonly string[]>(asked, 'TagKeys') ?? requestTags(asked).map(([name]) => name))

/** CreateKey is about the key that it asks for; every other action about the one there is. */
const ofKey =
  (there: (key: Key) => string | undefined, wanted: Value): Value =>
  (asked) =>
    asked.key ? there(asked.key) : asked.action === 'kms:CreateKey' ? wanted(asked) : undefined

const keySpec = ofKey(
  ({ spec }) => spec,
  (asked) => member<string>(asked, 'KeySpec') ?? member<string>(asked, 'CustomerMasterKeySpec') ?? 'SYMMETRIC_DEFAULT',
)
const keyUsage = ofKey(
  ({ usage }) => usage,
  (asked) => member<string>(asked, 'KeyUsage') ?? 'ENCRYPT_DECRYPT',
)
const of =
  (name: string, otherwise?: string): Value =>
  (asked) =>
    text(member<string | number | boolean>(asked, name)) ?? otherwise
/** A key that is there for some actions alone: elsewhere a policy that asks for it must find nothing. */
const only =
  (actions: string | readonly string[], value: Value): Value =>
  (asked) =>
    actions === asked.action || (typeof actions !== 'string' && actions.includes(asked.action))
      ? value(asked)
      : undefined
const createGrant = 'kms:CreateGrant'
/** As the grant will record it: an account's id is another way to write its root's ARN. */
const principal =
  (name: string): Value =>
  (asked) => {
    const given = member<string>(asked, name)
    return given === undefined ? undefined : (principalNamed(asked.call.world.identities, given)?.arn ?? given)
  }

/**
 * Condition keys by their names in lower case (IAM service authorization reference, "AWS Key Management Service"; IAM user
 * guide, "AWS global condition context keys").
 */
export const values: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['aws:principalarn', ({ call }) => call.caller.principalArn],
  ['aws:principalaccount', ({ call }) => call.caller.accountId],
  ['aws:principaltype', ({ call }) => call.caller.principalType],
  ['aws:principalisawsservice', () => 'false'],
  ['aws:userid', ({ call }) => call.caller.userId],
  ['aws:username', ({ call }) => call.caller.userName],
  ['aws:federatedprovider', ({ call }) => call.principal.sessionContext?.webIdFederationData?.federatedProvider],
  ['aws:sourceidentity', ({ call }) => call.principal.sessionContext?.sourceIdentity],
  ['aws:tokenissuetime', ({ call: { caller } }) => moment(caller.issuedAt)],
  ['aws:multifactorauthpresent', ({ call }) => (call.caller.issuedAt === undefined ? undefined : 'false')],
  ['aws:sourceip', ({ call }) => call.sourceAddress],
  ['aws:currenttime', ({ call }) => new Date(call.time).toISOString()],
  ['aws:epochtime', ({ call }) => String(Math.floor(call.time / 1000))],
  ['aws:securetransport', ({ call }) => String(call.secure)],
  ['aws:useragent', ({ call }) => call.userAgent],
  ['aws:requestedregion', ({ call }) => call.region],
  ['aws:viaawsservice', () => 'false'],
  ['aws:resourceaccount', ({ call, key }) => key?.account ?? call.caller.accountId],
  ['aws:tagkeys', tagKeys],
  ['kms:calleraccount', ({ call }) => call.caller.accountId],
  ['kms:encryptioncontextkeys', (asked) => some(Object.keys(encryptionContext(asked) ?? {}))],
  ['kms:encryptionalgorithm', encryptionAlgorithm],
  ['kms:requestalias', requestAlias],
  ['kms:reencryptonsamekey', ({ sameKey }) => text(sameKey)],
  ['kms:resourcealiases', resourceAliases],
  ['kms:keyspec', keySpec],
  ['kms:customermasterkeyspec', keySpec],
  ['kms:keyusage', keyUsage],
  ['kms:customermasterkeyusage', keyUsage],
  ['kms:keyorigin', ofKey(({ origin }) => origin, of('Origin', 'AWS_KMS'))],
  ['kms:multiregion', ofKey(({ multiRegion }) => String(multiRegion !== undefined), of('MultiRegion', 'false'))],
  [
    'kms:multiregionkeytype',
    ofKey(
      ({ multiRegion }) => multiRegion,
      // Only ReplicateKey, which asks for leave to create a key elsewhere, says REPLICA: no shape has a member of this name.
      (asked) =>
        member<string>(asked, 'MultiRegionKeyType') ?? (member<boolean>(asked, 'MultiRegion') ? 'PRIMARY' : undefined),
    ),
  ],
  [
    'kms:bypasspolicylockoutsafetycheck',
    only(['kms:CreateKey', 'kms:PutKeyPolicy'], of('BypassPolicyLockoutSafetyCheck', 'false')),
  ],
  ['kms:replicaregion', only('kms:ReplicateKey', of('ReplicaRegion'))],
  ['kms:primaryregion', only('kms:UpdatePrimaryRegion', of('PrimaryRegion'))],
  ['kms:rotationperiodindays', only('kms:EnableKeyRotation', of('RotationPeriodInDays', '365'))],
  ['kms:schedulekeydeletionpendingwindowindays', only('kms:ScheduleKeyDeletion', of('PendingWindowInDays', '30'))],
  ['kms:trailingdayswithoutkeyusage', only(['kms:DisableKey', 'kms:ScheduleKeyDeletion'], trailingDays)],
  ['kms:grantoperations', (asked) => some(member<readonly string[]>(asked, 'Operations'))],
  ['kms:grantconstrainttype', constraintType],
  ['kms:grantconstraintsourcearn', (asked) => constraints(asked)?.SourceArn],
  ['kms:granteeprincipal', only(createGrant, principal('GranteePrincipal'))],
  ['kms:granteeserviceprincipal', only(createGrant, of('GranteeServicePrincipal'))],
  ['kms:retiringprincipal', only(createGrant, principal('RetiringPrincipal'))],
  ['kms:retiringserviceprincipal', only(createGrant, of('RetiringServicePrincipal'))],
  // True only where an AWS service that works with KMS asks for the caller; there is none here.
  ['kms:grantisforawsresource', only([createGrant, 'kms:ListGrants', 'kms:RevokeGrant'], () => 'false')],
])

/** Condition keys that end in a name of the request's own. Those of tags and contexts are compared without case. */
export const prefixes: readonly (readonly [string, (asked: Asked) => Iterable<readonly [string, string]>])[] = [
  ['kms:encryptioncontext:', (asked) => Object.entries(encryptionContext(asked) ?? {})],
  ['aws:principaltag/', ({ call }) => Object.entries(call.caller.tags)],
  ['aws:resourcetag/', resourceTags],
  ['iam:resourcetag/', resourceTags],
  ['aws:requesttag/', requestTags],
]
