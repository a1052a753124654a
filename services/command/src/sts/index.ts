import type { Row } from '../operation.ts'
import { GetCallerIdentity } from './GetCallerIdentity.ts'

/** The table of STS operations. */
export const sts = { GetCallerIdentity } as const satisfies Record<string, Row>
