import { once } from 'node:events'
import { setTimeout as later } from 'node:timers/promises'
import { type Socket, connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { echo, gate, linger, open, post, text } from './testing.ts'

const request = (body: string, header = `Content-Length: ${body.length}`) =>
  `POST / HTTP/1.1\r\nHost: a\r\n${header}\r\n\r\n${body}`
const chunked = (body: string) =>
  request(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`, 'Transfer-Encoding: chunked')

/** All that comes, and a way to wait for some of it. */
const listen = (socket: Socket) => {
  let heard = ''
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')))
  return {
    heard: () => heard,
    until: async (part: string) => {
      while (!heard.includes(part)) await once(socket, 'data')
      return heard
    },
  }
}
const bodies = (heard: string) => [...heard.matchAll(/\r\n\r\n([a-z ]+)/g)].map(([, body]) => body)

describe('a connection', () => {
  test('takes one request after the other, and is kept', async () => {
    const { port } = await open()
    const socket = await linger(port, request('one'))
    const { until } = listen(socket)
    expect(await until('one')).toBe(
      [
        'HTTP/1.1 200 OK',
        'date: Sun, 30 Aug 2015 12:36:00 GMT',
        'cache-control: no-cache, no-store, must-revalidate, private',
        'connection: keep-alive',
        'keep-alive: timeout=60',
        'x-amzn-RequestId: request-1',
        'content-type: text/plain',
        'content-length: 3',
        '',
        'one',
      ].join('\r\n'),
    )
    socket.write(request('two'))
    expect(bodies(await until('two'))).toEqual(['one', 'two'])
  })

  test('may change to what only node:http reads, at any time, and goes on', async () => {
    const { port, recorded } = await open()
    const pieces = [request('a'), request('b'), chunked('c'), request('d'), chunked('e')]
    const socket = await linger(port, '')
    const { until } = listen(socket)
    for (const [index, piece] of pieces.entries()) {
      socket.write(piece)
      await until(`\r\n\r\n${'abcde'[index]}`)
    }
    expect(recorded.map(([, body]) => body)).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('brings a request in as many pieces as it likes', async () => {
    const { port } = await open()
    const whole = request('some body')
    for (const cuts of [[60], [55, 63], [3], [1, 2, 30, 60, 62]]) {
      const socket = await linger(port, '')
      socket.setNoDelay(true)
      const { until } = listen(socket)
      for (const [index, cut] of [...cuts, whole.length].entries()) {
        socket.write(whole.slice(cuts[index - 1] ?? 0, cut))
        await later(5)
      }
      expect(bodies(await until('some body'))).toEqual(['some body'])
      socket.write(request('next'))
      expect(bodies(await until('next'))).toEqual(['some body', 'next'])
      socket.destroy()
    }
  })

  test('brings the next request before the answer: it waits its turn', async () => {
    const { open: release, passed } = gate()
    const reached = gate()
    const { port, recorded } = await open({
      answer: async (x) => {
        reached.open()
        await passed
        return echo(x)
      },
    })
    for (const next of [request('two'), chunked('two')]) {
      const socket = await linger(port, request('one'))
      const { until } = listen(socket)
      await reached.passed
      socket.write(next)
      await later(10)
      release()
      expect(bodies(await until('two'))).toEqual(['one', 'two'])
    }
    expect(recorded.map(([, body]) => body)).toEqual(['one', 'two', 'one', 'two'])
  })

  test('that its client has ended still gets the answer it waits for', async () => {
    const { open: release, passed } = gate()
    const reached = gate()
    const { port } = await open({ answer: async (x) => (reached.open(), await passed, echo(x)) })
    const socket = await linger(port, '')
    const { heard } = listen(socket)
    socket.end(request('one'))
    await reached.passed
    await later(10)
    release()
    await once(socket, 'close')
    expect(bodies(heard())).toEqual(['one'])
  })

  test('of a crowd is answered like any other, also those that have ended and are not plain', async () => {
    const { port } = await open()
    const crowd = Array.from({ length: 150 }, async (_, index) => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      const { heard } = listen(socket)
      socket.end(request('x', index % 2 ? 'Content-Length: 1' : 'Content-Length: 1\r\nConnection: close'))
      await once(socket, 'end')
      socket.destroy()
      return bodies(heard())
    })
    expect(await Promise.all(crowd)).toEqual(crowd.map(() => ['x']))
  })

  test('hears 408 when a body does not come, and when it comes too slowly', async () => {
    const { port, recorded } = await open({}, { limits: { headersTime: 40, requestTime: 80 } })
    for (const more of [[], ['3', '4', '5', '6']]) {
      const socket = await linger(port, request('12', 'Content-Length: 10'))
      const { heard } = listen(socket)
      const closed = once(socket, 'close')
      for (const byte of more) {
        await later(5)
        socket.write(byte)
      }
      await closed
      expect(heard()).toMatch(/^HTTP\/1.1 408 /)
    }
    expect(recorded).toEqual([])
  })

  test('is hung up on when nothing ever comes, and when nothing comes any more', async () => {
    const { port } = await open({}, { limits: { headersTime: 30, idleTime: 60 } })
    const silent = listen(await linger(port, ''))
    const socket = await linger(port, request('one'))
    const idle = listen(socket)
    await once(socket, 'close')
    expect([silent.heard(), bodies(idle.heard())]).toEqual(['', ['one']])
  })

  test('is kept a little longer than is promised: a request may be on its way', async () => {
    const { port } = await open({}, { limits: { idleTime: 1000 } })
    const socket = await linger(port, request('one'))
    const { until } = listen(socket)
    expect(await until('one')).toContain('keep-alive: timeout=1\r\n')
    await later(1300)
    socket.write(request('two'))
    expect(bodies(await until('two'))).toEqual(['one', 'two'])
  })

  test('takes no other request once it is being closed, and its last answer comes whole', async () => {
    const answer = 'x'.repeat(8_000_000)
    const { open: release, passed } = gate()
    const reached = gate()
    const { port, instance, recorded } = await open({
      answer: async () => (reached.open(), await passed, { status: 200, body: answer }),
    })
    const socket = await linger(port, request('one'))
    socket.pause()
    await reached.passed
    const closed = instance.close()
    release()
    await later(20)
    socket.write(request('two'))
    await later(20)
    let bytes = 0
    socket.on('data', (chunk) => (bytes += chunk.length)).resume()
    await once(socket, 'close')
    await closed
    expect(bytes).toBeGreaterThan(answer.length)
    expect(recorded).toHaveLength(1)
  })

  test('is not hung up on while its answer is being made', async () => {
    const { open: release, passed } = gate()
    const { port } = await open({ answer: async (x) => (await passed, echo(x)) }, { limits: { idleTime: 20 } })
    const { until } = listen(await linger(port, request('one')))
    await later(80)
    release()
    expect(bodies(await until('one'))).toEqual(['one'])
  })

  test('whose client never reads is not served for ever', async () => {
    const answer = 'x'.repeat(1_000_000)
    const { port, recorded } = await open({ answer: () => ({ status: 200, body: answer }) })
    const socket = await linger(port, '')
    socket.pause()
    const requests = 100
    for (let sent = 0; sent < requests; sent++) {
      socket.write(request(`${sent}`))
      await later(1)
    }
    await later(50)
    expect(recorded.length).toBeGreaterThan(0)
    expect(recorded.length).toBeLessThan(requests / 2)
    expect(await post(port, 'x')).toMatchObject({ status: 200 })

    let bytes = 0
    socket.on('data', (chunk) => (bytes += chunk.length)).resume()
    while (bytes < requests * answer.length) await once(socket, 'data')
    expect(recorded).toHaveLength(requests + 1)
  })

  test('whose client never reads is hung up on in the end', async () => {
    const { port } = await open(
      { answer: () => ({ status: 200, body: 'x'.repeat(8_000_000) }) },
      { limits: { idleTime: 10 } },
    )
    const socket = await linger(port, request('one'))
    socket.pause()
    await later(2600)
    let bytes = 0
    socket.on('data', (chunk) => (bytes += chunk.length)).resume()
    await once(socket, 'close')
    expect(bytes).toBeLessThan(8_000_000)
  })

  test('cannot smuggle a request behind another', async () => {
    const seen: string[] = []
    const { port } = await open({ answer: (x) => (seen.push(text(x.body)), echo(x)) })
    const hidden = request('hidden')
    for (const front of [
      request(`0\r\n\r\n${hidden}`, `Content-Length: ${hidden.length + 5}\r\nTransfer-Encoding: chunked`),
      request(hidden, 'Content-Length: 0\r\nContent-Length: 64'),
      request(hidden, 'Content-Length: 0, 64'),
      request(hidden, 'Content-Length : 0'),
      request(hidden, 'Content-Length: 0\n'),
      request(hidden, '\tContent-Length: 0'),
    ]) {
      const socket = await linger(port, front)
      const { heard } = listen(socket)
      await once(socket, 'close')
      expect(heard()).toMatch(/^HTTP\/1.1 400 /)
    }
    expect(seen).toEqual([])
  })
})
