import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Answer, Door, Exchange } from './exchange.ts'
import { wireFault, type WireFault } from './fault.ts'
import { type Connection, connections } from './server/connections.ts'
import { exchange } from './server/exchange.ts'
import { type Common, commonOf, plainAnswer } from './server/plain-answer.ts'
import { plainConnection } from './server/plain-connection.ts'
import type { Head } from './server/plain.ts'
import { turns } from './server/turns.ts'
import type { Meter, Stages } from './stages.ts'

/** Sizes in bytes, times in milliseconds. */
export interface Limits {
  /** A larger body is refused with 413. */
  readonly body: number
  /** Request line and headers together; more is answered 431. */
  readonly headers: number
  /** From the first byte of a request to the last of its headers; longer is answered 408. */
  readonly headersTime: number
  /** To the last of its body, or a second more; longer is answered 408. */
  readonly requestTime: number
  /** How long an idle connection is kept for the next request. */
  readonly idleTime: number
  /** How long `close` waits for requests in flight before it cuts them off. */
  readonly closeTime: number
}

const usual: Limits = {
  body: 1_048_576,
  headers: 16_384,
  headersTime: 10_000,
  requestTime: 30_000,
  idleTime: 60_000,
  closeTime: 10_000,
}

export interface ServerOptions<Slots extends object> {
  readonly door: Door<Slots>
  /** Milliseconds since the epoch; what `Date` headers and `x.time` say. */
  readonly now: () => number
  readonly requestId: () => string
  readonly limits?: Partial<Limits>
  /** PEM; serves https, TLS 1.2 or newer. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer }
  /** Times the stages of each request; costs nothing when absent. */
  readonly stages?: Stages
  /** Hears of each request; costs nothing when absent. Must not throw. */
  readonly meter?: Meter<Slots>
}

export interface Server extends AsyncDisposable {
  /** Resolves with the address taken (port 0: any free one); rejects if it cannot be had. */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ host: string; port: number }>
  /** Stops accepting, lets requests in flight finish, closes idle connections. Cuts off what is left when `signal` aborts. */
  close(signal?: AbortSignal): Promise<void>
}

/** Hybrid with ML-KEM first (draft-ietf-tls-ecdhe-mlkem), then what every client has. */
const curves = 'X25519MLKEM768:X25519:P-256:P-384'
/** A refused body is read to its end, so that the client hears the refusal; but not beyond this many times the limit. */
const patience = 8
const noBody = Buffer.alloc(0)
/** A text in which every character is one byte: most answers are as they stand. */
const bytewise = (body: string | Buffer): string | Buffer =>
  typeof body === 'string' && Buffer.byteLength(body) !== body.length ? Buffer.from(body) : body

