import { operation } from '../operation.ts'

/** Needs no permission: who signed may always learn whose signature it was (STS API reference). */
export const GetCallerIdentity = operation({
  authorize: { action: 'sts:GetCallerIdentity', itself: true },
  readOnly: true,
  input: {},
  run: (_, { principal }) => ({
    Arn: principal.arn,
    UserId: principal.principalId,
    Account: principal.accountId,
  }),
})
