import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { Exchange, Tls } from '../exchange.ts'

/** What the peer's side of the handshake reveals; TLS 1.2 and 1.3 name the group differently. */
const tlsOf = (socket: TLSSocket): Tls => {
  const { type, name } = (socket.getEphemeralKeyInfo() ?? {}) as { type?: string; name?: string }
  return {
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().standardName,
    keyExchange: name ?? type,
  }
}

/** The exchange of a request whose body is complete. */
export const exchange = <Slots extends object>(
  request: IncomingMessage,
  body: Buffer,
  requestId: string,
  time: number,
  mark: ((stage: string) => void) | undefined,
): Exchange<Slots> => {
  const { url = '', socket } = request
  const at = url.indexOf('?')
  return {
    method: request.method ?? '',
    path: at < 0 ? url : url.slice(0, at),
    query: at < 0 ? '' : url.slice(at + 1),
    httpVersion: request.httpVersion,
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    body,
    requestId,
    remoteAddress: socket.remoteAddress ?? '',
    time,
    tls: () => (socket instanceof TLSSocket ? tlsOf(socket) : undefined),
    slots: {},
    mark,
  }
}
