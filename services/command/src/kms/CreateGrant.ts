import { grantOperations } from '@keyledger/keys'
import { boolean, enumeration, list, string } from '@keyledger/wire'
import { createGrant, grantToken } from '../grants.ts'
import { operation } from '../operation.ts'
import { grantConstraints, grantTokens, keyId, principal, servicePrincipal } from './shapes.ts'

/** With a Name the same request gives the same grant, under a new token each time. */
export const CreateGrant = operation({
  authorize: { action: 'kms:CreateGrant', on: 'KeyId', crossAccount: true },
  readOnly: false,
  input: {
    KeyId: keyId(),
    GranteePrincipal: principal().optional(),
    RetiringPrincipal: principal().optional(),
    Operations: list(enumeration(grantOperations), {}),
    Constraints: grantConstraints(),
    GrantTokens: grantTokens(),
    Name: string({ min: 1, max: 256, pattern: '^[a-zA-Z0-9:/_-]+$' }).optional(),
    DryRun: boolean().optional(),
    GranteeServicePrincipal: servicePrincipal().optional(),
    RetiringServicePrincipal: servicePrincipal().optional(),
  },
  async run(input, call) {
    const { grantId } = await createGrant(call, input)
    return { GrantToken: grantToken(call, { keyArn: call.key.arn, grantId }), GrantId: grantId }
  },
})
