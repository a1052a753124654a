import type { Row } from '../operation.ts'
import { AssumeRole } from './AssumeRole.ts'
import { AssumeRoleWithWebIdentity } from './AssumeRoleWithWebIdentity.ts'
import { GetCallerIdentity } from './GetCallerIdentity.ts'
import { GetSessionToken } from './GetSessionToken.ts'

/** The table of STS operations. */
export const sts = {
  AssumeRole,
  AssumeRoleWithWebIdentity,
  GetCallerIdentity,
  GetSessionToken,
} as const satisfies Record<string, Row>
