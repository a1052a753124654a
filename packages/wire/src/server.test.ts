import { describe, expect, test } from 'vitest'
import type { Exchange } from './exchange.ts'
import { WireFault } from './fault.ts'
import { server } from './server.ts'
import { stopwatch } from './stages.ts'
import { echo, gate, noon, open, post, talk, text } from './server/testing.ts'

describe('a request', () => {
  test("gets the door's answer, with its id, the date of the world's clock and its length", async () => {
    const { port, recorded } = await open()
    expect(await post(port, 'héllo')).toEqual({
      status: 200,
      headers: {
        date: 'Sun, 30 Aug 2015 12:36:00 GMT',
        'x-amzn-requestid': 'request-1',
        'cache-control': 'no-cache, no-store, must-revalidate, private',
        'content-type': 'text/plain',
        'content-length': '6',
        connection: 'close',
      },
      body: 'héllo',
    })
    expect(recorded).toEqual([[200, 'héllo']])
  })

  test('reaches the door whole', async () => {
    let seen: Exchange | undefined
    const { port } = await open({ answer: (x) => ((seen = x), { status: 200, body: '' }) })
    const big = Buffer.alloc(300_000, 'x')
    await post(port, big, { path: '/?a=b?c' })
    expect(seen).toMatchObject({
      method: 'POST',
      path: '/',
      query: 'a=b?c',
      httpVersion: '1.1',
      headers: { host: `127.0.0.1:${port}`, 'content-length': '300000' },
      rawHeaders: ['Host', `127.0.0.1:${port}`, 'Connection', 'close', 'Content-Length', '300000'],
      requestId: 'request-1',
      remoteAddress: '127.0.0.1',
      time: noon,
      slots: {},
      mark: undefined,
    })
    expect(seen!.body.equals(big)).toBe(true)
    expect(seen!.tls).toBeUndefined()
  })

  test('is answered only when its record is done', async () => {
    const { open: release, passed } = gate()
    const recording = gate()
    const { port } = await open({ record: () => (recording.open(), passed) })
    const events: string[] = []
    const reply = post(port, 'x').then(() => events.push('answered'))
    await recording.passed
    events.push('recorded')
    release()
    await reply
    expect(events).toEqual(['recorded', 'answered'])
  })

  test('that the door refuses is answered and recorded as refused', async () => {
    for (const answer of [
      () => {
        throw new WireFault('Code', 400, 'why')
      },
      () => Promise.reject(new WireFault('Code', 400, 'why')),
    ]) {
      const { port, recorded } = await open({ answer })
      expect(await post(port, 'x')).toMatchObject({ status: 400, body: 'Code why' })
      expect(recorded).toEqual([[400, 'Code why']])
    }
  })

  test('that cannot be recorded is not answered but with a failure', async () => {
    for (const error of [new Error('disk full'), new WireFault('Code', 400, 'why')]) {
      const { port } = await open({ record: () => Promise.reject(error) })
      expect(await post(port, 'secret')).toMatchObject({ status: 500, body: 'InternalFailure' })
    }
  })

  test('that no refusal can be made of ends its connection, and nothing else', async () => {
    let broken = true
    const { port } = await open({
      answer: (x) => {
        if (broken) throw new Error('first')
        return echo(x)
      },
      refusal: () => {
        throw new Error('second')
      },
    })
    await expect(post(port, 'x')).rejects.toThrow('socket hang up')
    broken = false
    expect(await post(port, 'y')).toMatchObject({ status: 200, body: 'y' })
  })

  test('whose answer cannot be written ends its connection, and nothing else', async () => {
    let value = 'a\r\nb: c'
    const { port } = await open({ answer: () => ({ status: 200, headers: { a: value }, body: '' }) })
    await expect(post(port, 'x')).rejects.toThrow('socket hang up')
    value = 'a'
    expect(await post(port, 'x')).toMatchObject({ status: 200 })
  })

  test('for another method or path is refused, and recorded', async () => {
    const { port, recorded } = await open()
    const refused = { status: 404, body: 'UnknownOperationException ' }
    expect(await post(port, '', { method: 'GET' })).toMatchObject(refused)
    expect(await post(port, 'x', { method: 'PUT' })).toMatchObject(refused)
    expect(await post(port, 'x', { path: '/other' })).toMatchObject(refused)
    expect(await post(port, 'x', { path: '//' })).toMatchObject(refused)
    expect(recorded).toEqual(Array.from({ length: 4 }, () => [404, 'UnknownOperationException ']))
  })

  test('is answered in its turn, however long the one before takes', async () => {
    const { open: release, passed } = gate()
    const second = gate()
    const { port } = await open({
      answer: async (x) => {
        if (text(x.body) === '1') await passed
        else second.open()
        return echo(x)
      },
    })
    const one = (body: string, end: string) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1${end}\r\n\r\n${body}`
    const heard = talk(port, one('1', '') + one('2', '\r\nConnection: close'))
    await second.passed
    release()
    expect((await heard).match(/request-\d|\r\n\r\n\d/g)).toEqual(['request-1', '\r\n\r\n1', 'request-2', '\r\n\r\n2'])
  })
})

test('an address that is taken is said', async () => {
  const { port } = await open()
  const second = server({
    door: { answer: echo, refusal: () => ({ status: 500, body: '' }), record: () => {} },
    now: () => noon,
    requestId: () => 'id',
  })
  await expect(second.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test('stages are timed from the complete body on', async () => {
  let nanoseconds = 0
  const stages = stopwatch(() => nanoseconds)
  const { port } = await open(
    {
      answer: (x) => {
        nanoseconds += 3000
        x.mark?.('signature')
        nanoseconds += 5000
        x.mark?.('shape')
        return echo(x)
      },
    },
    { stages },
  )
  await post(port, 'x')
  await post(port, 'x')
  expect(stages.means()).toEqual([
    { stage: 'signature', count: 2, microseconds: 3 },
    { stage: 'shape', count: 2, microseconds: 5 },
  ])
  stages.reset()
  expect(stages.means()).toEqual([])
})
