import type { Duplex } from 'node:stream'

/** What node's parser and clocks object to, by its error code; anything else is a request that is no HTTP. */
const statuses: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/**
 * Ends a connection on which no request could be read. Says why, unless the client is gone or an answer is under way, into
 * which these bytes would fall.
 */
export const unparsed = (error: NodeJS.ErrnoException, socket: Duplex, busy: ReadonlySet<Duplex>): void => {
  if (!socket.writable || error.code === 'ECONNRESET' || busy.has(socket)) {
    socket.destroy()
    return
  }
  const status = statuses[error.code ?? ''] ?? '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy())
}
