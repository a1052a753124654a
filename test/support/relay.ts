import { type AddressInfo, type Socket, connect, createServer } from 'node:net'

/** A way to a server on loopback, that can be cut: what is under way breaks off, and whoever comes is sent away. */
export interface Relay extends AsyncDisposable {
  /** `127.0.0.1:PORT`, where the way begins. */
  readonly address: string
  /** Leads to this port from now on. */
  to(port: number): void
  cut(): void
  mend(): void
}

export const relay = async (port = 0): Promise<Relay> => {
  const sockets = new Set<Socket>()
  let whole = true
  const keep = (socket: Socket) => {
    sockets.add(socket)
    return socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
  }
  const server = createServer((from) => {
    keep(from)
    if (!whole) {
      from.destroy()
      return
    }
    const to = keep(connect(port, '127.0.0.1'))
    from.pipe(to).pipe(from)
    from.on('close', () => to.destroy())
    to.on('close', () => from.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const breakOff = () => sockets.forEach((socket) => socket.destroy())
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    to: (other) => {
      port = other
    },
    cut: () => {
      whole = false
      breakOff()
    },
    mend: () => {
      whole = true
    },
    [Symbol.asyncDispose]: () => {
      breakOff()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
