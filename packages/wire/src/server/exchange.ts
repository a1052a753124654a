import type { Exchange, Mark } from '../exchange.ts'
import type { Connection } from './connections.ts'
import type { Head } from './plain.ts'

/** The exchange of a request whose body is complete. */
export const exchange = <Slots extends object>(
  request: Head,
  { address, tls }: Connection,
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
    remoteAddress: address,
    time,
    tls,
    slots: {},
    mark,
  }
}
