import { integer, string } from '@keyledger/wire'
import { operation } from '../operation.ts'
import { issue } from '../sessions.ts'
import { stsFault } from './fault.ts'

const usualDuration = 43_200

/** Temporary credentials of the user who asks; needs no permission (STS API reference). */
export const GetSessionToken = operation({
  authorize: { action: 'sts:GetSessionToken', itself: true },
  readOnly: true,
  input: {
    DurationSeconds: integer({ min: 900, max: 129_600 }).optional(),
    SerialNumber: string({ min: 9, max: 256, pattern: '[\\w+=/:,.@-]*' }).optional(),
    TokenCode: string({ min: 6, max: 6, pattern: '[\\d]*', sensitive: true }).optional(),
  },
  run: ({ DurationSeconds, SerialNumber, TokenCode }, { world, principal, session, time }) => {
    // Else a session could outlive itself.
    if (session || principal.type !== 'IAMUser' || principal.userName === undefined)
      throw stsFault('sessionCannot', 'GetSessionToken')
    if (SerialNumber !== undefined || TokenCode !== undefined) throw stsFault('noDevice')
    const { accountId, userName, principalId: userId } = principal
    return {
      Credentials: issue(world.vault, {
        accountId,
        of: { kind: 'user', userName, userId },
        issuedAt: time,
        expiresAt: time + (DurationSeconds ?? usualDuration) * 1000,
        policies: [],
        tags: {},
        transitiveTagKeys: [],
        sourceIdentity: undefined,
        federation: undefined,
      }),
    }
  },
})
