import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { server } from '../server.ts'
import { echo, gate, linger, noon, open, post, talk } from './testing.ts'

describe('closing', () => {
  test('lets the request in flight finish, tells its client to close, and takes no other', async () => {
    const { open: release, passed } = gate()
    const reached = gate()
    const { port, instance } = await open({
      answer: async (x) => {
        reached.open()
        await passed
        return echo(x)
      },
    })
    const heard = talk(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1')
    await reached.passed
    const closed = instance.close()
    await expect(post(port, 'x')).rejects.toThrow('ECONNREFUSED')
    release()
    await closed
    expect(await heard).toMatch(/^HTTP\/1.1 200 OK[^]*connection: close[^]*1$/)
    await instance.close()
  })

  test('hangs up on idle clients, whether they ever asked or not', async () => {
    const { port, instance } = await open()
    const silent = await linger(port, '')
    const idle = await linger(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n')
    await once(idle, 'data')
    const ends = Promise.all([once(idle, 'close'), once(silent, 'close')])
    await instance.close()
    expect(await ends).toEqual([[false], [false]])
  })

  test('cuts off at the signal what does not finish', async () => {
    const reached = gate()
    const { port, instance } = await open({
      answer: () => {
        reached.open()
        return new Promise(() => {})
      },
    })
    const heard = talk(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1')
    await reached.passed
    const deadline = new AbortController()
    const closed = instance.close(deadline.signal)
    deadline.abort()
    await closed
    expect(await heard).toBe('')
  })

  test('is what the end of its scope does', async () => {
    let port: number
    {
      await using instance = server({
        door: { answer: echo, refusal: () => ({ status: 500, body: '' }), record: () => {} },
        now: () => noon,
        requestId: () => 'id',
      })
      ;({ port } = await instance.listen({ host: '127.0.0.1', port: 0 }))
      expect(await post(port, 'x')).toMatchObject({ status: 200 })
    }
    await expect(post(port, 'x')).rejects.toThrow('ECONNREFUSED')
  })
})
