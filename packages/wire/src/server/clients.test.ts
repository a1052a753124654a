import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { echo, gate, linger, open, post, talk } from './testing.ts'

describe('a body', () => {
  test('may be as large as the limit, and no larger', async () => {
    const { port, recorded } = await open({}, { limits: { body: 1000 } })
    expect(await post(port, 'x'.repeat(1000))).toMatchObject({ status: 200 })
    const refused = { status: 413, body: 'RequestEntityTooLarge Request must be smaller than 1000 bytes.' }
    expect(await post(port, 'x'.repeat(1001))).toMatchObject(refused)
    expect(await post(port, 'x'.repeat(7999))).toMatchObject(refused)
    expect(recorded.map(([status]) => status)).toEqual([200, 413, 413])
  })

  test('is one MiB at most unless otherwise said', async () => {
    const { port } = await open()
    expect(await post(port, Buffer.alloc(1_048_576))).toMatchObject({ status: 200 })
    expect(await post(port, Buffer.alloc(1_048_577))).toMatchObject({ status: 413 })
  })

  test('that says nothing of its length is measured as it comes', async () => {
    const { port } = await open({}, { limits: { body: 10 } })
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n'
    expect(await talk(port, head, '5\r\nhello\r\n', '5\r\nworld\r\n0\r\n\r\n')).toMatch(/200 OK[^]*helloworld$/)
    expect(await talk(port, head, '5\r\nhello\r\n', '6\r\nworlds\r\n0\r\n\r\n')).toMatch(/413 /)
  })

  test('without end is cut off', async () => {
    const { port, recorded } = await open({}, { limits: { body: 10 } })
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n'
    expect(await talk(port, head, 'x'.repeat(100))).toBe('')
    expect(recorded).toEqual([])
  })

  test('that its client gives up is neither answered nor recorded', async () => {
    const { port, recorded, instance } = await open()
    const socket = await linger(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf')
    await post(port, 'another')
    socket.destroy()
    await once(socket, 'close')
    await instance.close()
    expect(recorded).toEqual([[200, 'another']])
  })

  test('whose client goes away after it is acted upon and recorded all the same', async () => {
    const { open: release, passed } = gate()
    const reached = gate()
    const { port, recorded, instance } = await open({
      answer: async (x) => {
        reached.open()
        await passed
        return echo(x)
      },
    })
    const socket = await linger(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody')
    await reached.passed
    socket.destroy()
    await once(socket, 'close')
    release()
    await instance.close()
    expect(recorded).toEqual([[200, 'body']])
    expect(instance).toBeDefined()
  })
})

describe('a client that', () => {
  test('takes too long over its headers hears 408 and is hung up on', async () => {
    const { port } = await open({}, { limits: { headersTime: 40, requestTime: 80 } })
    expect(await talk(port, 'POST / HTTP/1.1\r\nHost: a\r\n')).toBe(
      'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    )
  })

  test('takes too long over its body hears 408 and is hung up on', async () => {
    const { port, recorded } = await open({}, { limits: { headersTime: 40, requestTime: 80 } })
    const heard = await talk(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf')
    expect(heard).toBe('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    expect(recorded).toEqual([])
  })

  test('sends too many headers hears 431', async () => {
    const { port } = await open({}, { limits: { headers: 1000 } })
    expect(await talk(port, `POST / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(2000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /)
  })

  test('speaks no HTTP hears 400', async () => {
    const { port } = await open()
    for (const bytes of [
      '\u0016\u0003\u0001',
      'hello\r\n\r\n',
      'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    ])
      expect(await talk(port, bytes)).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/)
  })

  test('sends nonsense behind a request hears of it after its answer, or at once of neither', async () => {
    const whole = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1'
    const { port } = await open()
    expect(await talk(port, `${whole}nonsense\r\n\r\n`)).toBe('')

    const { open: release, passed } = gate()
    const reached = gate()
    const slow = await open({ answer: async (x) => (reached.open(), await passed, echo(x)) })
    const socket = await linger(slow.port, whole)
    let heard = ''
    socket.on('data', (chunk) => (heard += chunk.toString()))
    await reached.passed
    socket.write('nonsense\r\n\r\n')
    release()
    await once(socket, 'close')
    expect(heard).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\n1HTTP\/1.1 400 Bad Request\r\n/)
    expect(await post(slow.port, 'x')).toMatchObject({ status: 200 })
  })

  test('hangs up at any point harms nobody', async () => {
    const { port } = await open()
    const whole = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody'
    for (let length = 1; length <= whole.length; length += 7) {
      const socket = await linger(port, whole.slice(0, length))
      socket.resetAndDestroy()
      await once(socket, 'close')
    }
    expect(await post(port, 'x')).toMatchObject({ status: 200, body: 'x' })
  })
})

describe.each([
  ['plain', 'Content-Length: 2\r\n\r\n{}'],
  ['left to node:http', 'Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'],
])('a client whose request is %s', (_, body) => {
  const request = `POST / HTTP/1.1\r\nHost: a\r\n${body}`
  const connected = async (port: number): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    await once(socket, 'connect')
    return socket
  }

  test.each<[string, (socket: Socket) => void]>([
    ['resets its connection', (socket) => socket.resetAndDestroy()],
    ['closes it', (socket) => socket.destroy()],
  ])('is decided upon by its address, though it %s behind it', async (_way, leave) => {
    const addresses: string[] = []
    const { port } = await open({ answer: (x) => (addresses.push(x.remoteAddress), echo(x)) })
    for (let count = 0; count < 20; count++) {
      const socket = await connected(port)
      await new Promise<unknown>((resolve) => socket.write(request, resolve))
      leave(socket)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(addresses.filter((address) => address !== '127.0.0.1')).toEqual([])
    expect(addresses.length).toBeGreaterThan(0)
  })

  test('is answered when it says that it has no more to say', async () => {
    const { port } = await open()
    for (let count = 0; count < 20; count++) {
      const socket = await connected(port)
      let heard = ''
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString()))
      socket.end(request)
      await once(socket, 'close')
      expect(heard).toMatch(/^HTTP\/1.1 200 OK/)
    }
  })
})
