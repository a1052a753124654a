import { type Exchange, type Protocol, type Shape, formShape, jsonProtocol, queryProtocol } from '@keyledger/wire'
import { awsOperations } from './aws-operations.ts'
import { iam } from './iam/index.ts'
import { kms } from './kms/index.ts'
import { loggedParameters } from './logged.ts'
import type { Row } from './operation.ts'
import type { Slots } from './recorder.ts'
import { sts } from './sts/index.ts'
import { unsupported } from './unsupported.ts'

/** One of AWS's services as it is spoken here. */
export interface Service {
  readonly name: string
  readonly protocol: Protocol
  readonly rows: ReadonlyMap<string, Prepared>
  /** What AWS says there when the failure is its own. */
  readonly failure: string
}

/** A row with what can be known of it before the first request. */
export interface Prepared extends Row {
  readonly logged: ReturnType<typeof loggedParameters>
}

const asItIs = (shape: Shape) => shape
const table = (rows: Readonly<Record<string, Row>>, read = asItIs): ReadonlyMap<string, Prepared> =>
  new Map(
    Object.entries(rows).map(([name, row]) => [
      name,
      { ...row, input: read(row.input), logged: loggedParameters(row.input) },
    ]),
  )

export const services = {
  kms: {
    name: 'kms',
    protocol: jsonProtocol({ prefix: 'TrentService' }),
    rows: table({ ...unsupported(awsOperations), ...kms }),
    failure: 'KMSInternalException',
  },
  sts: {
    name: 'sts',
    protocol: queryProtocol({ namespace: 'https://sts.amazonaws.com/doc/2011-06-15/', apiVersion: '2011-06-15' }),
    rows: table(sts, formShape),
    failure: 'InternalFailure',
  },
  iam: {
    name: 'iam',
    protocol: queryProtocol({ namespace: 'https://iam.amazonaws.com/doc/2010-05-08/', apiVersion: '2010-05-08' }),
    rows: table(iam, formShape),
    failure: 'ServiceFailure',
  },
} satisfies Record<string, Service>

const signedForIam = /\/iam\/aws4_request\b/
const versionOfIam = /(?:^|&)Version=2010-05-08(?:&|$)/
/**
 * A form is the query protocol's; everything else is taken for JSON, as AWS does. Of the services that take forms it is the
 * one that was signed for; what is not signed at all (STS takes some of that) says by its version whose it is.
 */
export const serviceOf = ({ headers, body }: Exchange<Slots>): Service => {
  if (!headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return services.kms
  const { authorization } = headers
  const isIam = authorization ? signedForIam.test(authorization) : versionOfIam.test(body.toString('latin1'))
  return isIam ? services.iam : services.sts
}
