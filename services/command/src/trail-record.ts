import type { Principal } from '@keyledger/iam'
import type { Tls } from '@keyledger/wire'

/** What one request's record is made of. Nothing in it is secret: `parameters` has been through {@link ./logged.ts}. */
export interface Happening {
  /** When the request came, ISO 8601 with milliseconds; CloudTrail writes whole seconds. */
  readonly at: string
  readonly eventId: string
  readonly requestId: string
  readonly eventSource: string
  readonly eventName: string
  readonly region: string
  readonly readOnly: boolean
  readonly principal: Principal | undefined
  readonly sourceAddress: string
  readonly userAgent: string
  readonly error: { readonly code: string; readonly message: string } | undefined
  readonly parameters: object | null
  readonly response: object | null
  readonly keyMaterialId: string | undefined
  readonly resources: readonly string[]
  readonly tls: Tls | undefined
  readonly host: string | undefined
}

const oneKilobyte = 1024
const short = (text: string) => (text.length > oneKilobyte ? text.slice(0, oneKilobyte) : text)

// What nobody's signature vouched for is not written down: people put secrets where access key ids belong.
const nobody = { type: 'Unknown' }

/**
 * The CloudTrail record of one request (CloudTrail user guide, "record contents"; KMS developer guide, "logging").
 * Undefined members are left out when it is written.
 */
export const trailRecord = (happening: Happening) => {
  const { principal, error, resources, keyMaterialId } = happening
  return {
    eventVersion: '1.11',
    userIdentity: principal ?? nobody,
    eventTime: `${happening.at.slice(0, 19)}Z`,
    eventSource: happening.eventSource,
    eventName: happening.eventName,
    awsRegion: happening.region,
    sourceIPAddress: happening.sourceAddress,
    userAgent: short(happening.userAgent),
    errorCode: error?.code,
    errorMessage: error?.message ? short(error.message) : undefined,
    requestParameters: happening.parameters,
    responseElements: happening.response,
    additionalEventData: keyMaterialId === undefined ? undefined : { keyMaterialId },
    requestID: happening.requestId,
    eventID: happening.eventId,
    readOnly: happening.readOnly,
    resources: resources.length === 0 ? undefined : resources.map(resource),
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: principal?.accountId,
    eventCategory: 'Management',
    tlsDetails: happening.tls && {
      tlsVersion: happening.tls.version,
      cipherSuite: happening.tls.cipher,
      clientProvidedHostHeader: happening.host,
    },
  }
}

const accountLength = 12
/** The key's account stands before the last colon of its ARN. */
const resource = (arn: string) => {
  const end = arn.lastIndexOf(':')
  return { accountId: arn.slice(end - accountLength, end), type: 'AWS::KMS::Key', ARN: arn }
}
