import type { Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { Tls } from '../exchange.ts'

/** One connection: who is at its other end, and their requests. */
export interface Connection {
  /** As it was when the connection was made: once a client is gone, its socket does not tell any more. */
  readonly address: string
  /** Likewise; undefined over plain HTTP. */
  readonly tls: Tls | undefined
  /** Their headers are here. */
  reading: number
  /** They are whole, and their answers to come. */
  answering: number
}

/** What is under way on the connections of one server. */
export interface Connections {
  /** Undefined when it is closed. */
  of(socket: Duplex): Connection | undefined
  /** Hangs up on all that have no request under way. */
  closeIdle(): void
  readonly closeAll: () => void
  /**
   * Ends a connection on which no request could be read, and says why, unless its client is gone or an answer is to come, before
   * which these bytes would fall.
   */
  readonly unparsed: (error: NodeJS.ErrnoException, socket: Duplex) => void
}

/** What node's parser and clocks object to, by its error code; anything else is a request that is no HTTP. */
const statuses: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}
const timeout = 'ERR_HTTP_REQUEST_TIMEOUT'

const tlsOf = (socket: TLSSocket): Tls => ({
  version: socket.getProtocol() ?? '',
  cipher: (socket.getCipher() as ReturnType<TLSSocket['getCipher']> | undefined)?.standardName ?? '',
})

/** Watches a server's connections; `event` is the one that gives the socket requests come on. */
export const connections = (server: Server, event: 'connection' | 'secureConnection'): Connections => {
  const accepted = new Set<Duplex>()
  const established = new Map<Duplex, Connection>()
  server.on('connection', (socket: Duplex) => {
    accepted.add(socket)
    socket.once('close', () => accepted.delete(socket))
  })
  let closing = false
  // Not destroy: the end of the answer before may still be on its way out.
  const hangUp = (socket: Duplex) => socket.end(() => socket.destroy())
  server.on(event, (socket: Socket) => {
    const { remoteAddress: address } = socket
    // Nothing is decided for who is gone already: policies ask for the address.
    if (address === undefined) {
      socket.destroy()
      return
    }
    // A handshake that was under way when closing began.
    if (closing) hangUp(socket)
    const tls = socket instanceof TLSSocket ? tlsOf(socket) : undefined
    established.set(socket, { address, tls, reading: 0, answering: 0 })
    socket.once('close', () => established.delete(socket))
  })

  return {
    of: (socket) => established.get(socket),
    closeIdle: () => {
      closing = true
      for (const [socket, { reading, answering }] of established) if (reading + answering === 0) hangUp(socket)
    },
    closeAll: () => {
      for (const socket of accepted) socket.destroy()
    },
    unparsed: (error, socket) => {
      const { reading, answering } = established.get(socket) ?? { reading: 0, answering: 0 }
      const mute = answering > 0 || (reading > 0 && error.code !== timeout)
      if (mute || !socket.writable || error.code === 'ECONNRESET') {
        socket.destroy()
        return
      }
      const status = statuses[error.code ?? ''] ?? '400 Bad Request'
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy())
    },
  }
}
