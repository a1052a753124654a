import { fault, keyArn } from '@keyledger/keys'
import { grantEntry } from '../grants.ts'
import { operation } from '../operation.ts'
import { page, paginated, positionOf } from '../pagination.ts'
import { accountOf, partyNamed } from '../principals.ts'
import { limit, marker, principal, servicePrincipal } from './shapes.ts'

/** The grants, on keys of any account, that a principal of the caller's account may retire by being named in them. */
export const ListRetirableGrants = operation({
  authorize: {
    action: 'kms:ListRetirableGrants',
    resource: ({ RetiringPrincipal }) => (RetiringPrincipal?.startsWith('arn:') ? RetiringPrincipal : '*'),
  },
  readOnly: true,
  input: {
    Limit: limit(100, 50),
    Marker: marker().optional(),
    RetiringPrincipal: principal().optional(),
    RetiringServicePrincipal: servicePrincipal().optional(),
  },
  run({ Limit, Marker, RetiringPrincipal, RetiringServicePrincipal }, { world, region, caller }) {
    const { identities, lists } = world
    if ((RetiringPrincipal === undefined) === (RetiringServicePrincipal === undefined))
      throw fault('retiringPrincipalRequired')
    if (RetiringPrincipal !== undefined) {
      const account = accountOf(RetiringPrincipal)
      if (account === undefined) throw fault('invalidPrincipal', RetiringPrincipal)
      if (account !== caller.accountId)
        throw fault('accessDenied', caller.arn, 'kms:ListRetirableGrants', RetiringPrincipal, 'resource-based')
    }
    const retiring =
      RetiringPrincipal === undefined ? RetiringServicePrincipal! : partyNamed(identities, RetiringPrincipal)
    const list = `ListRetirableGrants ${region} ${retiring}`
    const { after, limit: most } = page(list, Limit, Marker)
    const found = lists.retirableGrants(region, retiring, {
      after: positionOf(after),
      limit: most,
      // A service is everybody's: of its grants the caller sees those on keys of the caller's account.
      account: RetiringPrincipal === undefined ? caller.accountId : undefined,
    })
    const { items, ...rest } = paginated(list, Limit, found, ({ position }) => String(position))
    return {
      Grants: items.map(({ account, keyId, grant }) => grantEntry(identities, keyArn(region, account, keyId), grant)),
      ...rest,
    }
  },
})
