import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type Envelope, type LinkPeer, type Proof, envelopeIn, genuine, largest, sealed, skew } from './envelope.ts'
import { type LinkActions, Refusal, acted } from './index.ts'

interface Options extends Proof {
  /** Who may ask. */
  readonly peers: readonly LinkPeer[]
  /** The regions that are asked here. */
  readonly regions: readonly string[]
  readonly actions: LinkActions
  readonly now: () => number
  /** PEM; serves https. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer } | undefined
  /** What an action threw that was no refusal; the asker learns no more than that there is no answer. */
  readonly onFault: (fault: unknown) => void
}

export interface LinkServer extends AsyncDisposable {
  listen(address: { readonly host: string; readonly port: number }): Promise<{ host: string; port: number }>
}

/** Why a question is not even looked at; nothing of it is believed, so its asker gets no signed answer. */
class Unheard extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const received = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > largest) throw new Unheard(413, 'too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

/** Ids of the questions of the last minutes: none is heard twice. Two generations, each as long as an envelope is good. */
const replays = (now: () => number) => {
  let [young, old] = [new Set<string>(), new Set<string>()]
  let since = now()
  return (id: string): boolean => {
    // An envelope may be from the future by as much as from the past.
    if (now() - since > 2 * skew) [young, old, since] = [new Set<string>(), young, now()]
    if (young.has(id) || old.has(id)) return true
    young.add(id)
    return false
  }
}

/** Answers the regions that are known, over HTTP or HTTPS; whoever is not one of them learns nothing. */
export const linkServer = ({ peers, regions, actions, now, tls, onFault, ...proof }: Options): LinkServer => {
  const known = new Map(peers.map((peer) => [peer.region, peer]))
  const again = replays(now)

  /** The envelope, once everything in it is believed. */
  const believed = (request: IncomingMessage, body: Buffer): Envelope => {
    const envelope = envelopeIn(request.headers)
    if (!envelope) throw new Unheard(400, 'not a question of a region')
    const peer = known.get(envelope.from)
    // One word for all: who is known here, and which regions, is not for strangers.
    if (!peer || !genuine('question', envelope, body, peer.identity, proof)) throw new Unheard(403, 'not known here')
    if (!regions.includes(envelope.to)) throw new Unheard(421, `${envelope.to} is not served here`)
    if (Math.abs(envelope.time - now()) > skew) throw new Unheard(403, 'the clocks of the regions differ too much')
    if (again(`${envelope.from} ${envelope.request}`)) throw new Unheard(409, 'heard before')
    return envelope
  }

  const outcome = async ({ action, from, to }: Envelope, body: Buffer): Promise<object> => {
    try {
      return { answer: await acted(actions, action, JSON.parse(body.toString()), { from, to }) }
    } catch (error) {
      if (error instanceof Refusal) return { refusal: { code: error.code, message: error.message } }
      throw error
    }
  }

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      if (request.method !== 'POST' || request.url !== '/link') throw new Unheard(404, 'there is nothing here')
      const body = await received(request)
      const envelope = believed(request, body)
      const answer = Buffer.from(JSON.stringify(await outcome(envelope, body)))
      const { from, to, action, request: id } = envelope
      const headers = sealed('answer', { from: to, to: from, action, request: id, time: now() }, answer, proof)
      response.writeHead(200, { ...headers, 'content-type': 'application/json', 'content-length': answer.length })
      response.end(answer)
    } catch (error) {
      const unheard = error instanceof Unheard
      if (!unheard) onFault(error)
      // What was not read to its end is not worth waiting for.
      response.writeHead(unheard ? error.status : 500, { connection: 'close' })
      response.end(unheard ? error.message : 'no answer')
    }
  }

  const limits = { requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 60_000, maxHeaderSize: 8192 }
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    serve(request, response).catch(() => request.socket.destroy())
  }
  const server = tls
    ? createSecureServer({ ...limits, ...tls, minVersion: 'TLSv1.2' }, listener)
    : createServer(limits, listener)
  server.on('clientError', (_, socket) => socket.destroy())

  return {
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.off('error', reject)
          server.on('error', onFault)
          const address = server.address() as AddressInfo
          resolve({ host: address.address, port: address.port })
        })
      }),
    [Symbol.asyncDispose]: async () => {
      if (!server.listening) return
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      setTimeout(() => server.closeAllConnections(), 2000).unref()
      await closed
    },
  }
}
