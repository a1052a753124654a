import { type IncomingMessage, Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { type LinkPeer, type Proof, envelopeIn, genuine, largest, sealed, skew } from './envelope.ts'
import { type Link, LinkDown, Refusal } from './index.ts'

interface Options extends Proof {
  readonly peers: readonly LinkPeer[]
  /** Epoch milliseconds. */
  readonly now: () => number
  /** A fresh UUID. */
  readonly id: () => string
  /** Milliseconds until an answer that did not come is given up. */
  readonly patience?: number
}

/** The whole of an answer; an error where it is larger than any can be. */
const collected = async (response: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > largest) throw new Error('the answer is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

const answerIn = (body: Buffer): unknown => {
  const { refusal, answer } = JSON.parse(body.toString()) as {
    readonly answer?: unknown
    readonly refusal?: { readonly code: string; readonly message: string }
  }
  if (refusal) throw new Refusal(refusal.code, refusal.message)
  return answer
}

/** Asks other regions over HTTP or HTTPS, each question and each answer signed. Closes its idle connections when disposed. */
export const httpLink = ({ peers, now, id, patience = 10_000, ...proof }: Options): Link & Disposable => {
  const known = new Map(peers.map((peer) => [peer.region, peer]))
  const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) }

  const sent = (url: string, headers: Record<string, string>, body: Buffer, signal: AbortSignal) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const secure = url.startsWith('https:')
      const options = { method: 'POST', headers: { ...headers, 'content-length': String(body.length) }, signal }
      const request = secure
        ? httpsRequest(`${url}/link`, { ...options, agent: agents.https }, resolve)
        : httpRequest(`${url}/link`, { ...options, agent: agents.http }, resolve)
      request.on('error', reject)
      request.end(body)
    })

  /** The body of a genuine answer. */
  const exchanged = async (peer: LinkPeer, from: string, action: string, body: Buffer, signal: AbortSignal) => {
    const question = { from, to: peer.region, action, request: id(), time: now() }
    const response = await sent(peer.url, sealed('question', question, body, proof), body, signal)
    const answer = await collected(response)
    const envelope = envelopeIn(response.headers)
    if (response.statusCode !== 200 || !envelope)
      throw new Error(`it answered ${response.statusCode} ${answer.toString('utf8', 0, 200)}`)
    // Theirs, to us, to just this question, and not one of another day.
    const ours =
      envelope.from === peer.region &&
      envelope.to === from &&
      envelope.action === action &&
      envelope.request === question.request &&
      Math.abs(envelope.time - now()) <= skew
    if (!ours || !genuine('answer', envelope, answer, peer.identity, proof))
      throw new Error('its answer is not genuine')
    return answer
  }

  return {
    ask: async (from, to, action, message, signal) => {
      signal?.throwIfAborted()
      const peer = known.get(to)
      if (!peer) throw new LinkDown(`${to} is no region that is known here`)
      const limit = AbortSignal.timeout(patience)
      const either = signal ? AbortSignal.any([signal, limit]) : limit
      const body = Buffer.from(JSON.stringify(message ?? null))
      let answer: Buffer
      try {
        answer = await exchanged(peer, from, action, body, either)
      } catch (error) {
        signal?.throwIfAborted()
        const why = limit.aborted ? `it did not answer within ${patience} ms` : (error as Error).message
        throw new LinkDown(`${to} cannot be asked: ${why}`, { cause: error })
      }
      return answerIn(answer)
    },
    [Symbol.dispose]: () => {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}
