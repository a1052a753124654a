import { Metadata, type ServiceError, status } from '@grpc/grpc-js'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import statuses from '@eventstore/db-client/generated/status_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type { Expecting, Outcome, Proposed, Stored } from './store.ts'

/** A failure as EventStoreDB tells it: the gRPC status, and what kind of exception it was in the trailing metadata. */
export const failure = (code: status, details: string, told: Readonly<Record<string, string>> = {}): ServiceError => {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(told)) metadata.set(name, value)
  return Object.assign(new Error(details), { code, details, metadata })
}
export const unavailable = () => failure(status.UNAVAILABLE, 'the server is not ready')
export const expired = () => failure(status.ABORTED, 'Operation timed out.')
export const denied = () => failure(status.PERMISSION_DENIED, 'Access Denied.', { exception: 'access-denied' })
export const deleted = (stream: string) =>
  failure(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': stream,
  })
export const tooLarge = (limit: number) =>
  failure(status.INVALID_ARGUMENT, `Maximum Append Size of ${limit} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(limit),
  })

export const streamName = (identifier: shared.StreamIdentifier | undefined): string =>
  Buffer.from(identifier!.getStreamName_asU8()).toString('utf8')
export const identifier = (stream: string): shared.StreamIdentifier =>
  new shared.StreamIdentifier().setStreamName(Buffer.from(stream, 'utf8'))

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Throws for an id that is no UUID, as the server does. */
export const proposed = (
  message: streams.AppendReq.ProposedMessage | streams.BatchAppendReq.ProposedMessage,
): Proposed => {
  const id = message.getId()?.getString() ?? ''
  if (!uuid.test(id)) throw failure(status.INVALID_ARGUMENT, `${JSON.stringify(id)} is no UUID`)
  const told = message.getMetadataMap()
  return {
    id: id.toLowerCase(),
    type: told.get('type') ?? '',
    contentType: told.get('content-type') ?? 'application/octet-stream',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  }
}

const ticksPerMillisecond = 10_000n

export const readEvent = (stored: Stored): streams.ReadResp => {
  const position = String(stored.position)
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent()
    .setId(new shared.UUID().setString(stored.id))
    .setStreamIdentifier(identifier(stored.stream))
    .setStreamRevision(String(stored.revision))
    .setCommitPosition(position)
    .setPreparePosition(position)
    .setData(stored.data)
    .setCustomMetadata(stored.metadata)
  recorded
    .getMetadataMap()
    .set('type', stored.type)
    .set('content-type', stored.contentType)
    .set('created', String(BigInt(stored.created) * ticksPerMillisecond))
  return new streams.ReadResp().setEvent(
    new streams.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(position),
  )
}

export const checkpoint = (position: number): streams.ReadResp =>
  new streams.ReadResp().setCheckpoint(
    new streams.ReadResp.Checkpoint().setCommitPosition(String(position)).setPreparePosition(String(position)),
  )

export const appended = (outcome: Exclude<Outcome, 'deleted'>, expected: Expecting): streams.AppendResp => {
  const response = new streams.AppendResp()
  if ('revision' in outcome) {
    const position = String(outcome.position)
    return response.setSuccess(
      new streams.AppendResp.Success()
        .setCurrentRevision(String(outcome.revision))
        .setPosition(new streams.AppendResp.Position().setCommitPosition(position).setPreparePosition(position)),
    )
  }
  const wrong = new streams.AppendResp.WrongExpectedVersion()
  if (outcome.wrong === 'no_stream') wrong.setCurrentNoStream(new shared.Empty())
  else wrong.setCurrentRevision(String(outcome.wrong))
  if (typeof expected === 'bigint') wrong.setExpectedRevision(String(expected))
  else if (expected === 'no_stream') wrong.setExpectedNoStream(new shared.Empty())
  else if (expected === 'any') wrong.setExpectedAny(new shared.Empty())
  else wrong.setExpectedStreamExists(new shared.Empty())
  return response.setWrongExpectedVersion(wrong)
}

export { shared, statuses, streams }
