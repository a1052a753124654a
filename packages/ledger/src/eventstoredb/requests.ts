import shared from '@eventstore/db-client/generated/shared_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type { Expected } from '../event-log.ts'
import type { Encoded } from './records.ts'

const { Options } = streams.ReadReq
const everything = String(Number.MAX_SAFE_INTEGER)
/** Events that the server looks at in one go while it searches for those that pass a filter. */
const searchWindow = 1000
/** How often it tells a subscription how far it has looked: every so many times 32 events. */
const checkpointEvery = 4

/** What a name must be like. */
export type Filter = { readonly regex: string } | { readonly prefixes: readonly string[] }

/** Streams of some categories, neither more nor less. */
export const ofCategories = (categories: readonly string[]): Filter => ({
  regex: `^(?:${categories.map((name) => name.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|')})(?:-|$)`,
})
/** Streams that are not the server's own. */
export const ofAuthors: Filter = { regex: '^[^$]' }

const request = (options: streams.ReadReq.Options, backwards: boolean): streams.ReadReq => {
  const uuids = new Options.UUIDOption().setString(new shared.Empty())
  options
    .setUuidOption(uuids)
    .setResolveLinks(false)
    .setReadDirection(backwards ? Options.ReadDirection.BACKWARDS : Options.ReadDirection.FORWARDS)
  return new streams.ReadReq().setOptions(options)
}

const counted = (options: streams.ReadReq.Options, count: number) =>
  options.setCount(Number.isSafeInteger(count) ? String(count) : everything)

const filterOptions = (filter: Filter): streams.ReadReq.Options.FilterOptions => {
  const expression = new Options.FilterOptions.Expression()
  if ('regex' in filter) expression.setRegex(filter.regex)
  else expression.setPrefixList([...filter.prefixes])
  return new Options.FilterOptions().setStreamIdentifier(expression)
}

export const identifier = (stream: string): shared.StreamIdentifier =>
  new shared.StreamIdentifier().setStreamName(Buffer.from(stream, 'utf8'))

/** A stream from a revision on. */
export const ofStream = (stream: string, from: number, count: number): streams.ReadReq => {
  const part = new Options.StreamOptions().setStreamIdentifier(identifier(stream)).setRevision(String(from))
  return request(counted(new Options(), count).setStream(part).setNoFilter(new shared.Empty()), false)
}

/** A stream from its end on, backwards. */
export const ofStreamEnd = (stream: string, count: number): streams.ReadReq => {
  const part = new Options.StreamOptions().setStreamIdentifier(identifier(stream)).setEnd(new shared.Empty())
  return request(counted(new Options(), count).setStream(part).setNoFilter(new shared.Empty()), true)
}

const at = (position: number): streams.ReadReq.Options.AllOptions => {
  const all = new Options.AllOptions()
  if (position === 0) return all.setStart(new shared.Empty())
  const told = String(position)
  return all.setPosition(new Options.Position().setCommitPosition(told).setPreparePosition(told))
}

const narrowed = (options: streams.ReadReq.Options, filter: Filter | undefined) =>
  filter ? options.setFilter(filterOptions(filter).setMax(searchWindow)) : options.setNoFilter(new shared.Empty())

/** The whole log from a position on, with what stands at it. */
export const ofAll = (from: number, count: number, filter?: Filter): streams.ReadReq =>
  request(narrowed(counted(new Options(), count), filter).setAll(at(from)), false)

/** The whole log from its end on, backwards. */
export const ofAllEnd = (count: number, filter?: Filter): streams.ReadReq =>
  request(
    narrowed(counted(new Options(), count), filter).setAll(new Options.AllOptions().setEnd(new shared.Empty())),
    true,
  )

/** What passes the filter after a position, for ever. */
export const subscription = (after: number, filter: Filter): streams.ReadReq => {
  const narrow = filterOptions(filter).setCount(new shared.Empty()).setCheckpointintervalmultiplier(checkpointEvery)
  const options = new Options().setSubscription(new Options.SubscriptionOptions()).setFilter(narrow)
  return request(options.setAll(at(after)), false)
}

/** One append, whole. Without a deadline of ours the server's own holds; we wait no longer than we please. */
export const batchRequest = (
  id: string,
  stream: string,
  expected: Expected,
  events: readonly Encoded[],
): streams.BatchAppendReq => {
  const options = new streams.BatchAppendReq.Options().setStreamIdentifier(identifier(stream))
  // On the wire, which is all that matters here, google.protobuf's Empty is as empty as this one.
  const empty = new shared.Empty() as unknown as ReturnType<typeof options.getAny>
  if (expected === 'any') options.setAny(empty)
  else if (expected === 'none') options.setNoStream(empty)
  else options.setStreamPosition(String(expected))
  return new streams.BatchAppendReq()
    .setCorrelationId(new shared.UUID().setString(id))
    .setOptions(options)
    .setProposedMessagesList(events.map(({ message }) => message))
    .setIsFinal(true)
}
