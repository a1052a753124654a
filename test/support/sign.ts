import { createHash, createHmac } from 'node:crypto'

/** An independent SigV4 signer (AWS General Reference, "Signature Version 4"), for requests the SDK would never send. */
export interface Unsigned {
  readonly host: string
  readonly target?: string
  readonly body: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** Sent but not signed. */
  readonly unsigned?: Readonly<Record<string, string>>
  readonly region?: string
  readonly service?: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Milliseconds since the epoch. */
  readonly time: number
}

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest()

/** The headers of a `POST /` with its signature. */
export const signed = (request: Unsigned): Record<string, string> => {
  const { host, target, body, region = 'us-east-1', service = 'kms', accessKeyId, secretAccessKey, time } = request
  const date = new Date(time).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const day = date.slice(0, 8)
  const headers: Record<string, string> = {
    host,
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-date': date,
    ...(target === undefined ? {} : { 'x-amz-target': target }),
    ...request.headers,
  }
  const names = Object.keys(headers).sort()
  const canonical = [
    'POST',
    '/',
    '',
    ...names.map((name) => `${name}:${headers[name]!.trim().replaceAll(/ +/g, ' ')}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n')
  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')
  const key = hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, day), region), service), 'aws4_request')
  const signature = hmac(key, toSign).toString('hex')
  const credential = `${accessKeyId}/${scope}`
  return {
    ...headers,
    ...request.unsigned,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  }
}

/** The bytes of a whole signed HTTP/1.1 request. */
export const signedBytes = (request: Unsigned): Buffer => {
  const headers = signed(request)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const body = Buffer.from(request.body)
  return Buffer.concat([
    Buffer.from(`POST / HTTP/1.1\r\n${lines.join('\r\n')}\r\ncontent-length: ${body.length}\r\n\r\n`),
    body,
  ])
}
