import { once } from 'node:events'
import { type ServerWritableStream, status } from '@grpc/grpc-js'
import type { Conduct, Deed } from './deeds.ts'
import {
  checkpoint,
  deleted,
  denied,
  failure,
  identifier,
  readEvent,
  streamName,
  streams,
  unavailable,
} from './messages.ts'
import type { Store, Stored } from './store.ts'

type Call = ServerWritableStream<streams.ReadReq, streams.ReadResp>
type ReadOptions = streams.ReadReq.Options

/** Events that the server looks at before it tells a filtered subscription how far it is. */
const searchWindow = 32

const filterOf = (options: ReadOptions): ((event: Stored) => boolean) => {
  const filter = options.getFilter()
  if (!filter) return () => true
  const onStream = filter.hasStreamIdentifier()
  const expression = (onStream ? filter.getStreamIdentifier() : filter.getEventType())!
  const regex = expression.getRegex() === '' ? undefined : new RegExp(expression.getRegex(), 'u')
  const prefixes = expression.getPrefixList()
  return (event) => {
    const text = onStream ? event.stream : event.type
    return regex ? regex.test(text) : prefixes.some((prefix) => text.startsWith(prefix))
  }
}

const backwards = (options: ReadOptions) =>
  options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS

/** The events of a stream that were asked for. */
const ofStream = (store: Store, options: ReadOptions): readonly Stored[] | 'none' | 'deleted' => {
  const from = options.getStream()!
  const events = store.stream(streamName(from.getStreamIdentifier()))
  if (typeof events === 'string') return events
  if (backwards(options)) {
    const upTo = from.hasRevision() ? BigInt(from.getRevision()) : undefined
    return events.filter(({ revision }) => upTo === undefined || revision <= upTo).toReversed()
  }
  const first = from.hasRevision() ? BigInt(from.getRevision()) : from.hasEnd() ? 1n << 62n : 0n
  return events.filter(({ revision }) => revision >= first)
}

/** The events of `$all` that were asked for; undefined for a position where no record begins. */
const ofAll = (store: Store, options: ReadOptions): readonly Stored[] | undefined => {
  const from = options.getAll()!
  const position = from.hasPosition() ? Number(from.getPosition()!.getCommitPosition()) : undefined
  const place = position === undefined ? (from.hasEnd() ? store.log.length : 0) : store.placeOf(position)
  if (place === undefined) return undefined
  return backwards(options) ? store.log.slice(0, place).toReversed() : store.log.slice(place)
}

/** The first `most` of those that pass. */
const first = (events: readonly Stored[], most: number, passes: (event: Stored) => boolean): Stored[] => {
  const taken: Stored[] = []
  for (const event of events) {
    if (taken.length >= most) break
    if (passes(event)) taken.push(event)
  }
  return taken
}

/** Whoever reads slowly is waited for; false once the call is over. */
const writing = (call: Call) => async (response: streams.ReadResp) => {
  if (call.cancelled || call.destroyed) return false
  if (!call.write(response)) {
    const over = new AbortController()
    const { signal } = over
    await Promise.race(['drain', 'cancelled'].map((event) => once(call, event, { signal }).catch(() => undefined)))
    over.abort()
  }
  return !call.cancelled
}

const invalidPosition = () => failure(status.INVALID_ARGUMENT, 'Invalid position.')

/** What was asked for as it is now; `tell` sends it, perhaps later. */
const answering = (call: Call, store: Store, options: ReadOptions, deed: Deed): (() => Promise<void>) => {
  const write = writing(call)
  const all = options.hasAll()
  const found = all ? ofAll(store, options) : ofStream(store, options)
  const events = Array.isArray(found) ? first(found, Number(options.getCount()), filterOf(options)) : []
  const stream = all ? '$all' : streamName(options.getStream()!.getStreamIdentifier())
  const tellEvents = async () => {
    const told = deed === 'break' ? events.slice(0, events.length >> 1) : events
    for (const event of told) if (!(await write(readEvent(event)))) break
    if (deed === 'break') call.emit('error', unavailable())
    else call.end()
  }
  const tellNone = async () => {
    const missing = new streams.ReadResp.StreamNotFound().setStreamIdentifier(identifier(stream))
    await write(new streams.ReadResp().setStreamNotFound(missing))
    call.end()
  }
  return async () => {
    if (found === undefined) call.emit('error', invalidPosition())
    else if (found === 'deleted') call.emit('error', deleted(stream))
    else await (found === 'none' ? tellNone() : tellEvents())
  }
}

