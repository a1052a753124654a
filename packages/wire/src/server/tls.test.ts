import { once } from 'node:events'
import { connect, type ConnectionOptions } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Tls } from '../exchange.ts'
import { server } from '../server.ts'

// Made for this test alone, with `openssl req -x509 -newkey ec`; it vouches for nobody but a localhost.
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgxo6+928w0LQlPxba
8iCaENDKp4hcn02r948LX9OvzMahRANCAASo5sjCxhQze32Cm/Fm8xbN1MPCSpt7
ajWtsR4GAGahu4oIivhgUWigrbRQvSlh/xT5YrRCmXQam9Ymf9BpWDYu
-----END PRIVATE KEY-----
`
const cert = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUGbxqX9bY4KFWlQVYF4qqkNj0L5wwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzE5NDMzNloYDzIxMjYxMDMw
MTk0MzM2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASo5sjCxhQze32Cm/Fm8xbN1MPCSpt7ajWtsR4GAGahu4oIivhgUWig
rbRQvSlh/xT5YrRCmXQam9Ymf9BpWDYuo28wbTAdBgNVHQ4EFgQUH2ll0nHR/ayA
jp9llJKp2uNnWL0wHwYDVR0jBBgwFoAUH2ll0nHR/ayAjp9llJKp2uNnWL0wDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgRxTR4wOdYKrHsLZjtHm3t03YWxk8Ru7TPNuoNAENgH8CIQCt
Aj86ElJnirFCUi06qW32cIJMu4aqJsIAJxUZqZrtwg==
-----END CERTIFICATE-----
`

let seen: Tls | undefined
const instance = server({
  door: {
    answer: (x) => ((seen = x.tls), { status: 200, body: 'heard' }),
    refusal: () => ({ status: 500, body: '' }),
    record: () => {},
  },
  now: () => 0,
  requestId: () => 'id',
  tls: { cert, key },
})
let port: number
beforeAll(async () => {
  ;({ port } = await instance.listen({ host: '127.0.0.1', port: 0 }))
})
afterAll(() => instance.close())

const ask = async (options: ConnectionOptions = {}): Promise<string> => {
  const socket = connect({ port, host: '127.0.0.1', ca: cert, ...options })
  await once(socket, 'secureConnect')
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
  let heard = ''
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()))
  await once(socket, 'close')
  return heard
}

test('https is served by TLS 1.3, and the door is told', async () => {
  expect(await ask()).toMatch(/^HTTP\/1.1 200 OK[^]*heard$/)
  expect(seen).toEqual({ version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' })
})

test('what is known of a session is known when its client is gone, and so its request is recorded', async () => {
  const recorded: (Tls | undefined)[] = []
  await using slow = server({
    door: {
      answer: async () => {
        await new Promise((resolve) => setTimeout(resolve, 30))
        return { status: 200, body: 'late' }
      },
      refusal: () => ({ status: 500, body: '' }),
      record: (x) => void recorded.push(x.tls),
    },
    now: () => 0,
    requestId: () => 'id',
    tls: { cert, key },
  })
  const address = await slow.listen({ host: '127.0.0.1', port: 0 })
  for (const body of ['Content-Length: 2\r\n\r\n{}', 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n']) {
    const socket = connect({ ...address, ca: cert })
    await once(socket, 'secureConnect')
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${body}`)
    await new Promise((resolve) => setTimeout(resolve, 15))
    socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 60))
  }
  const session = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }
  expect(recorded).toEqual([session, session])
})

test('a client that speaks only the hybrid group with ML-KEM is served, and so is one of yesterday', async () => {
  for (const ecdhCurve of ['X25519MLKEM768', 'X25519', 'P-256', 'P-384'])
    expect([ecdhCurve, await ask({ ecdhCurve })]).toEqual([ecdhCurve, expect.stringMatching(/heard$/)])
})

test('TLS 1.2 is served, what is older is not', async () => {
  expect(await ask({ maxVersion: 'TLSv1.2' })).toMatch(/heard$/)
  expect(seen?.version).toBe('TLSv1.2')
  const old: ConnectionOptions = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }
  await expect(ask(old)).rejects.toMatchObject({ code: expect.stringMatching(/^(ERR_SSL_|ECONNRESET)/) as string })
})

test('plain HTTP on the port of https harms nobody, nor does a handshake left half way', async () => {
  const { connect: plain } = await import('node:net')
  for (const bytes of ['POST / HTTP/1.1\r\n\r\n', '\u0016\u0003\u0001']) {
    const socket = plain(port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.end(bytes)
    await once(socket, 'close')
  }
  expect(await ask()).toMatch(/heard$/)
})

test('closing hangs up on idle clients', async () => {
  const other = server({
    door: { answer: () => ({ status: 200, body: '' }), refusal: () => ({ status: 500, body: '' }), record: () => {} },
    now: () => 0,
    requestId: () => 'id',
    tls: { cert, key },
  })
  const address = await other.listen({ host: '127.0.0.1', port: 0 })
  const silent = connect({ port: address.port, host: '127.0.0.1', ca: cert })
  await once(silent, 'secureConnect')
  const gone = once(silent.resume(), 'close')
  await other.close()
  expect(await gone).toEqual([false])
})
