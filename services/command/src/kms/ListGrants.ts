import { acceptableGrantId, grantEntry } from '../grants.ts'
import { operation } from '../operation.ts'
import { page, paginated, positionOf } from '../pagination.ts'
import { partyNamed } from '../principals.ts'
import { grantId, keyId, limit, marker, principal, servicePrincipal } from './shapes.ts'

/** The grants of a key in the order in which they were made. */
export const ListGrants = operation({
  authorize: { action: 'kms:ListGrants', on: 'KeyId', crossAccount: true },
  readOnly: true,
  input: {
    KeyId: keyId(),
    Limit: limit(100, 50),
    Marker: marker().optional(),
    GrantId: grantId().optional(),
    GranteePrincipal: principal().optional(),
    GranteeServicePrincipal: servicePrincipal().optional(),
  },
  run({ Limit, Marker, GrantId, GranteePrincipal, GranteeServicePrincipal }, { world, region, key }) {
    const { identities, lists } = world
    const named = GranteePrincipal === undefined ? undefined : partyNamed(identities, GranteePrincipal)
    // No grant has two grantees.
    if (named !== undefined && GranteeServicePrincipal !== undefined) return { Grants: [], Truncated: false }
    const list = `ListGrants ${key.arn}`
    const { after, limit: most } = page(list, Limit, Marker)
    const found = lists.grants(region, key.account, key.id, {
      after: positionOf(after),
      limit: most,
      grantId: GrantId === undefined ? undefined : acceptableGrantId(GrantId),
      grantee: named ?? GranteeServicePrincipal,
    })
    const { items, ...rest } = paginated(list, Limit, found, ({ position }) => String(position))
    return { Grants: items.map(({ grant }) => grantEntry(identities, key.arn, grant)), ...rest }
  },
})