interface Subscriptions {
  /** Called when there is something to look at, or an end to be made. */
  readonly wake: Set<() => void>
  /** While this is true, nothing is told to anybody. */
  muted: boolean
}

/** Streams/Read with a subscription: what is after a position, then "caught up", then what comes. */
const subscribe = async (call: Call, store: Store, options: ReadOptions, deed: Deed, all: Subscriptions) => {
  const write = writing(call)
  const passes = filterOf(options)
  const from = options.getAll()!
  const position = from.hasPosition() ? Number(from.getPosition()!.getCommitPosition()) : undefined
  const start = position === undefined ? (from.hasEnd() ? store.log.length : 0) : store.placeOf(position)
  if (start === undefined) {
    call.emit('error', invalidPosition())
    return
  }
  // The record at the position itself has been seen.
  let place = position === undefined ? start : Math.min(start + 1, store.log.length)
  let caughtUp = false
  let considered = 0
  const interval = searchWindow * Math.max(1, options.getFilter()?.getCheckpointintervalmultiplier() ?? 1)
  await write(
    new streams.ReadResp().setConfirmation(new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId('double')),
  )
  let waiting: (() => void) | undefined
  const wake = () => waiting?.()
  using _ = store.onCommit(wake)
  all.wake.add(wake)
  call.on('cancelled', wake)
  while (!call.cancelled && !call.destroyed) {
    while (place < store.log.length && !all.muted) {
      const event = store.log[place++]!
      considered++
      if (passes(event)) {
        if (!(await write(readEvent(event)))) break
        if (deed === 'twice') await write(readEvent(event))
      }
      if (options.getFilter() && considered >= interval) {
        considered = 0
        await write(checkpoint(event.position))
      }
    }
    if (!caughtUp && !all.muted) await write(new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp()))
    caughtUp ||= !all.muted
    if (place < store.log.length && !all.muted) continue
    await new Promise<void>((resolve) => (waiting = resolve))
  }
  all.wake.delete(wake)
}

/** Streams/Read. */
export const read = (store: Store, conduct: Conduct) => {
  const subscriptions: Subscriptions = { wake: new Set(), muted: false }
  const open = new Set<Call>()
  return {
    handle: (call: Call): void => {
      const options = call.request.getOptions()!
      const stream = options.hasAll() ? undefined : streamName(options.getStream()!.getStreamIdentifier())
      const subscription = options.hasSubscription()
      const position = Number(options.getAll()?.getPosition()?.getCommitPosition() ?? 0)
      const deed = conduct.of(subscription ? 'subscribe' : 'read', stream, position)
      call.on('error', () => undefined)
      if (deed === 'stall' || deed === 'lose') return
      if (deed === 'refuse' || deed === 'expire') return void call.emit('error', unavailable())
      if (deed === 'deny') return void call.emit('error', denied())
      const go = async () => {
        if (!subscription) return answering(call, store, options, deed)()
        open.add(call)
        await subscribe(call, store, options, deed, subscriptions)
        open.delete(call)
      }
      if (typeof deed === 'string') return void go()
      if ('delay' in deed || subscription)
        return void setTimeout(() => void go(), 'delay' in deed ? deed.delay : deed.late)
      const tell = answering(call, store, options, deed)
      setTimeout(() => void tell(), deed.late)
    },
    /** Breaks off all subscriptions. */
    cut: (): void => {
      for (const call of open) call.emit('error', unavailable())
      open.clear()
      for (const wake of subscriptions.wake) wake()
    },
    /** Subscriptions hear nothing, and nobody tells them so. */
    mute: (muted: boolean): void => {
      subscriptions.muted = muted
      for (const wake of subscriptions.wake) wake()
    },
    subscriptions: (): number => open.size,
  }
}
