import { type IncomingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { type Person, alice } from './house.ts'
import { type Unsigned, signed } from './sign.ts'

/** Requests that the SDK would never send, and the trail as its file has it. */

export interface Heard {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** `__type` of the body, if it is a refusal in JSON. */
  readonly code: string | undefined
  readonly message: string | undefined
}

interface Said {
  readonly method?: string
  readonly path?: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: string | Buffer
}

const told = (body: string): { code?: string | undefined; message?: string | undefined } => {
  try {
    const { __type: code, message, Message = message } = JSON.parse(body) as Record<string, string>
    return { code, message: Message }
  } catch {
    return {}
  }
}

/** One request over plain HTTP, its headers as given. */
export const say = (url: string, { method = 'POST', path = '/', headers, body }: Said): Promise<Heard> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    // Node leaves the length out for methods that usually have no body, and sends the body all the same.
    const framing = 'transfer-encoding' in headers ? {} : { 'content-length': Buffer.byteLength(body) }
    const sent = request({ hostname, port, method, path, headers: { ...framing, ...headers } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const { code, message } = told(text)
        resolve({ status: response.statusCode!, headers: response.headers, body: text, code, message })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })

export interface Asked extends Partial<Unsigned> {
  readonly person?: Person
  readonly method?: string
  readonly path?: string
}

/** Someone at a house's door who signs whatever bytes they like; alice unless told otherwise. */
export const asker =
  (url: () => string, now: () => number) =>
  (operation: string, input: unknown, asked: Asked = {}): Promise<Heard> => {
    const { person = alice, method, path, ...rest } = asked
    const body = typeof input === 'string' || Buffer.isBuffer(input) ? input : JSON.stringify(input)
    const { accessKeyId, secretAccessKey } = person
    const unsigned = { host: new URL(url()).host, target: `TrentService.${operation}`, body, time: now() }
    const headers = signed({ ...unsigned, accessKeyId, secretAccessKey, ...rest })
    return say(url(), { headers, body, ...(method && { method }), ...(path && { path }) })
  }

/** Sends bytes as they are and resolves to all that comes back until the other side closes. */
export const exchangeBytes = (url: string, ...chunks: readonly (string | Buffer)[]): Promise<string> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const heard: Buffer[] = []
    const socket = connect({ host: hostname, port: Number(port) }, () => {
      for (const chunk of chunks) socket.write(chunk)
    })
    socket.on('data', (chunk) => heard.push(chunk))
    // Cut off is an end too: what was heard before counts.
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(Buffer.concat(heard).toString()))
  })

/** A record of the trail, as far as tests look at it by name. */
export interface TrailRecord extends Readonly<Record<string, unknown>> {
  readonly eventName: string
  readonly requestID: string
  readonly errorCode?: string
  readonly errorMessage?: string
  readonly requestParameters: Readonly<Record<string, unknown>> | null
  readonly responseElements: Readonly<Record<string, unknown>> | null
}

/** Every fact that the ledger's file holds at this moment, read past the house. */
export const factsIn = (data: string): readonly { stream: string; type: string; data: unknown }[] => {
  using db = new DatabaseSync(`${data}/ledger.db`, { readOnly: true })
  const rows = db
    .prepare('SELECT name AS stream, body FROM runs JOIN streams ON streams.id = runs.stream ORDER BY position')
    .all() as { stream: string; body: string }[]
  return rows.flatMap(({ stream, body }) =>
    (JSON.parse(body) as { type: string; data: unknown }[]).map(({ type, data }) => ({ stream, type, data })),
  )
}

/** The trail among them. */
export const recordsIn = (data: string): readonly TrailRecord[] =>
  factsIn(data).flatMap(({ stream, data }) => (stream.startsWith('trail-') ? [data as TrailRecord] : []))
