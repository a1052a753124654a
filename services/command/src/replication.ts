import { defaultKeyPolicy } from '@keyledger/iam'
import {
  type Key,
  type Tag,
  decide,
  fault,
  fold,
  handoverText,
  key as keyAggregate,
  keyArn,
  sharedWith,
  usable,
} from '@keyledger/keys'
import { LinkDown, Refusal } from '@keyledger/messaging'
import { authorize, authorizeByIdentity } from './authorize.ts'
import { acceptableKeyPolicy, presentPrincipals } from './key-policy.ts'
import { keyMetadata } from './key-metadata.ts'
import { change } from './keys.ts'
import { describeReplicaAnswer } from './link/messages.ts'
import type { Call, Output } from './operation.ts'

interface Wanted {
  readonly ReplicaRegion: string
  readonly Policy?: string | undefined
  readonly BypassPolicyLockoutSafetyCheck?: boolean | undefined
  readonly Description: string
  readonly Tags: readonly Tag[]
}

/** The request as the other Region would see it, for policies that ask where it goes. Nothing is noted on it. */
const elsewhere = (call: Call, region: string, input: Call['input'] = call.input): Call => ({
  ...call,
  region,
  input,
  resources: [],
})

/** The key as it will begin there, of which the primary knows all there is to know. */
const replicaOf = (primary: Key, region: string): Key => {
  const { account, id } = primary
  const sharing = { from: primary.region, region, shared: sharedWith(primary, region)!, provenFrom: Infinity }
  const command = { type: 'CreateReplica', account, keyId: id, ...sharing } as const
  return fold(keyAggregate, keyAggregate.initial, decide(keyAggregate, keyAggregate.initial, command))
}

/**
 * Besides the permission on the primary: what the caller's own policies say of CreateKey, and of TagResource where there are tags,
 * in the replica's Region (KMS developer guide, "Permissions for replicating").
 */
const authorizeThere = (call: Call, owner: Key, { Tags, BypassPolicyLockoutSafetyCheck }: Wanted): Call => {
  const { spec, usage, origin, region } = owner
  const kind = { KeySpec: spec, KeyUsage: usage, Origin: origin, MultiRegion: true, MultiRegionKeyType: 'REPLICA' }
  const there = elsewhere(call, region, { ...kind, Tags, BypassPolicyLockoutSafetyCheck })
  authorizeByIdentity(there, 'kms:CreateKey')
  if (Tags.length > 0) authorizeByIdentity(there, 'kms:TagResource', owner.arn)
  return there
}

/** Adds a replica to the request's key; its Region hears of it later. */
export const replicate = async (call: Call, wanted: Wanted): Promise<Output> => {
  const { key, time, world } = call
  const { ReplicaRegion: region, Policy, Description, Tags } = wanted
  const { account, id, spec, usage, origin } = key
  const owner = { ...keyAggregate.initial, region, account, id, arn: keyArn(region, account, id), spec, usage, origin }
  const replica: Key = { ...owner, multiRegion: 'REPLICA', tags: Tags }
  const there = authorizeThere(call, replica, wanted)
  usable(key, 'ReplicateKey')
  if (world.regions.identity(region) === undefined) throw fault('notSupportedYet', `Region ${region}`)
  const accepted =
    Policy === undefined
      ? { policy: defaultKeyPolicy(account), principals: undefined }
      : acceptableKeyPolicy(there, replica, Policy, wanted.BypassPolicyLockoutSafetyCheck)
  const primary = await change(call, {
    type: 'ReplicateKey',
    now: time,
    region,
    description: Description,
    tags: Tags,
    policy: accepted.policy,
    ...(accepted.principals && { principals: accepted.principals }),
  })
  return {
    ReplicaKeyMetadata: keyMetadata(replicaOf(primary, region)),
    ReplicaPolicy: accepted.policy,
    ReplicaTags: Tags,
  }
}

/** The replica as its own Region describes it to its primary. */
const described = async (call: Call, region: string): Promise<{ readonly replica: Key; readonly there: Call }> => {
  const { key, world } = call
  const { account, id } = key
  const arn = keyArn(region, account, id)
  try {
    const message = { account, keyId: id }
    const answer = await world.regions.link.ask(key.region, region, 'DescribeReplica', message)
    const { aliases, ...own } = describeReplicaAnswer.parse(answer)
    const principals = presentPrincipals(own.policy, world.identities)
    const replica: Key = { ...key, region, arn, multiRegion: 'REPLICA', ...own, principals }
    // Its aliases are its Region's, as is all else that is its own.
    const named = aliases.map((name) => ({ name, targetKeyId: id, createdAt: 0, updatedAt: 0 }))
    const there = { ...elsewhere(call, region), world: { ...world, lists: { ...world.lists, aliases: () => named } } }
    return { replica, there }
  } catch (error) {
    if (error instanceof Refusal && error.code === 'NotFoundException') throw fault('notFound', arn)
    if (error instanceof Refusal || error instanceof LinkDown) throw Object.assign(fault('internal'), { cause: error })
    throw error
  }
}

/**
 * Promises the other Region that it is the primary from now on. Who may is asked of both keys: the caller's policies are
 * known here, the replica's policy there. Throws KMSInternalException while the other Region cannot be asked.
 */
export const updatePrimaryRegion = async (call: Call, region: string): Promise<void> => {
  const { key, world } = call
  const { account, id } = key
  const epoch = (key.replication?.epoch ?? 0) + 1
  const command = { type: 'UpdatePrimaryRegion', region, epoch } as const
  // What this Region refuses needs no other. Nor does what is under way already.
  if (decide(keyAggregate, key, { ...command, proof: '' }).length === 0) return
  const { replica, there } = await described(call, region)
  await authorize(there, 'kms:UpdatePrimaryRegion', replica)
  // Its state alone: that it is no primary yet is why we are here.
  usable({ ...replica, multiRegion: 'PRIMARY' }, 'UpdatePrimaryRegion')
  const text = handoverText(account, id, { epoch, from: key.region, to: region })
  const proof = Buffer.from(world.vault.sign(Buffer.from(text))).toString('base64url')
  await change(call, { ...command, proof })
}
