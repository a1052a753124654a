import { Worker } from 'node:worker_threads'

/**
 * A SQLite database in a thread of its own, so that no fsync ever stops the event loop.
 *
 * What can be done to it are *procedures*, written as a module that runs inside the thread. Calls that arrive while a
 * commit is under way form the next batch and share one commit: a promise resolves only when its batch is durable
 * (WAL, synchronous=FULL). A batch commits whole; a call that throws is undone alone and rejects alone. Calls are run,
 * and their promises settled, in the order in which they were made.
 */
export interface Database<P extends Procedures> extends AsyncDisposable {
  call<K extends CallName<P>>(name: K, ...args: Parameters<CallOf<P, K>>): Promise<ReturnType<CallOf<P, K>>>
  /** Waits for the calls under way, closes the file, ends the thread. */
  close(): Promise<void>
}

type Procedure = (...args: never[]) => unknown
/** What a procedures module's default export returns for an open database. */
export interface Procedures {
  /** Look only; share a batch, never cause a commit. */
  reads: Record<string, Procedure>
  /** Change; inside the batch's transaction. */
  writes: Record<string, Procedure>
  /** Run alone and outside any transaction (checkpoint, vacuum). */
  outside: Record<string, Procedure>
  /** Writes that returned have been undone: whatever the module remembers of them is to be forgotten. */
  undone?: () => void
}
type CallName<P extends Procedures> = (keyof P['reads'] | keyof P['writes'] | keyof P['outside']) & string
type CallOf<P extends Procedures, K> = K extends keyof P['reads']
  ? P['reads'][K]
  : K extends keyof P['writes']
    ? P['writes'][K]
    : K extends keyof P['outside']
      ? P['outside'][K]
      : never

/** Calls on their way to the thread: a call's place is its number. Two flat lists cost less to carry than one of pairs. */
export interface Batch {
  readonly names: string[]
  readonly args: (readonly unknown[])[]
}
/** What came of a batch: a value for each call, in order, and the errors of those that failed. */
export interface Results {
  readonly values: readonly unknown[]
  readonly failed: ReadonlyMap<number, unknown>
}

interface Waiting {
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

/** More than this in one commit gains nothing and makes the calls behind it wait. */
const largestBatch = 1000

/**
 * Opens (or makes) the file at `path` with the procedures of the module `procedures`.
 * Rejects if the file cannot be opened or the module fails.
 *
 * A call's arguments are copied when its batch is sent, not before: whoever gathers several requests in one call may add
 * to its arguments until `sending` is called.
 */
export const database = async <P extends Procedures>(
  path: string,
  procedures: URL,
  sending?: () => void,
): Promise<Database<P>> => {
  const worker = new Worker(new URL('./thread.ts', import.meta.url), {
    workerData: { path, procedures: procedures.href },
    name: `sqlite ${path.slice(path.lastIndexOf('/') + 1)}`,
  })
  let batch: Batch = { names: [], args: [] }
  let waiting: Waiting[] = []
  let underWay: Waiting[] = []
  let woken = false
  let gone: Error | undefined
  let closing: Promise<void> | undefined
  let idle: (() => void) | undefined

  const post = (calls: Batch, callers: Waiting[]) => {
    try {
      worker.postMessage(calls, [])
      underWay = callers
    } catch {
      // Something in it cannot be carried: find whose it is, so that it fails alone.
      const names: string[] = []
      const args: (readonly unknown[])[] = []
      underWay = callers.filter((caller, index) => {
        try {
          args.push(structuredClone(calls.args[index]!))
          names.push(calls.names[index]!)
          return true
        } catch (error) {
          caller.reject(error)
          return false
        }
      })
      if (underWay.length > 0) worker.postMessage({ names, args }, [])
    }
  }

  const send = () => {
    woken = false
    if (underWay.length > 0) return
    if (waiting.length === 0) return idle?.()
    sending?.()
    const calls = { names: batch.names.splice(0, largestBatch), args: batch.args.splice(0, largestBatch) }
    post(calls, waiting.splice(0, largestBatch))
    if (underWay.length === 0) soon()
  }

  // Not at once but when this turn of the event loop has run: what its other sockets ask for then shares the commit.
  const soon = () => {
    if (woken || underWay.length > 0) return
    woken = true
    setImmediate(send)
  }

  const fail = (error: Error) => {
    gone ??= error
    for (const { reject } of [...underWay, ...waiting]) reject(gone)
    underWay = waiting = []
    batch = { names: [], args: [] }
    idle?.()
  }

  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.once('error', reject)
  })
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', () => fail(new Error(`the database ${path} is closed`)))
  worker.on('message', ({ values, failed }: Results) => {
    const answered = underWay
    underWay = []
    soon()
    for (let index = 0; index < answered.length; index++)
      if (failed.has(index)) answered[index]!.reject(failed.get(index))
      else answered[index]!.resolve(values[index] as never)
  })

  const shut = async () => {
    const settled = new Promise<void>((resolve) => (idle = resolve))
    soon()
    await settled
    if (!gone) worker.postMessage('close', [])
    await exited
  }
  const close = () => (closing ??= shut())

  return {
    call: (name, ...args) => {
      if (gone ?? closing) return Promise.reject(gone ?? new Error(`the database ${path} is closed`))
      return new Promise((resolve, reject) => {
        batch.names.push(name)
        batch.args.push(args)
        waiting.push({ resolve, reject })
        soon()
      })
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
