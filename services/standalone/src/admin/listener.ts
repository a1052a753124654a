import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Address } from '@keyledger/command'

export interface Answer {
  readonly status: number
  readonly type?: string
  readonly body: string
}

/** One thing that may be asked: the method, a pattern of the whole path, and what is answered to what the pattern caught. */
export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: RegExp
  readonly answer: (caught: readonly string[]) => Answer | Promise<Answer>
}

export const json = (status: number, body: unknown): Answer => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(body)}\n`,
})

const refused = (status: number, error: string) => json(status, { error })

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

const answered = async (routes: readonly Route[], { method, url = '', headers }: IncomingMessage): Promise<Answer> => {
  // No program of an operator sends it; a page in his browser that reaches for loopback cannot help it.
  if (headers.origin !== undefined) return refused(403, 'not for browsers')
  const path = url.split('?', 1)[0]!
  const fitting = routes.flatMap((route) => {
    const caught = route.path.exec(path)
    return caught ? [{ route, caught: caught.slice(1).map(decoded) }] : []
  })
  if (fitting.length === 0) return refused(404, 'nothing is here')
  const wanted = fitting.find(({ route }) => route.method === method)
  if (!wanted) return refused(405, `only ${fitting.map(({ route }) => route.method).join(', ')}`)
  if (wanted.caught.includes(undefined)) return refused(400, 'the path is not percent-encoded UTF-8')
  return wanted.route.answer(wanted.caught as readonly string[])
}

/** A small HTTP listener for the operator's programs. Rejects if the address cannot be had. */
export const listener = async (
  { host, port }: Address,
  routes: readonly Route[],
  onFault: (fault: unknown) => void,
): Promise<AsyncDisposable & Address> => {
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    request.resume()
    answered(routes, request)
      .catch((error: unknown) => {
        onFault(error)
        return refused(500, 'it failed; the log says why')
      })
      .then(({ status, type = 'text/plain; charset=utf-8', body }) => {
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
        response.end(body)
      })
      // The answer cannot be written: whoever asked has gone.
      .catch(() => request.socket.destroy())
  }
  const http = createServer(
    { maxHeaderSize: 8192, headersTimeout: 5000, requestTimeout: 5000, keepAliveTimeout: 30_000 },
    serve,
  )
  http.maxConnections = 64
  http.on('clientError', (_, socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, host, () => {
      http.off('error', reject)
      http.on('error', onFault)
      resolve()
    })
  })
  const address = http.address() as AddressInfo
  return {
    host: address.address,
    port: address.port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        http.close(() => resolve())
        http.closeAllConnections()
      }),
  }
}