/** Serves POST / over HTTP/1.1 and hands each complete request to the door. */
export const server = <Slots extends object>(options: ServerOptions<Slots>): Server => {
  const { door, now, requestId, stages, meter } = options
  const limits = { ...usual, ...options.limits }
  const inTurn = turns()
  let closing = false
  let second: Common & { readonly time: number } = { time: -1, ...commonOf('', 0) }

  /** What all answers of a second say; the date as in RFC 9110, 5.6.7. */
  const common = (): Common => {
    const time = Math.floor(now() / 1000)
    if (time !== second.time) second = { time, ...commonOf(new Date(time * 1000).toUTCString(), limits.idleTime) }
    return second
  }

  const settled = async (x: Exchange<Slots>, refused: WireFault | undefined): Promise<Answer> => {
    try {
      let answer: Answer
      try {
        if (refused) throw refused
        answer = await door.answer(x)
      } catch (error) {
        answer = door.refusal(error, x)
      }
      await door.record(x, answer)
      return answer
    } catch (cause) {
      // What is not on the trail does not leave; whatever kept it off is the server's failure, never a refusal of its own.
      return door.refusal(new Error('the answer could not be recorded', { cause }), x)
    }
  }

  /** What an answer says for itself. Throws for what no header can hold. */
  const fields = ({ requestId }: Exchange<Slots>, { headers }: Answer, body: string | Buffer): string[] => {
    const list = ['x-amzn-RequestId', requestId]
    for (const name in headers) {
      const value = headers[name]!
      validateHeaderName(name)
      validateHeaderValue(name, value)
      list.push(name, value)
    }
    list.push('content-length', String(body.length))
    return list
  }

  const serve = (
    head: Head,
    socket: Socket,
    body: Buffer,
    refused: WireFault | undefined,
    connection: Connection,
    send: (status: number, fields: string[], body: string | Buffer) => void,
  ): void => {
    connection.reading--
    connection.answering++
    const began = meter?.began()
    const x = exchange<Slots>(head, connection, body, requestId(), now(), stages?.begin())
    const route = x.method !== 'POST' || x.path !== '/' ? wireFault('unknownRoute') : undefined
    settled(x, refused ?? route)
      .then((answer) => {
        connection.answering--
        const body = bytewise(answer.body)
        send(answer.status, fields(x, answer, body), body)
        meter?.ended(x, answer.status, began!)
      })
      .catch(() => {
        // The door's refusal itself failed, or its answer cannot be written: there is nothing left to say.
        meter?.ended(x, 0, began!)
        socket.destroy()
      })
  }

  /** Reads the body; a client that goes away in the middle never comes to an end, and is neither answered nor recorded. */
  const receive = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request
    const connection = sockets.of(socket)
    if (!connection) return
    const chunks: Buffer[] = []
    let length = 0
    connection.reading++
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= limits.body) chunks.push(chunk)
      else if (length > patience * limits.body) socket.destroy()
    })
    request.on('end', () => {
      const tooLong = length > limits.body
      const body = tooLong ? noBody : chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)
      const refused = tooLong ? wireFault('bodyTooLarge', limits.body) : undefined
      serve(request, socket, body, refused, connection, (status, fields, answer) => {
        if (closing) fields.push('connection', 'close')
        response.sendDate = false
        response.writeHead(status, [...common().fields, ...fields])
        response.end(answer, 'latin1')
      })
    })
  }

  const timing = {
    maxHeaderSize: limits.headers,
    headersTimeout: limits.headersTime,
    requestTimeout: limits.requestTime,
    keepAliveTimeout: limits.idleTime,
    connectionsCheckingInterval: Math.min(limits.headersTime, limits.requestTime, 10_000) / 2,
  }
  const http: HttpServer = options.tls
    ? createHttpsServer(
        { ...timing, ...options.tls, minVersion: 'TLSv1.2', ecdhCurve: curves, handshakeTimeout: limits.headersTime },
        receive,
      )
    : createHttpServer(timing, receive)
  const established = options.tls ? 'secureConnection' : 'connection'
  // Node's own way with a connection: for those that are left to it.
  const [nodes] = http.listeners(established) as ((socket: Socket) => void)[]
  http.off(established, nodes!)
  const sockets = connections(http, established)
  http.on(established, (socket: Socket) => {
    const connection = sockets.of(socket)
    if (!connection) return
    plainConnection(socket, connection, {
      limits,
      inTurn,
      leave: (left) => nodes!.call(http, left),
      serve: (head, body, answer) =>
        serve(head, socket, body, undefined, connection, (status, fields, content) =>
          answer(plainAnswer(status, closing ? common().closing : common().keeping, fields, content), closing),
        ),
    })
  })
  http.on('clientError', sockets.unparsed)
  // Accepting failed (no file handles left, say): the client retries, the server lives.
  http.on('error', () => {})

  const close = async (signal: AbortSignal = AbortSignal.timeout(limits.closeTime)): Promise<void> => {
    if (!http.listening) return
    closing = true
    signal.addEventListener('abort', sockets.closeAll, { once: true })
    await new Promise<void>((resolve) => {
      http.close(() => resolve())
      sockets.closeIdle()
      if (signal.aborted) sockets.closeAll()
    })
    signal.removeEventListener('abort', sockets.closeAll)
  }

  return {
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        http.once('error', reject)
        http.listen(port, host, () => {
          http.off('error', reject)
          const address = http.address() as AddressInfo
          resolve({ host: address.address, port: address.port })
        })
      }),
    close,
    [Symbol.asyncDispose]: () => close(),
  }
}
