import { type Key, trailStream } from '@keyledger/keys'
import type { World } from './world.ts'

/** Who acts when another region asks, as CloudTrail calls it. */
const internal = 'AWS Internal'

/** The envelope of events that are caused by another region. */
export const internalEnvelope = ({ id, now }: World, { region, account }: { region: string; account: string }) => ({
  ids: id,
  time: now(),
  metadata: { actor: internal, requestId: id(), region, account },
})

/**
 * Puts on the trail what another region's request made of a key here (KMS developer guide, "Examples of AWS KMS log entries":
 * ReplicateKey and UpdatePrimaryRegion each leave a record in both regions).
 */
export const recordInternal = (
  { trail, now, id }: World,
  eventName: 'CreateKey' | 'SynchronizeMultiRegionKey' | 'UpdatePrimaryRegion',
  { region, account, arn }: Key,
): Promise<void> => {
  const time = new Date(now()).toISOString()
  const eventID = id()
  const data = {
    eventVersion: '1.11',
    userIdentity: { accountId: account, invokedBy: internal },
    eventTime: `${time.slice(0, 19)}Z`,
    eventSource: 'kms.amazonaws.com',
    eventName,
    awsRegion: region,
    sourceIPAddress: internal,
    userAgent: internal,
    requestParameters: null,
    responseElements: { keyId: arn },
    requestID: id(),
    eventID,
    readOnly: false,
    resources: [{ accountId: account, type: 'AWS::KMS::Key', ARN: arn }],
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: account,
    eventCategory: 'Management',
  }
  const stream = trailStream(region, account, time.slice(0, 10))
  return trail.record(stream, { id: eventID, type: 'ApiCall', version: 1, time, data })
}
