import type { Socket } from 'node:net'
import type { Connection } from './connections.ts'
import { type Head, plain } from './plain.ts'

interface Options {
  /** Sizes in bytes, times in milliseconds. */
  readonly limits: {
    readonly headers: number
    readonly body: number
    readonly headersTime: number
    readonly idleTime: number
  }
  /** `answer` takes an answer's text, one byte a character; `last` closes the connection behind it. */
  readonly serve: (head: Head, body: Buffer, answer: (text: string, last: boolean) => void) => void
  /** Gives the connection to node:http, for good. */
  readonly leave: (socket: Socket) => void
  /** Puts off reading until all that has come is here: see turns.ts. */
  readonly inTurn: (act: () => void) => void
}

/** Milliseconds for the second piece of a request; what takes longer is watched over by node:http, whose clock starts then. */
const rest = 1000
/** Milliseconds that a connection is kept longer than is promised: the last request may be on its way. */
const grace = 1000

/**
 * Reads plain requests (see plain.ts) from a connection, one after the other, for as long as nothing else comes. With the first
 * bytes that are not, the connection is left to node:http as if it had just been made: it reads them from the start, and says
 * in its own words and time what is wrong with them.
 */
export const plainConnection = (
  socket: Socket,
  underWay: Connection,
  { limits, serve, leave, inTurn }: Options,
): void => {
  /** The beginning of a request whose rest is to come. */
  let held: Buffer | undefined
  /** Whether something came that has its turn to come. */
  let queued = false
  /** What came before the answer that it has to wait for. */
  let early: Buffer | undefined
  let patience = 0
  let ended = false

  const patient = (milliseconds: number): void => {
    if (patience !== milliseconds) socket.setTimeout((patience = milliseconds))
  }

  const leaveWith = (bytes: Buffer): void => {
    socket.off('data', take).off('end', end).off('timeout', tired).off('drain', next).off('error', ignore)
    patient(0)
    underWay.reading = 0
    // It reads on from where its listeners find it, and only a stream that stands still takes something back.
    socket.pause()
    leave(socket)
    socket.unshift(early ? Buffer.concat([bytes, early]) : bytes)
    socket.resume()
  }

  // A client that sends and never reads must not fill the memory.
  const busy = (): boolean => queued || underWay.answering > 0 || socket.writableNeedDrain

  const next = (): void => {
    if (!early || busy()) return
    const bytes = early
    early = undefined
    socket.resume()
    take(bytes)
  }

  const answer = (text: string, last: boolean): void => {
    if (socket.destroyed) return
    socket.write(text, 'latin1')
    if (last || ended) socket.destroySoon()
    else next()
  }

  const take = (chunk: Buffer): void => {
    // Nothing is acted upon that could not be answered: this side of the connection is closed.
    if (!socket.writable) return
    if (busy()) {
      early = chunk
      socket.pause()
      return
    }
    queued = true
    underWay.reading = 1
    inTurn(() => {
      queued = false
      if (socket.writable) read(chunk)
    })
  }

  const read = (chunk: Buffer): void => {
    const bytes = held ? Buffer.concat([held, chunk]) : chunk
    const request = plain(bytes, limits)
    // Of a request in two pieces the second is the last; one in more needs somebody who watches over its time.
    if (!request || ('missing' in request && held)) return leaveWith(bytes)
    if ('missing' in request) {
      held = bytes
      patient(rest)
      return next()
    }
    held = undefined
    patient(limits.idleTime + grace)
    serve(request.head, request.body, answer)
  }

  const end = (): void => {
    ended = true
    if (!queued && underWay.answering === 0) socket.destroySoon()
  }

  const tired = (): void => {
    if (queued || underWay.answering > 0) return
    if (held) leaveWith(held)
    else socket.destroy()
  }

  patient(limits.headersTime)
  socket.on('data', take).on('end', end).on('timeout', tired).on('drain', next).on('error', ignore)
}

const ignore = () => undefined
