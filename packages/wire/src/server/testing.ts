import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { afterEach } from 'vitest'
import type { Answer, Door, Exchange } from '../exchange.ts'
import { WireFault } from '../fault.ts'
import { server, type Limits, type Server } from '../server.ts'
import type { Stages } from '../stages.ts'

/** What the tests of the server share. */

export const noon = Date.UTC(2015, 7, 30, 12, 36, 0)

export interface Opened {
  readonly port: number
  readonly instance: Server
  /** What the door was asked to record: status and body, in order. */
  readonly recorded: [number, string][]
}
const opened: Server[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close(AbortSignal.abort())))
})

export const text = (body: string | Buffer) => (typeof body === 'string' ? body : body.toString())
export const echo = (x: Exchange): Answer => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: x.body })

export const open = async (
  door: Partial<Door> = {},
  options: { limits?: Partial<Limits>; stages?: Stages } = {},
): Promise<Opened> => {
  const recorded: [number, string][] = []
  let count = 0
  const instance = server({
    door: {
      answer: echo,
      refusal: (error) => ({
        status: error instanceof WireFault ? error.status : 500,
        body: error instanceof WireFault ? `${error.code} ${error.message}` : 'InternalFailure',
      }),
      record: (_, { status, body }) => {
        recorded.push([status, text(body)])
      },
      ...door,
    },
    now: () => noon,
    requestId: () => `request-${++count}`,
    ...options,
  })
  opened.push(instance)
  const { port } = await instance.listen({ host: '127.0.0.1', port: 0 })
  return { port, instance, recorded }
}

export interface Reply {
  status: number
  headers: IncomingMessage['headers']
  body: string
}
export const post = (
  port: number,
  body: string | Buffer,
  options: { method?: string; path?: string; agent?: false } = {},
) =>
  new Promise<Reply>((resolve, reject) => {
    const sent = httpRequest({ port, host: '127.0.0.1', method: 'POST', agent: false, ...options }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })

/** Sends bytes as they are and gives all that comes back until the server closes. */
export const talk = async (port: number, ...pieces: string[]): Promise<string> => {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  socket.on('data', (chunk) => (heard += chunk.toString()))
  socket.on('error', () => {})
  for (const piece of pieces) socket.write(piece)
  await once(socket, 'close')
  return heard
}
export const linger = async (port: number, start: string): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(start)
  return socket
}
export const gate = () => {
  let open!: () => void
  const passed = new Promise<void>((resolve) => (open = resolve))
  return { open, passed }
}
