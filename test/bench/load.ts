import { readFileSync } from 'node:fs'
import { connect } from 'node:net'

/**
 * The load, in a process of its own: `node load.ts PORT CONNECTIONS SECONDS FILE [COUNT]`. FILE holds whole HTTP
 * requests, a base64 text a line; every connection sends one, waits for its answer, sends the next. Raw sockets and requests
 * made beforehand, so that the load is never what limits. Prints one JSON line.
 */
const [port, connections, seconds, file, most] = process.argv.slice(2)
const limit = Number(most ?? Infinity)
const requests = readFileSync(file!, 'utf8')
  .split('\n')
  .map((text) => Buffer.from(text, 'base64'))

const latencies: number[] = []
const statuses = new Map<string, number>()
let next = 0
let counting = false

const end = Buffer.from('\r\n\r\n')
const drive = () =>
  new Promise<void>((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.setNoDelay(true)
    let sent = 0
    let received: Buffer | undefined
    const send = () => {
      sent = performance.now()
      socket.write(requests[next++ % requests.length]!)
    }
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server closed a connection')))
    socket.on('data', (chunk) => {
      received = received ? Buffer.concat([received, chunk]) : chunk
      const head = received.indexOf(end)
      if (head < 0) return
      const text = received.toString('latin1', 0, head)
      const at = text.toLowerCase().indexOf('content-length: ')
      const length = Number.parseInt(text.slice(at + 16), 10)
      if (received.length < head + 4 + length) return
      received = undefined
      if (counting) {
        latencies.push(performance.now() - sent)
        const status = text.slice(9, 12)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
      if (performance.now() < stop && next < limit) return send()
      resolve()
      socket.destroy()
    })
  })

// With a number to send, every one of them counts.
const warmUp = limit === Infinity ? 1000 : 0
const start = performance.now() + warmUp
const stop = start + Number(seconds) * 1000
if (warmUp === 0) counting = true
else setTimeout(() => (counting = true), warmUp)
await Promise.all(Array.from({ length: Number(connections) }, drive))
latencies.sort((a, b) => a - b)
const percentile = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] ?? 0
console.log(
  JSON.stringify({
    count: latencies.length,
    perSecond: latencies.length / ((performance.now() - start) / 1000),
    p50: percentile(0.5),
    p99: percentile(0.99),
    max: percentile(1),
    statuses: Object.fromEntries(statuses),
  }),
)
