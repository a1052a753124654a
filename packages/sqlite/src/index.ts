import { Worker } from 'node:worker_threads'

/**
 * A SQLite database in a thread of its own, so that no fsync ever stops the event loop.
 *
 * What can be done to it are *procedures*, written as a module that runs inside the thread. Calls that arrive while a
 * commit is under way form the next batch and share one commit: a promise resolves only when its batch is durable
 * (WAL, synchronous=FULL). A batch commits whole; a call that throws is undone alone and rejects alone.
 */
export interface Database<P extends Procedures> extends AsyncDisposable {
  call<K extends CallName<P>>(name: K, ...args: Parameters<CallOf<P, K>>): Promise<ReturnType<CallOf<P, K>>>
  /** Waits for the calls under way, closes the file, ends the thread. */
  close(): Promise<void>
}

// eslint-disable-next-line -- a procedure may take anything that structured clone can carry
type Procedure = (...args: never[]) => unknown
/** What a procedures module's default export returns for an open database. */
export interface Procedures {
  /** Look only; share a batch, never cause a commit. */
  reads: Record<string, Procedure>
  /** Change; inside the batch's transaction. */
  writes: Record<string, Procedure>
  /** Run alone and outside any transaction (checkpoint, vacuum). */
  outside: Record<string, Procedure>
}
type CallName<P extends Procedures> = (keyof P['reads'] | keyof P['writes'] | keyof P['outside']) & string
type CallOf<P extends Procedures, K> = K extends keyof P['reads']
  ? P['reads'][K]
  : K extends keyof P['writes']
    ? P['writes'][K]
    : K extends keyof P['outside']
      ? P['outside'][K]
      : never

/** One call on its way to the thread: its number is its place in the batch. */
export type Call = readonly [name: string, args: readonly unknown[]]
/** What came of a batch: one entry a call, in order; a failed call's entry is its error. */
export type Results = readonly { value?: unknown; error?: unknown }[]

interface Waiting {
  resolve(value: never): void
  reject(error: unknown): void
}

/**
 * Opens (or makes) the file at `path` with the procedures of the module `procedures`.
 * Rejects if the file cannot be opened or the module fails.
 */
export const database = async <P extends Procedures>(path: string, procedures: URL): Promise<Database<P>> => {
  const worker = new Worker(new URL('./thread.ts', import.meta.url), {
    workerData: { path, procedures: procedures.href },
    name: `sqlite ${path.slice(path.lastIndexOf('/') + 1)}`,
  })
  let calls: Call[] = []
  let waiting: Waiting[] = []
  let underWay: Waiting[] = []
  let gone: Error | undefined
  let idle: (() => void) | undefined

  const send = () => {
    if (underWay.length > 0) return
    if (waiting.length === 0) return idle?.()
    underWay = waiting
    const batch = calls
    waiting = []
    calls = []
    worker.postMessage(batch)
  }

  const fail = (error: Error) => {
    gone ??= error
    for (const { reject } of [...underWay, ...waiting]) reject(gone)
    underWay = waiting = []
    calls = []
    idle?.()
  }

  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.once('error', reject)
  })
  worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', () => fail(new Error(`the database ${path} is closed`)))
  worker.on('message', (results: Results) => {
    const answered = underWay
    underWay = []
    send()
    for (const [index, { resolve, reject }] of answered.entries()) {
      const result = results[index]!
      if ('error' in result) reject(result.error)
      else resolve(result.value as never)
    }
  })

  const close = async () => {
    if (gone) return
    await new Promise<void>((resolve) => {
      idle = resolve
      send()
    })
    const exited = new Promise((resolve) => worker.once('exit', resolve))
    worker.postMessage('close')
    await exited
  }

  return {
    call: (name, ...args) => {
      if (gone) return Promise.reject(gone)
      return new Promise((resolve, reject) => {
        calls.push([name, args])
        waiting.push({ resolve, reject })
        send()
      })
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
