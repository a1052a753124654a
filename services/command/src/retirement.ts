import { decide } from '@keyledger/iam'
import { type Grant, type Key, fault, granteeOf, grantsStream, retiringOf } from '@keyledger/keys'
import { enforcedOn, withinSession } from './authorize.ts'
import { compiledKeyPolicy } from './compiled-key-policy.ts'
import { conditionKeys } from './condition-keys.ts'
import { type GrantReference, acceptableGrantId, openGrantToken } from './grants.ts'
import { envelope, namedKey } from './keys.ts'
import type { Call } from './operation.ts'
import { refuseDryRun } from './use.ts'

const action = 'kms:RetireGrant'

/** Whom the grant itself lets retire it: the retiring principal, and the grantee if RetireGrant was granted. */
const retirersOf = (grant: Grant): readonly (string | undefined)[] => [
  retiringOf(grant),
  grant.operations.includes('RetireGrant') ? granteeOf(grant) : undefined,
]

/**
 * The grant says who may retire it; besides them, the account that issued it. What an account may, its root may, and
 * whom its own policies let. A key policy alone lets nobody retire a grant, but like every policy it can deny it (KMS
 * developer guide, "Retiring and revoking grants").
 */
const authorizeRetirement = (call: Call, key: Key, grant: Grant): void => {
  const { caller } = call
  const retirers = retirersOf(grant)
  const root = `arn:aws:iam::${caller.accountId}:root`
  const ofAccount = grant.issuingAccount === caller.accountId || retirers.includes(root)
  const retires = (name: string) => retirers.includes(name)
  const itself = caller.sessionNames.some(retires)
  const named = caller.names.some(retires) || (ofAccount && caller.principalType === 'Account')
  const asked = {
    caller,
    action,
    resource: key.arn,
    context: conditionKeys(call, action, key, undefined, grant.constraints),
  }
  const keyPolicy = compiledKeyPolicy(key)
  const byGrant = decide({
    ...asked,
    account: key.account,
    keyPolicy,
    grant: () => (itself || (named && withinSession(asked)) ? grant.grantId : undefined),
  })
  if (named || (!byGrant.allowed && byGrant.explicit)) return enforcedOn(call, action, key, byGrant)
  const byAccount = decide({ ...asked, account: caller.accountId, keyPolicy: undefined })
  // A foreign key that is not there reads just so.
  const policyType = key.account === caller.accountId ? 'identity-based' : 'resource-based'
  const refused = { allowed: false, explicit: false, policyType } as const
  enforcedOn(call, action, key, ofAccount ? byAccount : refused)
}

interface Named {
  readonly GrantToken?: string | undefined
  readonly KeyId?: string | undefined
  readonly GrantId?: string | undefined
}

const referenceOf = (call: Call, { GrantToken, KeyId, GrantId }: Named): GrantReference => {
  const byId = KeyId !== undefined || GrantId !== undefined
  if (GrantToken !== undefined && !byId) return openGrantToken(call, GrantToken)
  if (GrantToken !== undefined || KeyId === undefined || GrantId === undefined) throw fault('grantNotNamed')
  // Here, and only here, an id alone does not name a key.
  if (!KeyId.startsWith('arn:')) throw fault('invalidArn', KeyId)
  return { keyArn: KeyId, grantId: acceptableGrantId(GrantId) }
}

/** Retires the grant that a token, or its id and key, name. Which grants there are on foreign keys is not told. */
export const retireGrant = async (call: Call, named: Named, dryRun: boolean | undefined): Promise<void> => {
  const { world, caller } = call
  const { keyArn, grantId } = referenceOf(call, named)
  call.key = await namedKey(call, { action, crossAccount: true }, keyArn)
  const { key } = call
  const stream = grantsStream(key)
  const grant = (await world.grants.find(stream)).byId.get(grantId)
  if (grant) authorizeRetirement(call, key, grant)
  else if (key.account !== caller.accountId) throw fault('accessDenied', caller.arn, action, key.arn, 'resource-based')
  else throw fault('grantNotFound', grantId)
  refuseDryRun(dryRun)
  await world.grants.handle(stream, { type: 'RetireGrant', grantId }, envelope(call, key.account))
}
