import { type Server, type Socket, connect, createServer } from 'node:net'

/** What stands between a client and the double: a connection that can be cut, or fall silent. */
export interface Wire extends AsyncDisposable {
  readonly url: string
  /** Breaks every connection; new ones are refused until `mend`. */
  cut(): void
  /** Breaks every connection there is; new ones are fine. */
  drop(): void
  /** Nothing comes through any more, and nobody is told: a network that swallows everything. */
  hang(): void
  mend(): void
}

export const wire = async (port: number): Promise<Wire> => {
  const pairs = new Set<readonly [Socket, Socket]>()
  let refusing = false
  let hanging = false
  const server: Server = createServer((near) => {
    if (refusing) {
      near.destroy()
      return
    }
    const far = connect(port, '127.0.0.1')
    const pair = [near, far] as const
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      near.destroy()
      far.destroy()
    }
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.setNoDelay(true)
      from.on('data', (bytes) => void to.write(bytes))
      from.on('error', end)
      from.on('close', end)
      if (hanging) from.pause()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const bound = typeof address === 'object' && address ? address.port : 0
  const drop = () => {
    for (const [near, far] of pairs) {
      near.destroy()
      far.destroy()
    }
    pairs.clear()
  }
  return {
    url: `esdb://127.0.0.1:${bound}?tls=false`,
    drop,
    cut: () => {
      refusing = true
      drop()
    },
    hang: () => {
      hanging = true
      for (const pair of pairs) for (const socket of pair) socket.pause()
    },
    mend: () => {
      refusing = false
      hanging = false
      for (const pair of pairs) for (const socket of pair) socket.resume()
    },
    [Symbol.asyncDispose]: async () => {
      drop()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
