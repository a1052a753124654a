import { createServer, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Plain, plain } from './plain.ts'

const most = { headers: 16_384, body: 1_048_576 }
const read = (text: string): Plain | undefined => plain(Buffer.from(text, 'latin1'), most)
const whole = (text: string) => {
  const request = read(text)
  return request && 'head' in request ? request : undefined
}
const request = (lines: readonly string[], body = '') => ['POST / HTTP/1.1', ...lines, '', body].join('\r\n')

describe('a plain request', () => {
  test('is read whole: names in lower case and as they came, values without the blanks around them', () => {
    const { head, body } = whole(request(['Host: a', 'X-Amz-Date: \t b  c \t', 'empty:', 'Content-Length:4'], 'bödy'))!
    expect(head).toEqual({
      method: 'POST',
      url: '/',
      httpVersion: '1.1',
      headers: { host: 'a', 'x-amz-date': 'b  c', empty: '', 'content-length': '4' },
      rawHeaders: ['Host', 'a', 'X-Amz-Date', 'b  c', 'empty', '', 'Content-Length', '4'],
    })
    expect(body.toString('latin1')).toBe('bödy')
  })

  test('says how much of it is missing', () => {
    expect(read(request(['Host: a', 'Content-Length: 10'], '1234'))).toEqual({ missing: 6 })
  })

  test('is nothing else', () => {
    const plainly = ['Host: a', 'Content-Length: 1']
    expect(whole(request(plainly, '1'))).toBeDefined()
    const others = {
      'another method': `GET${request(plainly, '1').slice(4)}`,
      'another path': request(plainly, '1').replace('/', '/a'),
      'another version': request(plainly, '1').replace('1.1', '1.0'),
      'no end of the head': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n',
      'no host': request(['Content-Length: 1'], '1'),
      'no length': request(['Host: a']),
      'more than its length': request(plainly, '12'),
      'a length with a sign': request(['Host: a', 'Content-Length: +1'], '1'),
      'a length in hex': request(['Host: a', 'Content-Length: 0x1'], '1'),
      'two lengths': request([...plainly, 'Content-Length: 1'], '1'),
      'a header twice': request([...plainly, 'X-A: 1', 'x-a: 2'], '1'),
      chunks: request(['Host: a', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
      'chunks and a length': request([...plainly, 'Transfer-Encoding: chunked'], '1'),
      'an expectation': request([...plainly, 'Expect: 100-continue'], '1'),
      'the end of the connection': request([...plainly, 'Connection: close'], '1'),
      'an upgrade': request([...plainly, 'Upgrade: h2c'], '1'),
      'a folded line': request([...plainly, 'X-A: 1', ' 2'], '1'),
      'a blank before the colon': request([...plainly, 'X-A : 1'], '1'),
      'no colon': request([...plainly, 'X-A'], '1'),
      'no name': request([...plainly, ': 1'], '1'),
      'a name that is none': request([...plainly, 'X(A): 1'], '1'),
      'a bare line feed': request([...plainly, 'X-A: 1\nX-B: 2'], '1'),
      'a bare carriage return': request([...plainly, 'X-A: 1\rX-B: 2'], '1'),
      'a zero byte': request([...plainly, 'X-A: \0'], '1'),
      'a prototype': request([...plainly, '__proto__: 1'], '1'),
      'what every object has': request([...plainly, 'constructor: 1'], '1'),
      'a body beyond the limit': request(['Host: a', `Content-Length: ${most.body + 1}`]),
      'a head beyond the limit': request([...plainly, `X-A: ${'a'.repeat(most.headers)}`], '1'),
      'very many headers': request([...plainly, ...Array.from({ length: 65 }, (_, index) => `X-${index}: 1`)], '1'),
    }
    for (const [name, text] of Object.entries(others)) expect([name, read(text)]).toEqual([name, undefined])
  })
})

describe('what is read as a plain request', () => {
  const node = createServer((incoming: IncomingMessage, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const { method, url, httpVersion, headers, rawHeaders } = incoming
      const body = Buffer.concat(chunks).toString('latin1')
      response.end(JSON.stringify({ head: { method, url, httpVersion, headers, rawHeaders }, body }))
    })
  })
  beforeAll(() => new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve)))
  afterAll(() => {
    node.closeAllConnections()
    node.close()
  })

  /** What node:http makes of the same bytes; its whole answer, if it is no success. */
  const asNode = (text: string) =>
    new Promise<unknown>((resolve, reject) => {
      const socket = connect((node.address() as AddressInfo).port, '127.0.0.1', () => socket.write(text, 'latin1'))
      let heard = ''
      const over = () => {
        const [head = '', body = ''] = heard.split('\r\n\r\n')
        const bytes = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? NaN)
        if (head.startsWith('HTTP/1.1 200 ') && Buffer.byteLength(body, 'latin1') < bytes) return
        socket.destroy()
        resolve(head.startsWith('HTTP/1.1 200 ') ? JSON.parse(Buffer.from(body, 'latin1').toString()) : heard)
      }
      socket.on('data', (chunk) => {
        heard += chunk.toString('latin1')
        over()
      })
      socket.on('error', reject)
    })

  const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code))
  const odd = fc.constantFrom('\r', '\n', '\t', ' ', ':', '\0', '\x7f', '\xe9', '\xff', ',', '"', ';')
  const common = fc.constantFrom('x', 'Y', '-', '_', '1', '~', '^', '|')
  const text = fc
    .array(fc.oneof({ weight: 20, arbitrary: common }, { weight: 1, arbitrary: odd }, { weight: 1, arbitrary: byte }))
    .map((letters) => letters.join(''))
  const known = fc.constantFrom(
    'Host',
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
    'Cookie',
    'Set-Cookie',
    'Expect',
    'Trailer',
    'Keep-Alive',
    'TE',
    'Upgrade',
    'Via',
    'X-Amz-Date',
    'toString',
  )
  const value = fc.oneof(text, fc.constantFrom('0', '3', 'close', 'keep-alive', 'chunked', '100-continue'))
  const line = fc
    .tuple(fc.oneof(known, text), fc.constantFrom(':', ': ', ' : ', ':\t'), value)
    .map((parts) => parts.join(''))
  const start = fc.oneof(
    { weight: 20, arbitrary: fc.constant('POST / HTTP/1.1') },
    { weight: 1, arbitrary: fc.constantFrom('POST  / HTTP/1.1', 'post / HTTP/1.1', 'POST / HTTP/1.1 ') },
  )
  const message = fc
    .tuple(start, fc.array(line, { maxLength: 4 }), fc.constantFrom('3', '3', '3', '03', '2', '4'), text)
    .map(([first, lines, length, body]) =>
      [first, 'Host: a', `Content-Length: ${length}`, ...lines, '', body.slice(0, 3).padEnd(3, 'b')].join('\r\n'),
    )

  test('node:http reads the same', { timeout: 60_000 }, async () => {
    let read = 0
    await fc.assert(
      fc.asyncProperty(message, async (text) => {
        const ours = whole(text)
        if (!ours) return
        read++
        expect(await asNode(text)).toEqual({ head: ours.head, body: ours.body.toString('latin1') })
      }),
      { numRuns: 5000 },
    )
    // Or this would have shown nothing.
    expect(read).toBeGreaterThan(500)
  })

  test('is never an error, whatever comes', () => {
    const bytes = fc.uint8Array().map((each) => Buffer.from(each).toString('latin1'))
    for (const text of fc.sample(fc.oneof(message, bytes), 2000)) expect(() => read(text)).not.toThrow()
  })
})
