import type { Caller } from '@keyledger/iam'

/** Who asks when nobody signed: no one, of no account, who may nothing. Its row finds out who it is, or refuses. */
export const anonymous: Caller = {
  principal: { type: 'WebIdentityUser', principalId: '', arn: '', accountId: '' },
  arn: '',
  accountId: '',
  names: [],
  sessionNames: [],
  principalArn: '',
  principalType: 'User',
  userId: '',
  userName: undefined,
  tags: {},
  identityPolicies: [],
  sessionPolicies: undefined,
  issuedAt: undefined,
}
