import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Exchange, Mark, Tls } from '../exchange.ts'
import type { Head } from './plain.ts'

const tlsOf = (socket: TLSSocket): Tls => ({
  version: socket.getProtocol() ?? '',
  cipher: socket.getCipher().standardName,
})

/** The exchange of a request whose body is complete. */
export const exchange = <Slots extends object>(
  request: Head,
  socket: Socket,
  body: Buffer,
  requestId: string,
  time: number,
  mark: Mark | undefined,
): Exchange<Slots> => {
  const { url = '' } = request
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
