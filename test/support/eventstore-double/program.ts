import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Deed, Method } from './deeds.ts'

/** What the program can be told. */
export interface Told {
  /** `stall`: nothing comes through, nobody is told; `cut`: they are broken off; `deliver`: they work. */
  readonly subscriptions?: 'stall' | 'deliver' | 'cut'
  /** What becomes of the calls of each method from now on. */
  readonly calls?: { readonly [M in Method]?: Deed }
}

export interface Program extends AsyncDisposable {
  readonly child: ChildProcess
  /** `esdb://...` */
  readonly connection: string
  /** Resolves when it has done so. */
  tell(what: Told): Promise<void>
}

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

/** The double as a process of its own, on a free port or the one given; with a `file` it keeps what it acknowledged there. */
export const ledgerDouble = async ({
  port = 0,
  file,
}: { readonly port?: number; readonly file?: string } = {}): Promise<Program> => {
  const child = spawn(process.execPath, [main, String(port), ...(file === undefined ? [] : [file])], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let heard = ''
  const waiting: { readonly sign: RegExp; readonly resolve: (found: RegExpExecArray) => void }[] = []
  const ended = new Promise<never>((_, reject) =>
    child.once('exit', (code, signal) => reject(new Error(`the double ended with ${signal ?? code}`))),
  )
  ended.catch(() => undefined)
  child.stdout.on('data', (chunk: Buffer) => {
    heard += String(chunk)
    for (let end = heard.indexOf('\n'); end >= 0; end = heard.indexOf('\n')) {
      const line = heard.slice(0, end)
      heard = heard.slice(end + 1)
      const found = waiting[0]?.sign.exec(line)
      if (found) waiting.shift()!.resolve(found)
    }
  })
  const sign = (expression: RegExp) =>
    Promise.race([ended, new Promise<RegExpExecArray>((resolve) => void waiting.push({ sign: expression, resolve }))])
  const [, connection] = await sign(/^the double is ready at (\S+)$/)
  return {
    child,
    connection: connection!,
    tell: async (what) => {
      const done = sign(/^done /)
      child.stdin.write(`${JSON.stringify(what)}\n`)
      await done
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended.catch(() => undefined)
    },
  }
}
