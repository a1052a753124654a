import { type Key, trailStream } from '@keyledger/keys'
import { type World, internal } from './world.ts'

/** Puts on the trail what the service did of itself (KMS developer guide, "Examples of AWS KMS log entries"). */
export const recordServiceEvent = (
  { trail, now, id }: World,
  eventName: 'RotateKey' | 'DeleteKey',
  { region, account, arn }: Key,
  serviceEventDetails: Readonly<Record<string, unknown>>,
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
    responseElements: null,
    eventID,
    readOnly: false,
    resources: [{ accountId: account, type: 'AWS::KMS::Key', ARN: arn }],
    eventType: 'AwsServiceEvent',
    managementEvent: true,
    recipientAccountId: account,
    serviceEventDetails,
    eventCategory: 'Management',
  }
  const stream = trailStream(region, account, time.slice(0, 10))
  return trail.record(stream, { id: eventID, type: 'ServiceEvent', version: 1, time, data })
}
